#!/bin/sh
# Miniflux takes the database's address with the password in it: the secret is put in here.
set -eu

WAIT_SECONDS=120

DATABASE_URL="postgres://miniflux:$(cat /run/secrets/db_password)@${STACK_NAME}_db/miniflux?sslmode=disable"
export DATABASE_URL

# Miniflux gives up where its database is late; on a fresh deployment it always is.
deadline=$(($(date +%s) + WAIT_SECONDS))
until /usr/bin/miniflux -migrate; do
    if [ "$(date +%s)" -gt "$deadline" ]; then
        echo "entrypoint: the database could not be prepared within $WAIT_SECONDS s" >&2
        exit 1
    fi
    sleep 1
done

exec /usr/bin/miniflux "$@"
