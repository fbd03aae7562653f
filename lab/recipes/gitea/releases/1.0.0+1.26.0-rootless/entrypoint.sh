#!/bin/bash
# The main process, and the command that the recipe's backup label runs after a restore.
set -euo pipefail

DB_SECONDS=120
# Beside the data: it comes back with them, as the source comes back with the database.
REGISTERED=/var/lib/gitea/oidc-registered

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

# Gitea keeps sources of sign-in in its database and reads them from no setting: what the settings
# say is written there. Its command takes the client's secret as an argument only, which others on
# the node can see for as long as it runs: so it runs when something changed, not at every start.
register_sign_in() {
    local id digest arguments
    arguments=(
        --name "$OIDC_NAME" --provider openidConnect --key "$OIDC_CLIENT_ID"
        --secret "$(< /run/secrets/client_secret)" --auto-discover-url "$OIDC_DISCOVERY_URL"
        --required-claim-name "$OIDC_REQUIRED_CLAIM" --required-claim-value "$OIDC_REQUIRED_VALUE"
    )
    digest=$(printf '%s\0' "${arguments[@]}" | sha256sum)
    id=$(gitea admin auth list --vertical-bars | awk -F'|' -v name="$OIDC_NAME" '
        { for (i = 1; i <= NF; i++) gsub(/^[ \t]+|[ \t]+$/, "", $i) }
        $2 == name { print $1 }')
    if [ -z "$id" ]; then
        gitea admin auth add-oauth "${arguments[@]}"
    elif [ "$digest" != "$(cat "$REGISTERED" 2> /dev/null)" ]; then
        gitea admin auth update-oauth --id "$id" "${arguments[@]}"
    fi
    printf '%s\n' "$digest" > "$REGISTERED"
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
        if [ -n "${OIDC_DISCOVERY_URL:-}" ]; then
            register_sign_in
        fi
        exec gitea web
        ;;
esac
