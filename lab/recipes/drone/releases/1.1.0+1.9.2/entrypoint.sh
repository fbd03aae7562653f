#!/bin/sh
# The main process, and the command that the recipe's backup label runs after a restore.
set -eu

# Drone takes secrets from its environment only.
read_secrets() {
    DRONE_COOKIE_SECRET=$(cat /run/secrets/cookie_secret)
    DRONE_RPC_SECRET=$(cat /run/secrets/rpc_secret)
    export DRONE_COOKIE_SECRET DRONE_RPC_SECRET
    if [ -f /run/secrets/client_secret ]; then
        DRONE_GITEA_CLIENT_SECRET=$(cat /run/secrets/client_secret)
        export DRONE_GITEA_CLIENT_SECRET
    fi
}

case "${1:-start}" in
    restart)
        # It knows the database as it was before the restore. It ends, and the Swarm starts it again.
        # This script ends first: with Drone everything in its container does, and the bot would
        # take the hook for one that failed.
        (sleep 1; kill -TERM 1) > /dev/null 2>&1 &
        ;;
    *)
        read_secrets
        exec /bin/drone-server
        ;;
esac
