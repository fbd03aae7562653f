"""Whether a database server keeps what it has written, also when the machine loses its power."""

from collections.abc import Sequence

from ccci.database.servers import DatabaseServer, ServerKind, what_was_told
from ccci.errors import NodeFailure, RecipeFailure

# Setting to the value with which a server may lose what it has confirmed, or all of it.
_LOSES: dict[ServerKind, dict[str, str]] = {
    "postgres": {"fsync": "off", "full_page_writes": "off"},
    "mariadb": {"innodb_flush_log_at_trx_commit": "0", "innodb_doublewrite": "OFF"},
    "mysql": {"innodb_flush_log_at_trx_commit": "0", "innodb_doublewrite": "OFF"},
}
_ASK: dict[ServerKind, str] = {
    "postgres": "SELECT name, setting FROM pg_settings WHERE name IN ({names})",
    "mariadb": "SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})",
    "mysql": "SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})",
}


def check_writes_kept(servers: Sequence[DatabaseServer]) -> str:
    """Fail when a server is set so that it may lose what it wrote; return what each is set to.

    Args:
        servers: those of the app.

    Raises:
        RecipeFailure: one is; the sentence names the setting.
        NodeFailure: one does not tell a setting, or does not answer in time.
    """
    return what_was_told(map(_check, servers))


def _check(server: DatabaseServer) -> str:
    loses = _LOSES[server.kind]
    names = ", ".join(f"'{name}'" for name in loses)
    rows = server.query(_ASK[server.kind].format(names=names))
    # The names of the columns differ: only their order is known.
    seen = {str(name): str(value) for name, value, *_ in (row.values() for row in rows)}
    where = server.server
    for name, value in loses.items():
        if name not in seen:
            raise NodeFailure(f"Expected {where} to tell its setting {name}; it told {seen}.")
        if seen[name].upper() == value.upper():
            raise RecipeFailure(
                f"Expected {where} to keep what is written; {name} is {seen[name]}, with which a "
                "power cut loses data that the app believes to be safe, or the whole database."
            )
    return f"{where}: {', '.join(f'{name} is {seen[name]}' for name in loses)}."
