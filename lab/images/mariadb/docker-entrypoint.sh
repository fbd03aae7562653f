#!/bin/bash
# Makes the database on an empty volume, from MARIADB_ROOT_PASSWORD, MARIADB_DATABASE, MARIADB_USER
# and MARIADB_PASSWORD (each also as <NAME>_FILE, and with MYSQL_ for MARIADB_), runs
# /docker-entrypoint-initdb.d, then becomes the server. With MARIADB_AUTO_UPGRADE the tables of an
# older server are brought up to this one's. The official image's interface, as far as recipes use it.
set -euo pipefail

DATA=/var/lib/mysql
SOCKET=/run/mysqld/mysqld.sock
START_SECONDS=120
HEALTH="$DATA/.my-healthcheck.cnf"

fail() {
    echo "docker-entrypoint: $*" >&2
    exit 1
}

# value NAME DEFAULT: of MARIADB_<NAME> or MYSQL_<NAME>, or of the file that <either>_FILE names.
value() {
    local variable file
    for variable in "MARIADB_$1" "MYSQL_$1"; do
        file="${variable}_FILE"
        if [ -n "${!variable:-}" ] && [ -n "${!file:-}" ]; then
            fail "both $variable and $file are set: give one of them"
        elif [ -n "${!file:-}" ]; then
            cat "${!file}"
            return
        elif [ -n "${!variable:-}" ]; then
            printf '%s' "${!variable}"
            return
        fi
    done
    printf '%s' "${2:-}"
}

# quoted TEXT: as a string in SQL.
quoted() {
    local text=${1//\\/\\\\}
    printf "'%s'" "${text//\'/\\\'}"
}

# While it is being made nobody from outside is served: who gets through finds all of it.
start_alone() {
    mariadbd --skip-networking "$@" &
    server=$!
    local deadline=$((SECONDS + START_SECONDS))
    until mariadb-admin --socket "$SOCKET" --user root --password= ping > /dev/null 2>&1; do
        kill -0 "$server" 2> /dev/null || fail "the server ended while the database was being made"
        ((SECONDS < deadline)) || fail "the server did not start within $START_SECONDS s"
        sleep 0.2
    done
}

stop_alone() {
    kill -TERM "$server"
    wait "$server" || fail "the server ended with code $? while the database was being made"
}

client() {
    MYSQL_PWD=$root_password mariadb --socket "$SOCKET" --user root --default-character-set utf8mb4 "$@"
}

run_script() {
    echo "docker-entrypoint: $1"
    case "$1" in
        *.sh) if [ -x "$1" ]; then "$1"; else . "$1"; fi ;;
        *.sql) client "$database" < "$1" ;;
        *.sql.gz) gunzip -c "$1" | client "$database" ;;
        *) echo "docker-entrypoint: $1 is neither .sh nor .sql nor .sql.gz: passed over" ;;
    esac
}

# mariadb-install-db leaves a root without a password for each name of the machine. The health check
# signs in as a user of its own, who may do nothing else.
accounts() {
    local health_password
    health_password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    (umask 077 && printf '[client]\nuser=healthcheck\npassword=%s\n' "$health_password" > "$HEALTH")
    cat << SQL
DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');
FLUSH PRIVILEGES;
CREATE USER healthcheck@'127.0.0.1' IDENTIFIED BY '$health_password';
ALTER USER root@localhost IDENTIFIED BY $(quoted "$root_password");
CREATE USER root@$(quoted "$(value ROOT_HOST %)") IDENTIFIED BY $(quoted "$root_password");
GRANT ALL ON *.* TO root@$(quoted "$(value ROOT_HOST %)") WITH GRANT OPTION;
SQL
    if [ -n "$database" ]; then
        echo "CREATE DATABASE IF NOT EXISTS \`$database\`;"
    fi
    if [ -n "$user" ]; then
        echo "CREATE USER $(quoted "$user")@'%' IDENTIFIED BY $(quoted "$password");"
    fi
    if [ -n "$user" ] && [ -n "$database" ]; then
        echo "GRANT ALL ON \`${database//_/\\_}\`.* TO $(quoted "$user")@'%';"
    fi
}

make_database() {
    local user password
    root_password=$(value ROOT_PASSWORD) database=$(value DATABASE)
    user=$(value USER) password=$(value PASSWORD)
    if [ -z "$root_password" ] && [ -n "$(value RANDOM_ROOT_PASSWORD)" ]; then
        root_password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
    fi
    if [ -z "$root_password" ] && [ -z "$(value ALLOW_EMPTY_ROOT_PASSWORD)" ]; then
        fail "the new database needs a password for root: set MARIADB_ROOT_PASSWORD_FILE"
    fi
    if [ -n "$user" ] && [ -z "$password" ]; then
        fail "MARIADB_USER needs a password: set MARIADB_PASSWORD_FILE"
    fi
    mariadb-install-db --datadir "$DATA" --auth-root-authentication-method=normal --skip-test-db > /dev/null
    start_alone
    accounts | MYSQL_PWD='' mariadb --socket "$SOCKET" --user root mysql
    for script in /docker-entrypoint-initdb.d/*; do
        if [ -e "$script" ]; then run_script "$script"; fi
    done
    stop_alone
    echo "docker-entrypoint: the database is made; starting it"
}

upgrade() {
    start_alone --skip-grant-tables
    mariadb-upgrade --socket "$SOCKET" --upgrade-system-tables
    stop_alone
    echo "docker-entrypoint: the tables are those of $MARIADB_VERSION now; starting the server"
}

# Written by mariadb-install-db and by mariadb-upgrade; its name has changed over the years.
made_by() {
    cat "$DATA/mariadb_upgrade_info" "$DATA/mysql_upgrade_info" 2> /dev/null | head -n 1
}

if [ "${1:0:1}" = - ]; then
    set -- mariadbd "$@"
elif [ "$1" = mysqld ]; then
    set -- mariadbd "${@:2}"
fi
if [ "$1" = mariadbd ] && [ "$(id -u)" = 0 ]; then
    mkdir -p "$DATA"
    find "$DATA" /run/mysqld '!' -user mysql -exec chown mysql:mysql '{}' +
    exec gosu mysql "$BASH_SOURCE" "$@"
fi
if [ "$1" = mariadbd ] && [ ! -d "$DATA/mysql" ]; then
    make_database
elif [ "$1" = mariadbd ] && [ -n "${MARIADB_AUTO_UPGRADE:-}" ] && [[ "$(made_by)" != "$MARIADB_VERSION"-* ]]; then
    upgrade
fi
exec "$@"
