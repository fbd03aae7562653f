#!/bin/sh
# The main process, and what the health check and the backup labels of the recipe run.
# The official image has neither bash nor curl; a Node.js for each look would cost a slow machine too much.
set -eu

STOP_SECONDS=60
START_SECONDS=300
PAUSE_SECONDS=900
PROCESS=/tmp/pds.pid
PAUSED=/tmp/pds.paused
STARTING=/tmp/pds.starting

answers() {
    wget -q -O /dev/null http://127.0.0.1:3000/xrpc/_health
}

# Runs the PDS until it ends or is told to; after a pause again.
run() {
    PDS_ADMIN_PASSWORD=$(cat /run/secrets/pds_admin_password)
    PDS_JWT_SECRET=$(cat /run/secrets/pds_jwt_secret)
    PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX=$(cat /run/secrets/pds_plc_rotation_key)
    export PDS_ADMIN_PASSWORD PDS_JWT_SECRET PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX
    cd /app
    while true; do
        trap 'exit 143' TERM INT
        while [ -e "$PAUSED" ]; do
            sleep 0.2
        done
        node --enable-source-maps index.js &
        pds=$!
        echo "$pds" > "$PROCESS"
        trap 'kill -TERM "$pds" 2> /dev/null || true' TERM INT
        # A signal ends the waiting, not yet the PDS.
        while kill -0 "$pds" 2> /dev/null; do
            code=0
            wait "$pds" || code=$?
        done
        [ -e "$PAUSED" ] || exit "$code"
    done
}

# When this returns, nothing has the databases open any more.
pause() {
    pds=$(cat "$PROCESS")
    touch "$PAUSED"
    kill -TERM "$pds"
    deadline=$(($(date +%s) + STOP_SECONDS))
    while kill -0 "$pds" 2> /dev/null; do
        if [ "$(date +%s)" -gt "$deadline" ]; then
            rm "$PAUSED"
            echo "entrypoint: the PDS did not end within $STOP_SECONDS s" >&2
            exit 1
        fi
        sleep 0.1
    done
}

# When this returns, the PDS answers again.
resume() {
    touch "$STARTING"
    rm -f "$PAUSED"
    deadline=$(($(date +%s) + START_SECONDS))
    until answers; do
        if [ "$(date +%s)" -gt "$deadline" ]; then
            echo "entrypoint: the PDS did not answer within $START_SECONDS s" >&2
            exit 1
        fi
        sleep 0.2
    done
}

is_recent() {
    [ -e "$1" ] && [ $(($(date +%s) - $(date -r "$1" +%s))) -lt "$2" ]
}

# In a pause that it was told to make, and in the start after it, it need not answer.
is_ready() {
    if answers; then
        rm -f "$STARTING"
    else
        is_recent "$PAUSED" "$PAUSE_SECONDS" || is_recent "$STARTING" "$START_SECONDS"
    fi
}

case "${1:-run}" in
    is-ready) is_ready ;;
    pause) pause ;;
    resume) resume ;;
    *) run ;;
esac
