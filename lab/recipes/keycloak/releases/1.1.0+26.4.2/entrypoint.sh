#!/bin/bash
# The main process, and the two commands that the recipe's health check and backup labels run.
set -euo pipefail

DB_SECONDS=120
STOP_SECONDS=60
START_SECONDS=180
PROCESS=/tmp/keycloak.pid
AGAIN=/tmp/keycloak.again
STARTING=/tmp/keycloak.starting

# Keycloak reads no <NAME>_FILE: each named file's content becomes the variable itself.
read_secrets() {
    local name file value
    for name in KC_BOOTSTRAP_ADMIN_PASSWORD KC_DB_PASSWORD; do
        file="${name}_FILE"
        value=$(< "${!file}")
        export "$name=$value"
        unset "$file"
    done
}

# Keycloak gives up where its database is late; on a fresh deployment it always is.
wait_for_database() {
    local deadline=$((SECONDS + DB_SECONDS))
    until (exec 3<> "/dev/tcp/$KC_DB_URL_HOST/3306") 2> /dev/null; do
        if ((SECONDS > deadline)); then
            echo "entrypoint: no database at $KC_DB_URL_HOST:3306 after $DB_SECONDS s" >&2
            exit 1
        fi
        sleep 0.5
    done
}

# Runs Keycloak until it ends by itself or is told to; again and again while `restart` asks for it.
run() {
    local code
    while true; do
        trap 'exit 143' TERM INT
        wait_for_database
        /opt/keycloak/bin/kc.sh "$@" &
        keycloak=$!
        echo "$keycloak" > "$PROCESS"
        trap 'kill -TERM "$keycloak"' TERM INT
        # A signal ends the waiting, not yet Keycloak.
        while kill -0 "$keycloak" 2> /dev/null; do
            code=0
            wait "$keycloak" || code=$?
        done
        [ -e "$AGAIN" ] || exit "$code"
        mv "$AGAIN" "$STARTING"
    done
}

# For the backup bot, after a restore: what Keycloak knows by heart of its realms is not what the
# database holds now. When this returns, the one that knew it is gone.
restart() {
    local process deadline=$((SECONDS + STOP_SECONDS))
    process=$(< "$PROCESS")
    echo "$EPOCHSECONDS" > "$AGAIN"
    kill -TERM "$process"
    while kill -0 "$process" 2> /dev/null; do
        if ((SECONDS > deadline)); then
            echo "entrypoint: Keycloak did not stop within $STOP_SECONDS s" >&2
            exit 1
        fi
        sleep 0.1
    done
}

# The image has no HTTP client: the shell asks the management port itself.
answers() {
    local answer
    exec 3<> /dev/tcp/127.0.0.1/9000
    printf 'GET /health/ready HTTP/1.0\r\n\r\n' >&3
    read -r answer <&3
    [[ "$answer" == *" 200 "* ]]
}

# While it restarts on purpose, the Swarm need not put another in its place.
is_ready() {
    if (answers) 2> /dev/null; then
        rm -f "$STARTING"
        return 0
    fi
    local mark
    for mark in "$AGAIN" "$STARTING"; do
        if [ -e "$mark" ] && ((EPOCHSECONDS - $(< "$mark") < START_SECONDS)); then
            return 0
        fi
    done
    return 1
}

case "${1:-start}" in
    is-ready) is_ready ;;
    restart) restart ;;
    *)
        read_secrets
        run "${@:-start}"
        ;;
esac
