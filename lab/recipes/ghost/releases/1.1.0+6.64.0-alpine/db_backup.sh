#!/bin/bash
# Called by the backup bot through the labels of service db: backup, forget, restore. For MariaDB and
# for MySQL.
set -euo pipefail

DUMP=/var/lib/mysql/backup.sql.gz
# Whoever dumps writes this line last, and only when it is done.
LAST_LINE="-- Dump completed"
MYSQL_PWD=$(< "$MYSQL_ROOT_PASSWORD_FILE")
export MYSQL_PWD

client=mysql dumper=mysqldump
if command -v mariadb-dump > /dev/null; then
    client=mariadb dumper=mariadb-dump
fi

fail() {
    echo "db_backup: $*" >&2
    exit 1
}

# A dump to rely on was written to its end, and has rows: Ghost is never without a user.
check() {
    [[ "$(gunzip --stdout "$1" | tail -n 1)" == "$LAST_LINE"* ]] || fail "$1 is cut short"
    gunzip --stdout "$1" | grep --count '^INSERT INTO `users`' > /dev/null || fail "$1 has no rows"
}

backup() {
    umask 077
    rm -f "$DUMP" "$DUMP.part"
    "$dumper" --user root --single-transaction --hex-blob --routines --triggers --no-tablespaces \
        --default-character-set utf8mb4 "$MYSQL_DATABASE" | gzip > "$DUMP.part"
    check "$DUMP.part"
    mv "$DUMP.part" "$DUMP"
}

sql() {
    "$client" --user root --default-character-set utf8mb4 "$@"
}

open_again() {
    sql --execute "ALTER USER '$MYSQL_USER'@'%' ACCOUNT UNLOCK"
}

# One that is gone before it is ended does no harm.
end_sessions() {
    sql --skip-column-names --execute \
        "SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE user = '$MYSQL_USER'" |
        sql --force
}

# While the dump is loaded the app cannot sign in: one that starts now finds the old data or the new,
# never a part. The dump stays until all of it is loaded.
restore() {
    check "$DUMP"
    trap open_again EXIT
    sql --execute "ALTER USER '$MYSQL_USER'@'%' ACCOUNT LOCK"
    end_sessions
    # Tables go in any order, so none may be held by another that points to it.
    sql --execute "SET foreign_key_checks = 0; DROP DATABASE \`$MYSQL_DATABASE\`; CREATE DATABASE \`$MYSQL_DATABASE\`"
    gunzip --stdout "$DUMP" | sql "$MYSQL_DATABASE"
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
