"""Whether a database was brought up to date with its server and with the system below it.

A server can start on the data of an older one and answer, while its own tables or the order of its
texts are still the older one's: https://mariadb.com/docs/server/clients-and-utilities/
mariadb-upgrade, and "Collation Version" in PostgreSQL's ALTER COLLATION.
"""

import re
from collections.abc import Sequence

from ccci.database.servers import DatabaseServer, what_was_told
from ccci.errors import RecipeFailure

# PostgreSQL remembers the version of the collation with the database since version 15.
_REMEMBERS = 150000
_VERSION_OF_SERVER = "SELECT current_setting('server_version_num') AS version"
_COLLATIONS = (
    "SELECT datcollversion AS was, pg_database_collation_actual_version(oid) AS is_now "
    "FROM pg_database WHERE datname = current_database()"
)
_MAJOR = re.compile(r"\d+\.\d+")


def check_upgraded(servers: Sequence[DatabaseServer]) -> str:
    """Fail when a database is still that of another version; return what each is of.

    Args:
        servers: those of the app, after the upgrade.

    Raises:
        RecipeFailure: one is; the sentence says what to do.
        NodeFailure: one does not answer in time.
    """
    return what_was_told(map(_check, servers))


def _check(server: DatabaseServer) -> str:
    if server.kind == "postgres":
        return _check_collation(server)
    if server.kind == "mariadb":
        return _check_system_tables(server)
    return (
        f"{server.server}: not looked at; it brings its tables up to date itself, from 8.0.16 on."
    )


def _check_collation(server: DatabaseServer) -> str:
    where = server.server
    if int(server.query(_VERSION_OF_SERVER)[0]["version"] or 0) < _REMEMBERS:
        return f"{where}: it does not tell how its texts were sorted when it was made."
    (row,) = server.query(_COLLATIONS)
    was, is_now = row["was"], row["is_now"]
    if was != is_now:
        raise RecipeFailure(
            f"Expected {where} to sort texts as its indexes do: the database was made with version "
            f"{was or 'none'} of the collation, and the image has {is_now or 'none'}. Rows are not "
            "found then, and what must be unique is there twice. Keep an image with the same "
            "system; or let the recipe run REINDEX DATABASE, and after it ALTER DATABASE ... "
            "REFRESH COLLATION VERSION."
        )
    return f"{where}: the collation is of version {is_now or 'none'}, as when it was made."


def _check_system_tables(server: DatabaseServer) -> str:
    where = server.server
    made_by = server.made_by()
    (row,) = server.query("SELECT VERSION() AS version")
    version = row["version"] or ""
    made, runs = _MAJOR.match(made_by), _MAJOR.match(version)
    if made is None or runs is None:
        return f"{where}: nothing tells of which version its tables are."
    if made[0] != runs[0]:
        raise RecipeFailure(
            f"Expected {where} to have the system tables of {version}; they are of {made_by}. "
            "Accounts, events and statistics can fail then. Let the recipe run mariadb-upgrade; "
            "the official image does with MARIADB_AUTO_UPGRADE=1."
        )
    return f"{where}: its tables are of {made_by}, and it is {version}."
