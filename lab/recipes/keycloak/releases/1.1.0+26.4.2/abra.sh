#!/bin/bash
export ENTRYPOINT_VERSION=v1
export DB_BACKUP_VERSION=v1

# abra app cmd <domain> db list_realms
list_realms() {
  MYSQL_PWD=$(cat "$MARIADB_PASSWORD_FILE") mariadb --user "$MARIADB_USER" --skip-column-names \
    --execute "SELECT name FROM REALM" "$MARIADB_DATABASE"
}
