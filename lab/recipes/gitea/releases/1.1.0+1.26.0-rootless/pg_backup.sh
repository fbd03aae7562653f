#!/bin/bash
# Called by the backup bot through the labels of service db: backup, forget, restore.
set -euo pipefail

DUMP="$PGDATA/backup.sql"
RESTORED="${POSTGRES_DB}_restored"
# pg_dump writes this line last, and only when it is done.
LAST_LINE="-- PostgreSQL database dump complete"
export PGUSER="$POSTGRES_USER"

complete() {
    tail -n 20 "$1" | grep -qxF -- "$LAST_LINE"
}

backup() {
    umask 077
    rm -f "$DUMP" "$DUMP.part"
    pg_dump --no-password --file "$DUMP.part" "$POSTGRES_DB"
    complete "$DUMP.part" || { echo "the dump is cut short" >&2; exit 1; }
    mv "$DUMP.part" "$DUMP"
}

sql() {
    psql --quiet --no-password --no-psqlrc --set ON_ERROR_STOP=1 --dbname "$@"
}

open_again() {
    sql postgres --command "ALTER DATABASE \"$POSTGRES_DB\" ALLOW_CONNECTIONS true" || true
}

# The dump is loaded beside the live database and takes its place when all of it is there. Nobody
# connects in between: an app that starts now finds the old data or the new, never a part.
restore() {
    complete "$DUMP" || { echo "$DUMP is not a whole dump" >&2; exit 1; }
    trap open_again EXIT
    sql postgres --command "ALTER DATABASE \"$POSTGRES_DB\" ALLOW_CONNECTIONS false"
    dropdb --if-exists --force --maintenance-db postgres "$RESTORED"
    createdb --maintenance-db postgres --template template0 "$RESTORED"
    sql "$RESTORED" --single-transaction --output /dev/null --file "$DUMP"
    dropdb --force --maintenance-db postgres "$POSTGRES_DB"
    sql postgres --command "ALTER DATABASE \"$RESTORED\" RENAME TO \"$POSTGRES_DB\""
    rm -f "$DUMP"
}

case "${1:-}" in
    backup) backup ;;
    forget) rm -f "$DUMP" ;;
    restore) restore ;;
    *)
        echo "usage: $0 backup|forget|restore" >&2
        exit 2
        ;;
esac
