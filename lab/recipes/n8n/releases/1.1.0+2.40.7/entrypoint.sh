#!/bin/sh
# The main process, and the two commands that the recipe's health check and backup labels run.
# The official image has no bash.
set -eu

STOP_SECONDS=60
START_SECONDS=180
PROCESS=/tmp/n8n.pid
AGAIN=/tmp/n8n.again
STARTING=/tmp/n8n.starting

# n8n gives up where its database is late; on a fresh deployment it always is.
wait_for_database() {
    node -e '
        const deadline = Date.now() + 120_000;
        const host = process.env.DB_POSTGRESDB_HOST;
        const look = () => require("net").connect(5432, host)
            .on("connect", () => process.exit(0))
            .on("error", (error) => {
                if (Date.now() < deadline) return setTimeout(look, 500);
                console.error(`entrypoint: no database at ${host}:5432 after 120 s: ${error.message}`);
                process.exit(1);
            });
        look();'
}

# Runs n8n until it ends by itself or is told to; again and again while `restart` asks for it.
run() {
    while true; do
        trap 'exit 143' TERM INT
        wait_for_database
        n8n "$@" &
        n8n=$!
        echo "$n8n" > "$PROCESS"
        trap 'kill -TERM "$n8n"' TERM INT
        # A signal ends the waiting, not yet n8n.
        while kill -0 "$n8n" 2> /dev/null; do
            code=0
            wait "$n8n" || code=$?
        done
        [ -e "$AGAIN" ] || exit "$code"
        mv "$AGAIN" "$STARTING"
    done
}

# For the backup bot, after a restore: whether there is an owner, and which workflows listen, n8n
# reads when it starts. When this returns, the one that knew the old answers is gone.
restart() {
    process=$(cat "$PROCESS")
    date +%s > "$AGAIN"
    deadline=$(($(date +%s) + STOP_SECONDS))
    kill -TERM "$process"
    while kill -0 "$process" 2> /dev/null; do
        if [ "$(date +%s)" -gt "$deadline" ]; then
            echo "entrypoint: n8n did not stop within $STOP_SECONDS s" >&2
            exit 1
        fi
        sleep 0.1
    done
}

answers() {
    node -e '
        fetch("http://127.0.0.1:5678/healthz/readiness")
            .then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1));'
}

# While it restarts on purpose, the Swarm need not put another in its place.
is_ready() {
    if answers; then
        rm -f "$STARTING"
        return 0
    fi
    for mark in "$AGAIN" "$STARTING"; do
        if [ -e "$mark" ] && [ $(($(date +%s) - $(cat "$mark"))) -lt "$START_SECONDS" ]; then
            return 0
        fi
    done
    return 1
}

case "${1:-}" in
    is-ready) is_ready ;;
    restart) restart ;;
    *) run "$@" ;;
esac
