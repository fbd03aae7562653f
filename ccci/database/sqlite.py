"""SQLite: a file of the app, copied out of its container and read here."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccci.database.dump import Dump
from ccci.database.servers import Row
from ccci.errors import NodeFailure, RecipeFailure
from ccci.swarm.copying import MIB, first_bytes, read_file
from ccci.waiting import Look, TooLate, wait_for

HEADER = b"SQLite format 3\0"
# The log of changes that are not yet in the file, and of those that must be undone.
_BESIDE = ("", "-wal", "-journal")
_STILL_SECONDS = 60
# It is held in memory twice, to see whether it holds still.
_LARGEST_BYTES = 100 * MIB
_LARGEST_FOLDER_BYTES = 4096 * MIB


@dataclass(frozen=True)
class SqliteFile:
    """A SQLite database in a container of the app.

    Attributes:
        container: the container, as Docker's client has it.
        service: its service, by the name in the compose file.
        path: the file in the container.
    """

    container: Any
    service: str
    path: str

    @property
    def place(self) -> str:
        """What it is and where, to be read in a sentence."""
        return f"the SQLite database {self.path} of service {self.service}"

    def dump(self) -> Dump:
        """Return a dump of the whole database.

        Raises:
            NodeFailure: the file changes all the time, is damaged, or is no SQLite database.
            RecipeFailure: it is not there, is larger than 100 MiB, or has no rows.
        """
        with self._copy() as database:
            dump = Dump(self.place, "\n".join(database.iterdump()))
        dump.check_whole("COMMIT;")
        return dump

    def query(self, sql: str) -> list[Row]:
        """Return the rows that a query gives: column to text, None for NULL, bytes in hex.

        Args:
            sql: one SELECT. It is asked of a copy.

        Raises:
            RecipeFailure: SQLite refuses it, or the file is not there or larger than 100 MiB.
            NodeFailure: the file changes all the time, is damaged, or is no SQLite database.
        """
        with self._copy() as database:
            try:
                answer = database.execute(sql)
                columns = [str(column[0]) for column in answer.description or ()]
                found = answer.fetchall()
            except sqlite3.Error as error:
                raise RecipeFailure(f"Expected {self.place} to answer; it said: {error}.") from None
        return [dict(zip(columns, map(_as_text, row), strict=True)) for row in found]

    @contextmanager
    def _copy(self) -> Iterator[sqlite3.Connection]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "database"
            for suffix, content in self._files().items():
                file.with_name(f"database{suffix}").write_bytes(content)
            with closing(sqlite3.connect(file)) as database:
                database.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
                try:
                    said = database.execute("PRAGMA quick_check").fetchone()[0]
                    database.execute("PRAGMA query_only = ON")
                except sqlite3.DatabaseError as error:
                    said = str(error)
                if said != "ok":
                    raise NodeFailure(f"The copy of {self.place} cannot be read: {said}.")
                yield database

    def _files(self) -> dict[str, bytes]:
        """The file and its logs at one moment: two copies in a row, made under the app, are one."""
        seen: dict[str, bytes] = {}

        def look() -> Look:
            nonlocal seen
            before, seen = seen, self._files_now()
            return Look(seen == before, "two copies in a row that differ")

        try:
            wait_for(f"{self.place} to hold still", look, _STILL_SECONDS)
        except TooLate as late:
            raise NodeFailure(str(late)) from None
        return seen

    def _files_now(self) -> dict[str, bytes]:
        files = {suffix: self._file(self.path + suffix) for suffix in _BESIDE}
        if files[""] is None:
            raise RecipeFailure(
                f"Expected {self.place}; there is no such file. If it lies elsewhere, write into "
                'recipe.toml, as in\n[database]\nfile = "/data/app.db"'
            )
        return {suffix: content for suffix, content in files.items() if content is not None}

    def _file(self, path: str) -> bytes | None:
        return read_file(self.container, path, _LARGEST_BYTES)


def sqlite_files_in(container: Any, folder: str) -> list[str]:
    """Return the SQLite databases below a folder of a container, known by their header.

    Raises:
        RecipeFailure: the folder holds more than 4 GiB.
    """
    found = first_bytes(container, folder, len(HEADER), _LARGEST_FOLDER_BYTES)
    return sorted(path for path, begin in found if begin == HEADER)


def _as_text(value: object) -> str | None:
    if value is None:
        return None
    return value.hex() if isinstance(value, bytes) else str(value)
