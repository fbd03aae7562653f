#!/bin/bash
# Writes the server's settings, from MUMBLE_CONFIG_<name> and from the files /run/secrets/MUMBLE_CONFIG_<name>,
# sets the superuser's password, gives /data to the server's user, and becomes the server. The official image's
# interface, as far as recipes use it.
set -euo pipefail

DATA=/data
# It has a line for each setting that the server knows, commented out or not.
KNOWN=/etc/mumble/bare_config.ini

if [ "$1" = bash ] || [ "$1" = sh ]; then
    exec "$@"
fi
user=${PUID:-10000} group=${PGID:-10000}
file=$DATA/mumble_server_config.ini
declare -A spelled given

# Case and underscores in a setting's name do not matter.
plain() {
    local name=${1^^}
    printf '%s' "${name//_/}"
}

# setting NAME VALUE ORIGIN: write one down, as the server spells its name.
setting() {
    local name=${spelled[$(plain "$1")]:-}
    if [ -z "$name" ]; then
        if [ "${MUMBLE_ACCEPT_UNKNOWN_SETTINGS:-}" != true ]; then
            echo "entrypoint: $3 names a setting that the server does not have" >&2
            exit 1
        fi
        name=$1
    fi
    given[$name]=1
    printf '%s=%s\n' "$name" "$2" >>"$file"
}

default() {
    if [ -z "${given[$1]:-}" ]; then
        printf '%s=%s\n' "$1" "$2" >>"$file"
    fi
}

write_settings() {
    local name value path
    : >"$file"
    while read -r name; do
        spelled[$(plain "$name")]=$name
    done < <(sed -En 's/^[;#]? *([A-Za-z0-9_]+) *=.*/\1/p' "$KNOWN")
    while IFS='=' read -r -d '' name value; do
        setting "${name#MUMBLE_CONFIG_}" "$value" "variable $name"
    done < <(env --null | grep --null-data '^MUMBLE_CONFIG_' || true)
    for path in /run/secrets/MUMBLE_CONFIG_*; do
        if [ -f "$path" ]; then
            setting "${path#/run/secrets/MUMBLE_CONFIG_}" "$(cat "$path")" "secret $path"
        fi
    done
    # A database of before keeps its name.
    if [ -f "$DATA/murmur.sqlite" ]; then
        default database "$DATA/murmur.sqlite"
    else
        default database "$DATA/mumble-server.sqlite"
    fi
    default ice '"tcp -h 127.0.0.1 -p 6502"'
    if [ -z "${given[welcometextfile]:-}" ]; then
        default welcometext '"Welcome to this Mumble server."'
    fi
    default port 64738
    default users 100
    printf '\n[Ice]\nIce.Warn.UnknownProperties=1\nIce.MessageSizeMax=65536\n' >>"$file"
}

if [ -f "${MUMBLE_CUSTOM_CONFIG_FILE:-}" ]; then
    file=$MUMBLE_CUSTOM_CONFIG_FILE
else
    write_settings
fi
server=("$@" -fg -ini "$file")
if [ "${MUMBLE_VERBOSE:-}" = true ]; then
    server+=(-v)
fi
become=()
if [ "$(id -u)" = 0 ] && [ "$user" != 0 ]; then
    become=(setpriv "--reuid=$user" "--regid=$group" --clear-groups)
    if [ "${MUMBLE_CHOWN_DATA:-true}" = true ]; then
        chown -R "$user:$group" "$DATA"
    fi
fi
if [ -f /run/secrets/MUMBLE_SUPERUSER_PASSWORD ]; then
    MUMBLE_SUPERUSER_PASSWORD=$(cat /run/secrets/MUMBLE_SUPERUSER_PASSWORD)
fi
if [ -n "${MUMBLE_SUPERUSER_PASSWORD:-}" ]; then
    # Not as an argument, which everybody on the node could read.
    "${become[@]}" "${server[@]}" -readsupw 1 <<<"$MUMBLE_SUPERUSER_PASSWORD"
fi
exec "${become[@]}" "${server[@]}"
