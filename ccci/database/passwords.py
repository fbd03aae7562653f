"""Whether a database server asks for a password, over the network, as everybody there meets it.

Inside its container a server often trusts whoever comes by the socket. So it is asked at the
container's own address, by which other containers reach it.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ccci.database.servers import DatabaseServer, ServerKind, what_was_told
from ccci.errors import NodeFailure, RecipeFailure

# How clients report that a server refuses somebody: for the password, or for where he comes from.
_REFUSED: dict[ServerKind, str] = {
    "postgres": r"authentication failed|no password supplied|pg_hba\.conf",
    "mariadb": r"ERROR (1045|1130|1698|3118|4151)\b",
    "mysql": r"ERROR (1045|1130|1698|3118|4151)\b",
}


def check_passwords_asked(servers: Sequence[DatabaseServer]) -> str:
    """Fail when a server lets somebody in who has not the password; return what was asked.

    Args:
        servers: those of the app.

    Raises:
        RecipeFailure: one does; the sentence says with which user, and how.
        NodeFailure: one answers otherwise, or cannot be reached at its own address.
    """
    for server in servers:
        if not server.addresses:
            raise NodeFailure(f"Service {server.service} has no address of its own to be asked at.")
    return what_was_told(
        _check(server, address) for server in servers for address in server.addresses
    )


def _check(server: DatabaseServer, address: str) -> str:
    where = f"{server.server} at {address}"
    for visitor, password in _visitors(server):
        how = "a random password" if password else "no password"
        who = f"user {visitor.user!r}" if visitor.user else "its user"
        is_in, said = visitor.knock(address, password)
        if is_in:
            raise RecipeFailure(
                f"Expected {where} to ask for the password; it let {who} in with {how}. Whoever is "
                "in one of its networks can read and change all of it."
            )
        if not re.search(_REFUSED[server.kind], said):
            raise NodeFailure(
                f"Expected {where} to refuse {who} with {how}; it could not be asked: {said}."
            )
    return f"{where} asks for a password."


def _visitors(server: DatabaseServer) -> Iterator[tuple[DatabaseServer, str]]:
    """Yield who comes with which password: an empty one opens to those alone who give none."""
    wrong = secrets.token_hex(16)
    yield server, wrong
    if server.kind != "postgres":
        root = replace(server, user="root")
        yield from ((server, ""), (root, wrong), (root, ""))
