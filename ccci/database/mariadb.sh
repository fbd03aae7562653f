# MariaDB and MySQL. The app's own user may read all of its database; root may have no password
# that the settings know.
user=${3:-$(value MARIADB_USER MYSQL_USER)}
if [ -n "$user" ] && [ "$user" != root ]; then
    MYSQL_PWD=$(value MARIADB_PASSWORD MYSQL_PASSWORD)
else
    user=root
    MYSQL_PWD=$(value MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD)
fi
export MYSQL_PWD
database=${2:-$(value MARIADB_DATABASE MYSQL_DATABASE)}
if [ -z "$database" ]; then
    echo "neither MARIADB_DATABASE nor MYSQL_DATABASE is set, so nothing names the database" >&2
    exit 64
fi
# MySQL has the older names alone, newer images of MariaDB the newer ones.
dump=mysqldump client=mysql
if command -v mariadb-dump > /dev/null; then
    dump=mariadb-dump client=mariadb
fi

case $1 in
    # A statement for each row, as in the dumps of the other kinds.
    dump)
        exec "$dump" --user "$user" --single-transaction --skip-extended-insert --hex-blob \
            --routines --no-tablespaces --default-character-set utf8mb4 "$database"
        ;;
    query)
        exec "$client" --user "$user" --xml --default-character-set utf8mb4 \
            --init-command "SET SESSION TRANSACTION READ ONLY" "$database"
        ;;
    # Which version made the system tables, or brought them up to date; the server writes it there.
    made-by)
        folder=$("$client" --user "$user" --batch --skip-column-names --execute "SELECT @@datadir")
        cat "$folder/mariadb_upgrade_info" "$folder/mysql_upgrade_info" 2> /dev/null | head -n 1
        ;;
    write) exec "$client" --user "$user" --default-character-set utf8mb4 "$database" ;;
    # Nothing but what is given here: an option file may have a password. Before it refuses somebody,
    # a server need not prove who it is.
    knock)
        IFS= read -r MYSQL_PWD
        [ -n "$MYSQL_PWD" ] || unset MYSQL_PWD
        exec "$client" --no-defaults --user "$user" --host "$4" --protocol tcp --connect-timeout 10 \
            --loose-skip-ssl-verify-server-cert --execute "SELECT 1"
        ;;
esac
