"""How many rows each table has: what had some at the backup must have some after the restore.

A dump may leave out tables that no seed fills. This finds each of those that the app filled itself.
"""

import re
from collections.abc import Collection, Mapping, Sequence

from ccci.database.marker_rows import TABLE
from ccci.database.servers import DatabaseServer, ServerKind
from ccci.errors import RecipeFailure

# Neither views nor what only a session sees; of PostgreSQL not what an extension makes anew.
_POSTGRESQL = """
SELECT c.oid::regclass::text AS quoted FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND has_table_privilege(c.oid, 'SELECT')
AND n.nspname NOT IN ('pg_catalog', 'information_schema')
AND NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""
_MARIADB = """
SELECT concat('`', replace(table_name, '`', '``'), '`') AS quoted FROM information_schema.tables
WHERE table_schema = database() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
"""
_TABLES: dict[ServerKind, str] = {"postgres": _POSTGRESQL, "mariadb": _MARIADB, "mysql": _MARIADB}


def rows_of_tables(servers: Sequence[DatabaseServer]) -> dict[str, int]:
    """Return how many rows each table has that has any: `db.users` to their number.

    A name is that of the service and the table, with the schema where PostgreSQL needs it. The
    table of the generic seed is left out.

    Raises:
        RecipeFailure: a database refuses to tell.
        NodeFailure: one does not answer in time.
    """
    return {
        f"{server.service}.{table}": rows
        for server in servers
        for table, rows in _rows(server).items()
        if rows and table != TABLE
    }


def _rows(server: DatabaseServer) -> dict[str, int]:
    names = _tables(server)
    while names:
        try:
            return _counted(server, names)
        except RecipeFailure:
            # An app may drop a table between the two questions, as jobs in the background do.
            there = set(_tables(server))
            left = [name for name in names if name in there]
            if left == names:
                raise
            names = left
    return {}


def _tables(server: DatabaseServer) -> list[str]:
    return [str(row["quoted"]) for row in server.query(_TABLES[server.kind])]


def _counted(server: DatabaseServer, names: Sequence[str]) -> dict[str, int]:
    each = (f"SELECT {n} AS place, count(*) AS rows_in FROM {q}" for n, q in enumerate(names))
    return {
        re.sub('["`]', "", names[int(row["place"] or 0)]): int(row["rows_in"] or 0)
        for row in server.query(" UNION ALL ".join(each))
    }


def check_tables_came_back(
    before: Mapping[str, int], now: Mapping[str, int], may_be_empty: Collection[str] | None
) -> list[str]:
    """Fail when a table that had rows at the backup has none after the restore.

    Args:
        before: table to its rows at the backup.
        now: the same after the restore.
        may_be_empty: the tables that `[empty_after_restore]` of recipe.toml names. None where there
            is no recipe.toml to name them: then nothing fails.

    Returns:
        What is to be told where nothing fails, a sentence each.

    Raises:
        RecipeFailure: recipe.toml gives no reason for one; the sentence names each, with its rows.
    """
    empty = sorted(set(before) - set(now) - set(may_be_empty or ()))
    if not empty:
        return []
    listed = ", ".join(f"{table} ({before[table]})" for table in empty)
    tables = "1 table" if len(empty) == 1 else f"{len(empty)} tables"
    sentence = f"The restore left {tables} empty that had rows at the backup: {listed}."
    if may_be_empty is None:
        return [sentence]
    raise RecipeFailure(
        f"{sentence} Check that the dump holds all tables. If the app itself empties one when it "
        "starts, name it in [empty_after_restore] of recipe.toml, with the reason."
    )
