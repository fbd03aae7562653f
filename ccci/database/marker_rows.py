"""The generic seed in databases: one row in a table of its own, for every recipe.

It proves that a dump holds what was written, and that a restore brings it back unchanged: a text
that a wrong character set spoils, and each byte that there is. It proves nothing about the app: the
recipe's own seed does that.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ccci.database.servers import DatabaseServer, ServerKind
from ccci.errors import RecipeFailure

TABLE = "ccci_marker"
# What a dump may spoil: four bytes for one character, and all that has a meaning in SQL.
_WORDS = "Grüße 🌱 'once' \"twice\" back\\slash\tand a\nnew line"
_OCTETS = bytes(range(256))
# Written and read in hex, so that no client's character set is in between.
_CREATE: dict[ServerKind, str] = {
    "postgres": "words text, octets bytea",
    "mariadb": "words text CHARACTER SET utf8mb4, octets blob",
    "mysql": "words text CHARACTER SET utf8mb4, octets blob",
}
_WRITE: dict[ServerKind, str] = {
    "postgres": "convert_from(decode('{words}', 'hex'), 'UTF8'), decode('{octets}', 'hex')",
    "mariadb": "convert(unhex('{words}') USING utf8mb4), unhex('{octets}')",
    "mysql": "convert(unhex('{words}') USING utf8mb4), unhex('{octets}')",
}
_READ: dict[ServerKind, str] = {
    "postgres": "encode(convert_to(words, 'UTF8'), 'hex') AS words, encode(octets, 'hex') octets",
    "mariadb": "hex(convert(words USING utf8mb4)) AS words, hex(octets) AS octets",
    "mysql": "hex(convert(words USING utf8mb4)) AS words, hex(octets) AS octets",
}


@dataclass(frozen=True)
class MarkerRow:
    """A row with random content, a text and bytes.

    Attributes:
        place: the database that it was written to, to be read in a sentence.
        content: the random content, by which it is found.
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
        values = _WRITE[server.kind].format(words=_WORDS.encode().hex(), octets=_OCTETS.hex())
        columns = f"content varchar(128) PRIMARY KEY, {_CREATE[server.kind]}"
        server.write(
            f"CREATE TABLE IF NOT EXISTS {TABLE} ({columns});\n"
            f"INSERT INTO {TABLE} VALUES ('{row.content}', {values});\n"
        )
        planted.append(row)
    return tuple(planted)


def check_rows(servers: Sequence[DatabaseServer], rows: Sequence[MarkerRow]) -> None:
    """Fail unless each row is in a database of the app, unchanged; it may move to another one.

    Args:
        servers: the app's, as they are now.
        rows: what must be there.

    Raises:
        RecipeFailure: one is missing, or has another text or other bytes; the sentence names its
            database.
        NodeFailure: a database does not answer in time.
    """
    if not rows:
        return
    there = {content: rest for server in servers for content, rest in _rows(server).items()}
    for row in rows:
        if row.content not in there:
            raise RecipeFailure(
                f"The row planted in {row.place} is gone: table {TABLE} "
                f"{'has other rows' if there else 'is missing or empty'}. Check that the database "
                "keeps its data in a volume, that the dump holds all of it, and that the restore "
                "loads the dump."
            )
        _check_unchanged(row, *there[row.content])


def check_rows_gone(servers: Sequence[DatabaseServer], rows: Sequence[MarkerRow]) -> None:
    """Fail when a row is still there although the volumes were removed.

    Raises:
        RecipeFailure: one is; the sentence names its database.
        NodeFailure: a database does not answer in time.
    """
    there = {content for server in servers for content in _rows(server)}
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


def _check_unchanged(row: MarkerRow, words: bytes, octets: bytes) -> None:
    if words != _WORDS.encode():
        raise RecipeFailure(
            f"The text planted in {row.place} was changed: expected {_WORDS!r}; it is "
            f"{words.decode('utf-8', 'replace')!r}. Check that the dump is made and loaded in "
            "UTF-8 (for MariaDB and MySQL utf8mb4), and that nothing rewrites it."
        )
    if octets != _OCTETS:
        raise RecipeFailure(
            f"The bytes planted in {row.place} were changed: expected each of 0 to 255 once; "
            f"there are {len(octets)}, in hex {octets[:300].hex()}. Check that nothing rewrites "
            "the dump; for MariaDB and MySQL, that it is made with --hex-blob."
        )


def _rows(server: DatabaseServer) -> Mapping[str, tuple[bytes, bytes]]:
    """Return the rows of the table: content to text and bytes."""
    named = "information_schema.tables WHERE table_name ="
    if not server.query(f"SELECT table_name AS found FROM {named} '{TABLE}'"):
        return {}
    rows = server.query(f"SELECT content, {_READ[server.kind]} FROM {TABLE}")
    return {
        str(row["content"]): (_from_hex(row["words"]), _from_hex(row["octets"])) for row in rows
    }


def _from_hex(text: str | None) -> bytes:
    return bytes.fromhex(text or "")
