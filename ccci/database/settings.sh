# Read first by each of the scripts beside: runs in the database's container, in any POSIX shell.
# They are called with: dump, query, write, knock or (of MariaDB alone) made-by; the database's name and its user (both empty where
# the server's own settings tell them); for knock an address of the container. SQL comes by standard
# input, a password from the settings or from the file that they name: none of them stands on a
# command line. `knock` connects over the network with a wrong password, which comes by standard input.
set -eu

# value NAME...: of the first variable that is set, or of the file that <NAME>_FILE names.
value() {
    for name in "$@"; do
        eval "text=\${$name:-} file=\${${name}_FILE:-}"
        if [ -n "$text" ]; then
            printf '%s' "$text"
            return
        elif [ -n "$file" ]; then
            cat "$file"
            return
        fi
    done
}
