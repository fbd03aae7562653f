#!/bin/bash
export ENTRYPOINT_VERSION=v1
export PG_BACKUP_VERSION=v1

# abra app cmd <domain> db list_workflows
list_workflows() {
  psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --tuples-only --command "SELECT id, name FROM workflow_entity"
}
