#!/bin/bash
# The main process, and the command that the recipe's backup label runs after a restore.
set -euo pipefail

DB_SECONDS=120
OWNER=991:991
KEY=/data/signing.key

# database once: connects and leaves. database watched: stays until the connection is lost.
database() {
    python - "$1" << 'END'
import os, pathlib, select, sys, psycopg2
password = pathlib.Path("/run/secrets/db_password").read_text()
connection = psycopg2.connect(
    host=os.environ["STACK_NAME"] + "_db", user="synapse", dbname="synapse", password=password,
    connect_timeout=5, keepalives_idle=10, keepalives_interval=5, keepalives_count=3,
)
try:
    while sys.argv[1] == "watched":
        select.select([connection], [], [])
        connection.poll()
except psycopg2.Error as lost:
    print("entrypoint: the database is gone, starting again:", lost, flush=True)
END
}

# Synapse gives up where its database is late, and where a restore has closed it for a moment.
wait_for_database() {
    local deadline=$((SECONDS + DB_SECONDS)) said
    until said=$(database once 2>&1); do
        if ((SECONDS > deadline)); then
            printf 'entrypoint: the database was not ready within %s s:\n%s\n' "$DB_SECONDS" "$said" >&2
            exit 1
        fi
        sleep 0.5
    done
}

# Made once, with an empty volume. Without it other servers would no longer believe this one.
make_signing_key() {
    chown "$OWNER" /data
    if [ ! -e "$KEY" ]; then
        gosu "$OWNER" python -m synapse.app.homeserver --config-path "$SYNAPSE_CONFIG_PATH" --generate-keys
    fi
}

# It ends, and the Swarm starts it again. While it still starts it hears no signal: it is told again.
end() {
    while kill -TERM 1; do
        sleep 1
    done
}

# A database that was restarted leaves dead connections in Synapse's pool, each of which fails
# somebody's request; one that was restored is not what Synapse has in its caches.
end_without_database() {
    database watched
    end
}

case "${1:-start}" in
    restart)
        # After a restore: what it has in memory is not what database and volume hold now.
        kill -TERM 1
        ;;
    *)
        wait_for_database
        make_signing_key
        end_without_database &
        exec /start.py
        ;;
esac
