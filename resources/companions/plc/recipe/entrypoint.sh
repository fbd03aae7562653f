#!/bin/sh
# The directory takes its database as JSON with the password in it: the secret is put in here.
set -eu

WAIT_SECONDS=120

DB_CREDS_JSON=$(printf '{"username": "plc", "password": "%s", "host": "%s_db", "database": "plc"}' \
    "$(cat /run/secrets/db_password)" "$STACK_NAME")
DB_MIGRATE_CREDS_JSON=$DB_CREDS_JSON
export DB_CREDS_JSON DB_MIGRATE_CREDS_JSON ENABLE_MIGRATIONS=true

# It gives up where its database is late; on a fresh deployment it always is.
node -e '
    const deadline = Date.now() + 1000 * process.argv[1];
    const look = () => require("net").connect(5432, `${process.env.STACK_NAME}_db`)
        .on("connect", () => process.exit(0))
        .on("error", (error) => {
            if (Date.now() < deadline) return setTimeout(look, 500);
            console.error(`entrypoint: no database: ${error.message}`);
            process.exit(1);
        });
    look();' "$WAIT_SECONDS"

exec node --enable-source-maps index.js
