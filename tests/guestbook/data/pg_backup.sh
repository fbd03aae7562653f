#!/bin/bash
# backup: a dump beside the data; restore: the database is made anew from it.
set -euo pipefail

dump="$PGDATA/backup.sql"
export PGUSER="$POSTGRES_USER"

case "${1:-}" in
    backup)
        pg_dump --clean --if-exists --file "$dump" "$POSTGRES_DB"
        ;;
    restore)
        psql --quiet --set ON_ERROR_STOP=1 --file "$dump" "$POSTGRES_DB" > /dev/null
        rm "$dump"
        ;;
esac
