#!/bin/bash
export APP_INI_VERSION=v5
export ENTRYPOINT_VERSION=v3
export MARIADB_BACKUP_VERSION=v1
export PG_BACKUP_VERSION=v1

# abra app cmd <domain> app create_admin <name> <mail address>
create_admin() {
  gitea admin user create --admin --username "$1" --email "$2" --random-password --must-change-password=false
}
