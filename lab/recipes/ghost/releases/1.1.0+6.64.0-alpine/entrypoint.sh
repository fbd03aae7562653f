#!/bin/sh
# The main process, and the two commands that the recipe's health check and backup labels run.
set -eu

DB_SECONDS=900
STOP_SECONDS=60
START_SECONDS=1800
PROCESS=/tmp/ghost.pid
AGAIN=/tmp/ghost.again
STARTING=/tmp/ghost.starting

# Ghost reads no file of a secret: the content becomes the variable itself.
read_secrets() {
    database__connection__password=$(cat /run/secrets/db_password)
    export database__connection__password
    if [ -n "${SMTP_USER:-}" ]; then
        mail__options__auth__user=$SMTP_USER
        mail__options__auth__pass=$(cat /run/secrets/smtp_password)
        export mail__options__auth__user mail__options__auth__pass
    fi
}

database_is_there() {
    node -e '
        const socket = require("net").connect(3306, process.env.database__connection__host);
        socket.setTimeout(3000, () => process.exit(1));
        socket.on("error", () => process.exit(1));
        socket.on("connect", () => process.exit(0));
    '
}

# Ghost gives up where its database is late; on a fresh deployment it always is.
wait_for_database() {
    deadline=$(($(date +%s) + DB_SECONDS))
    until database_is_there; do
        if [ "$(date +%s)" -gt "$deadline" ]; then
            echo "entrypoint: no database at $database__connection__host:3306 after $DB_SECONDS s" >&2
            exit 1
        fi
        sleep 0.5
    done
}

# Runs Ghost until it ends by itself or is told to; again and again while `restart` asks for it.
run() {
    while true; do
        trap 'exit 143' TERM INT
        wait_for_database
        NODE_OPTIONS=--require=/preload.cjs docker-entrypoint.sh "$@" &
        ghost=$!
        echo "$ghost" > "$PROCESS"
        trap 'kill -TERM "$ghost"' TERM INT
        # A signal ends the waiting, not yet Ghost.
        while kill -0 "$ghost" 2> /dev/null; do
            code=0
            wait "$ghost" || code=$?
        done
        [ -e "$AGAIN" ] || exit "$code"
        mv "$AGAIN" "$STARTING"
    done
}

# For the backup bot, after a restore: what Ghost knows by heart of settings, themes and addresses is
# not what the database holds now. When this returns, the one that knew it is gone.
restart() {
    process=$(cat "$PROCESS")
    deadline=$(($(date +%s) + STOP_SECONDS))
    date +%s > "$AGAIN"
    kill -TERM "$process"
    while kill -0 "$process" 2> /dev/null; do
        if [ "$(date +%s)" -gt "$deadline" ]; then
            echo "entrypoint: Ghost did not stop within $STOP_SECONDS s" >&2
            exit 1
        fi
        sleep 0.1
    done
}

# Who does not say that they came by HTTPS is sent there.
answers() {
    wget -q -O /dev/null --header "X-Forwarded-Proto: https" "http://127.0.0.1:2368/ghost/api/admin/site/"
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

case "$1" in
    is-ready) is_ready ;;
    restart) restart ;;
    *)
        read_secrets
        run "$@"
        ;;
esac
