#!/bin/bash
export ENTRYPOINT_VERSION=v1
export PRELOAD_VERSION=v1
export DB_BACKUP_VERSION=v1

# abra app cmd <domain> db list_posts
list_posts() {
  MYSQL_PWD=$(cat "$MYSQL_PASSWORD_FILE") mysql --user "$MYSQL_USER" --skip-column-names \
    --execute "SELECT status, slug FROM posts" "$MYSQL_DATABASE"
}
