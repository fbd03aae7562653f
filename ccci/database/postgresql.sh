PGUSER=${3:-$(value POSTGRES_USER POSTGRESQL_USERNAME)}
PGUSER=${PGUSER:-postgres}
PGDATABASE=${2:-$(value POSTGRES_DB POSTGRESQL_DATABASE)}
PGDATABASE=${PGDATABASE:-$PGUSER}
PGPASSWORD=$(value POSTGRES_PASSWORD POSTGRESQL_PASSWORD)
PGCLIENTENCODING=UTF8
export PGUSER PGDATABASE PGPASSWORD PGCLIENTENCODING
if [ "$1" != write ]; then
    PGOPTIONS='-c default_transaction_read_only=on'
    export PGOPTIONS
fi

case $1 in
    # A statement for each row, as in the dumps of the other kinds.
    dump) exec pg_dump --no-password --inserts ;;
    query)
        null=$(printf '\001NULL\001')
        exec psql --no-password --no-psqlrc --quiet --csv --set ON_ERROR_STOP=1 \
            --pset "null=$null" --file -
        ;;
    write) exec psql --no-password --no-psqlrc --quiet --set ON_ERROR_STOP=1 --file - ;;
    knock)
        IFS= read -r PGPASSWORD
        PGHOST=$4 PGCONNECT_TIMEOUT=10
        export PGHOST PGCONNECT_TIMEOUT
        exec psql --no-password --no-psqlrc --quiet --command "SELECT 1"
        ;;
esac
