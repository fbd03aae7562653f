#!/bin/bash
# The main process, and the command that the recipe's backup label runs after a restore.
set -euo pipefail

DB_SECONDS=120

# A fresh database takes its time; Gitea's own commands give up at once.
migrate() {
    local deadline=$((SECONDS + DB_SECONDS)) said
    until said=$(gitea migrate 2>&1); do
        if ((SECONDS > deadline)); then
            printf 'entrypoint: the database was not ready within %s s:\n%s\n' "$DB_SECONDS" "$said" >&2
            exit 1
        fi
        sleep 0.5
    done
}

case "${1:-start}" in
    restart)
        # After a restore: what it has in memory is not what database and volume hold now. It ends,
        # and the Swarm starts it again.
        kill -TERM 1
        ;;
    *)
        /usr/local/bin/docker-setup.sh
        migrate
        exec gitea web
        ;;
esac
