#!/bin/bash
export ENTRYPOINT_VERSION=v1
export PG_BACKUP_VERSION=v1

# abra app cmd <domain> db list_feeds
list_feeds() {
  psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --tuples-only --command "SELECT id, feed_url FROM feeds"
}
