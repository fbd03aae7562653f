#!/bin/bash
# Called by the backup bot through the labels of service db: backup, forget, restore.
set -euo pipefail

DUMP=/var/lib/mysql/backup.sql
# mariadb-dump writes this line last, and only when it is done.
LAST_LINE="-- Dump completed"
MYSQL_PWD=$(< "$MARIADB_ROOT_PASSWORD_FILE")
export MYSQL_PWD

complete() {
    [[ "$(tail -n 1 "$1")" == "$LAST_LINE"* ]]
}

backup() {
    umask 077
    rm -f "$DUMP" "$DUMP.part"
    mariadb-dump --user root --single-transaction --hex-blob --routines --triggers \
        --default-character-set utf8mb4 --result-file "$DUMP.part" "$MARIADB_DATABASE"
    complete "$DUMP.part" || { echo "the dump is cut short" >&2; exit 1; }
    mv "$DUMP.part" "$DUMP"
}

sql() {
    mariadb --user root --default-character-set utf8mb4 "$@"
}

open_again() {
    sql --execute "ALTER USER '$MARIADB_USER'@'%' ACCOUNT UNLOCK"
}

# While the dump is loaded the app cannot sign in: one that starts now finds the old data or the new,
# never a part. The dump stays until all of it is loaded.
restore() {
    complete "$DUMP" || { echo "$DUMP is not a whole dump" >&2; exit 1; }
    trap open_again EXIT
    sql --execute "ALTER USER '$MARIADB_USER'@'%' ACCOUNT LOCK; KILL USER '$MARIADB_USER'@'%';"
    # Tables go in any order, so none may be held by another that points to it.
    sql --execute "SET foreign_key_checks = 0; CREATE OR REPLACE DATABASE \`$MARIADB_DATABASE\`"
    sql "$MARIADB_DATABASE" < "$DUMP"
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
