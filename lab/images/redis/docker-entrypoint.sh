#!/bin/sh
# Starts Redis as its own user. Options alone are options of redis-server. The official image's interface.
set -eu

case ${1:-} in
    -* | *.conf) set -- redis-server "$@" ;;
esac

if [ "${1:-}" = redis-server ]; then
    # Others of the same network are let in; the recipe says who that is.
    set -- "$@" --protected-mode no
    if [ "$(id -u)" = 0 ]; then
        find . \! -user redis -exec chown redis '{}' +
        exec gosu redis "$@"
    fi
fi

exec "$@"
