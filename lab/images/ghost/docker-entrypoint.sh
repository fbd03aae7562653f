#!/bin/bash
# As root: gives the content folder to the user node, and goes on as that user. Then puts in what a
# new content folder lacks, and becomes the server.
set -euo pipefail

if [[ "$*" == "node current/index.js"* ]] && [ "$(id -u)" = 0 ]; then
    find "$GHOST_CONTENT" '!' -user node -exec chown --no-dereference node '{}' +
    exec gosu node "$BASH_SOURCE" "$@"
fi

if [[ "$*" == "node current/index.js"* ]]; then
    for path in "$GHOST_INSTALL"/content.orig/{*,themes/*}; do
        target="$GHOST_CONTENT/${path#"$GHOST_INSTALL/content.orig/"}"
        if [ ! -e "$target" ]; then
            rm -f "$target"
            cp --archive --no-target-directory "$path" "$target"
        fi
    done
fi

exec "$@"
