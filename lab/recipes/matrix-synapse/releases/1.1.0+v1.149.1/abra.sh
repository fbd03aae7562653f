#!/bin/bash
export ENTRYPOINT_VERSION=v1
export HOMESERVER_YAML_VERSION=v1
export LOG_CONFIG_VERSION=v2
export PG_BACKUP_VERSION=v1
export WEB_CONF_VERSION=v1

# abra app cmd <domain> app register <name> [--admin]; it asks for the password
register() {
  register_new_matrix_user --config "$SYNAPSE_CONFIG_PATH" --user "$1" "${2:---no-admin}" http://localhost:8008
}
