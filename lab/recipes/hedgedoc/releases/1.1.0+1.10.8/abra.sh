#!/bin/bash
export ENTRYPOINT_VERSION=v1
export PG_BACKUP_VERSION=v1

# abra app cmd <domain> app add_user <mail address> <password>
add_user() {
  CMD_DB_PASSWORD=$(cat /run/secrets/db_password) bin/manage_users --add "$1" --pass "$2"
}
