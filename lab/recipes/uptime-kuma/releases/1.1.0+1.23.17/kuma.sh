#!/bin/sh
# The main process, and the commands that the recipe's backup labels run.
set -eu

DATABASE=/app/data/kuma.db
COPY=/app/data/backup.sqlite
RESTORED=/app/data/restored.sqlite

case "${1:-start}" in
    backup)
        # Uptime Kuma writes all the time: a copy of its files alone might be of no moment at all.
        rm -f "$COPY"
        sqlite3 "$DATABASE" ".timeout 60000" ".backup '$COPY'"
        ;;
    forget)
        rm -f "$COPY"
        ;;
    restore)
        mv "$COPY" "$RESTORED"
        # Uptime Kuma has the database open. It ends, and the Swarm starts it again. This script ends
        # first: with Uptime Kuma everything in its container does, and the bot would take the hook
        # for one that failed.
        (sleep 1; kill -TERM 1) > /dev/null 2>&1 &
        ;;
    *)
        if [ -e "$RESTORED" ]; then
            rm -f "$DATABASE" "$DATABASE-wal" "$DATABASE-shm"
            mv "$RESTORED" "$DATABASE"
        fi
        exec node server/server.js
        ;;
esac
