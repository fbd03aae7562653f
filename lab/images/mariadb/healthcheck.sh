#!/bin/bash
# The official image's health check, with the two tests that recipes name: --connect, that somebody
# can sign in over the network, and --innodb_initialized, that the storage engine works.
set -euo pipefail

ask() {
    mariadb --defaults-extra-file=/var/lib/mysql/.my-healthcheck.cnf --host 127.0.0.1 \
        --skip-column-names --batch --execute "$1"
}

for test in "$@"; do
    case "$test" in
        --connect) ask "SELECT 1" > /dev/null ;;
        --innodb_initialized)
            ask "SELECT 1 FROM information_schema.ENGINES WHERE engine = 'InnoDB' AND support IN ('YES', 'DEFAULT')" |
                grep -qx 1
            ;;
        *)
            echo "healthcheck: unknown test $test" >&2
            exit 2
            ;;
    esac
done
