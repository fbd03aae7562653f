#!/bin/bash
# Makes the database on an empty volume, from POSTGRES_DB, POSTGRES_USER, POSTGRES_PASSWORD and
# POSTGRES_INITDB_ARGS (each also as <NAME>_FILE), runs /docker-entrypoint-initdb.d, then becomes
# the server. The official image's interface, as far as recipes use it.
set -euo pipefail

fail() {
    echo "docker-entrypoint: $*" >&2
    exit 1
}

# value NAME DEFAULT: of the variable, or of the file that <NAME>_FILE names.
value() {
    local file="$1_FILE"
    if [ -n "${!1:-}" ] && [ -n "${!file:-}" ]; then
        fail "both $1 and $file are set: give one of them"
    fi
    if [ -n "${!file:-}" ]; then
        cat "${!file}"
    else
        echo "${!1:-$2}"
    fi
}

make_cluster() {
    local password method arguments
    password=$(value POSTGRES_PASSWORD "")
    method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    arguments=$(value POSTGRES_INITDB_ARGS "")
    if [ -z "$password" ] && [ "$method" != trust ]; then
        fail "the new database needs a password: set POSTGRES_PASSWORD_FILE"
    fi
    # Several arguments in one variable: they are meant to be split.
    # shellcheck disable=SC2086
    initdb --username="$user" --pwfile=<(printf '%s\n' "$password") $arguments
    printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
}

run_script() {
    echo "docker-entrypoint: $1"
    case "$1" in
        *.sh) if [ -x "$1" ]; then "$1"; else . "$1"; fi ;;
        *.sql) "${client[@]}" --file "$1" ;;
        *.sql.gz) gunzip -c "$1" | "${client[@]}" ;;
        *) echo "docker-entrypoint: $1 is neither .sh nor .sql nor .sql.gz: passed over" ;;
    esac
}

if [ "${1:0:1}" = - ]; then
    set -- postgres "$@"
fi
if [ "$1" = postgres ] && [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chmod 0700 "$PGDATA"
    find "$PGDATA" /var/run/postgresql '!' -user postgres -exec chown postgres '{}' +
    exec gosu postgres "$BASH_SOURCE" "$@"
fi
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
    user=$(value POSTGRES_USER postgres)
    database=$(value POSTGRES_DB "$user")
    client=(psql --set ON_ERROR_STOP=1 --no-password --no-psqlrc --username "$user" --dbname "$database")
    make_cluster
    # While it is being made nobody from outside is served: who gets through finds all of it.
    PGUSER=$user pg_ctl --wait --pgdata "$PGDATA" --options "-c listen_addresses='' -p 5432" start
    if [ "$database" != postgres ]; then
        createdb --username "$user" --maintenance-db postgres "$database"
    fi
    export POSTGRES_USER=$user POSTGRES_DB=$database
    for script in /docker-entrypoint-initdb.d/*; do
        if [ -e "$script" ]; then run_script "$script"; fi
    done
    PGUSER=$user pg_ctl --wait --mode fast --pgdata "$PGDATA" stop
    unset PGPASSWORD
    echo "docker-entrypoint: the database is made; starting it"
fi
exec "$@"
