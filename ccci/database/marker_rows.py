"""The generic seed in databases: one row in a table of its own, for every recipe.

It proves that a dump holds what was written, and that a restore brings it back. It proves nothing
about the app: the recipe's own seed does that.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from ccci.database.servers import DatabaseServer
from ccci.errors import RecipeFailure

TABLE = "ccci_marker"


@dataclass(frozen=True)
class MarkerRow:
    """A row with random content.

    Attributes:
        place: the database that it was written to, to be read in a sentence.
        content: what is in it.
    """

    place: str
    content: str


def plant_rows(servers: Sequence[DatabaseServer]) -> tuple[MarkerRow, ...]:
    """Write a row into each database, and return the rows.

    Raises:
        Misuse: a database refuses it; the sentence has the lines for recipe.toml.
        NodeFailure: one does not answer in time.
    """
    planted = []
    for server in servers:
        row = MarkerRow(server.place, secrets.token_hex(64))
        server.write(
            f"CREATE TABLE IF NOT EXISTS {TABLE} (content varchar(128) PRIMARY KEY);\n"
            f"INSERT INTO {TABLE} VALUES ('{row.content}');\n"
        )
        planted.append(row)
    return tuple(planted)


def check_rows(servers: Sequence[DatabaseServer], rows: Sequence[MarkerRow]) -> None:
    """Fail unless each row is in a database of the app; an upgrade may move it to another.

    Args:
        servers: the app's, as they are now.
        rows: what must be there.

    Raises:
        RecipeFailure: one is missing; the sentence names its database.
        NodeFailure: a database does not answer in time.
    """
    if not rows:
        return
    there = {content for server in servers for content in _contents(server)}
    for row in rows:
        if row.content not in there:
            raise RecipeFailure(
                f"The row planted in {row.place} is gone: table {TABLE} "
                f"{'has other rows' if there else 'is missing or empty'}. Check that the database "
                "keeps its data in a volume, that the dump holds all of it, and that the restore "
                "loads the dump."
            )


def check_rows_gone(servers: Sequence[DatabaseServer], rows: Sequence[MarkerRow]) -> None:
    """Fail when a row is still there although the volumes were removed.

    Raises:
        RecipeFailure: one is; the sentence names its database.
        NodeFailure: a database does not answer in time.
    """
    there = {content for server in servers for content in _contents(server)}
    for row in rows:
        if row.content in there:
            raise RecipeFailure(
                f"The row planted in {row.place} is still there although the app's volumes were "
                "removed: the database keeps its data elsewhere."
            )


def spoil_rows(servers: Sequence[DatabaseServer]) -> None:
    """Remove the table, as a user does who deletes data by mistake."""
    for server in servers:
        server.write(f"DROP TABLE IF EXISTS {TABLE};\n")


def _contents(server: DatabaseServer) -> list[str]:
    named = "information_schema.tables WHERE table_name ="
    if not server.query(f"SELECT table_name AS found FROM {named} '{TABLE}'"):
        return []
    rows = server.query(f"SELECT content AS found FROM {TABLE}")
    return [row["found"] for row in rows if row["found"]]
