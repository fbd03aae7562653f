#!/bin/sh
# HedgeDoc reads passwords from its environment; here they come from the secrets.
set -eu

CMD_DB_PASSWORD=$(cat /run/secrets/db_password)
CMD_SESSION_SECRET=$(cat /run/secrets/session_secret)
export CMD_DB_PASSWORD CMD_SESSION_SECRET
if [ -f /run/secrets/oauth_key ]; then
    CMD_OAUTH2_CLIENT_SECRET=$(cat /run/secrets/oauth_key)
    export CMD_OAUTH2_CLIENT_SECRET
fi

exec /usr/local/bin/docker-entrypoint.sh "$@"
