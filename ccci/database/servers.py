"""PostgreSQL, MariaDB and MySQL: read by their own clients, in their own container.

Credentials stay there: a client gets them in its environment from the container's own settings, or
from the files that these name. Queries go by standard input. So neither stands on a command line.
"""

import csv
import io
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ccci.database.dump import Dump
from ccci.errors import Misuse, NodeFailure, RecipeFailure

ServerKind = Literal["postgres", "mariadb", "mysql"]
Row = dict[str, str | None]

NAMES: dict[ServerKind, str] = {
    "postgres": "PostgreSQL",
    "mariadb": "MariaDB",
    "mysql": "MySQL",
}
_LAST_LINES: dict[ServerKind, str] = {
    "postgres": "-- PostgreSQL database dump complete",
    "mariadb": "-- Dump completed",
    "mysql": "-- Dump completed",
}
_SECONDS = 300
# What clients, and Docker, say of a server that is not there.
_AWAY = re.compile(
    r"is shutting down|is starting up|in recovery mode|connection refused|is the server running"
    r"|closed the connection unexpectedly|can't connect to (?:local|server|mysql)"
    r"|lost connection|server has gone away|container \S+ is not running",
    re.IGNORECASE,
)
# What psql is told to write for NULL.
_NULL = "\x01NULL\x01"

_SCRIPTS: dict[ServerKind, str] = {
    "postgres": "postgresql.sh",
    "mariadb": "mariadb.sh",
    "mysql": "mariadb.sh",
}


@dataclass(frozen=True)
class DatabaseServer:
    """A database on a server that runs in a service of the app.

    Attributes:
        kind: what it is.
        service: the service, by its name in the compose file.
        image: its image.
        container: the container that runs it.
        name: the database's name; "" where the server's own settings tell it.
        user: who reads it; "" likewise.
        addresses: those of the container in the app's networks.
    """

    kind: ServerKind
    service: str
    image: str
    container: str
    name: str = ""
    user: str = ""
    addresses: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """What it is and where, to be read in a sentence."""
        named = f" {self.name!r}" if self.name else ""
        return f"the {NAMES[self.kind]} database{named} of service {self.service}"

    @property
    def server(self) -> str:
        """What the server is and where, whatever databases it has."""
        return f"{NAMES[self.kind]} of service {self.service}"

    def dump(self) -> Dump:
        """Return a dump of the whole database.

        Raises:
            NodeFailure: it cannot be made, or is cut short.
            RecipeFailure: the database has no rows, or is not there.
        """
        done = self._run("dump")
        self._require_there(done)
        if done.returncode != 0:
            raise NodeFailure(
                f"The dump of {self.place} ended with exit code {done.returncode}: "
                f"{_said(done)}. If it is read as the wrong user or under the wrong name, write "
                'both into recipe.toml, as in\n[database]\nname = "app"\nuser = "app"'
            )
        dump = Dump(self.place, done.stdout)
        dump.check_whole(_LAST_LINES[self.kind])
        return dump

    def query(self, sql: str) -> list[Row]:
        """Return the rows that a query gives: column to text, None for NULL.

        The session is read-only.

        Args:
            sql: one SELECT.

        Raises:
            RecipeFailure: the database refuses it.
            NodeFailure: there is no answer in time.
        """
        done = self._run("query", sql)
        if done.returncode != 0:
            raise RecipeFailure(f"Expected {self.place} to answer; it said: {_said(done)}.")
        return _rows_of_csv(done.stdout) if self.kind == "postgres" else _rows_of_xml(done.stdout)

    def write(self, sql: str) -> None:
        """Run statements that change the database.

        Args:
            sql: the statements, each with a semicolon at its end.

        Raises:
            Misuse: the database refuses them: it is not known who may write to it.
            RecipeFailure: it is not there, or stops or starts just now.
            NodeFailure: there is no answer in time.
        """
        done = self._run("write", sql)
        self._require_there(done)
        if done.returncode != 0:
            raise Misuse(
                f"Expected {self.place} to take a table of this project; it said: {_said(done)}. "
                "Write into recipe.toml who may write to which database, as in\n"
                '[database]\nname = "app"\nuser = "app"'
            )

    def _require_there(self, done: "subprocess.CompletedProcess[str]") -> None:
        if done.returncode != 0 and _AWAY.search(done.stderr):
            raise RecipeFailure(
                f"Expected {self.place} to be there; it said: {_said(done)}. Look at the log of "
                "the service: it lies with the results, in services/."
            )

    def knock(self, address: str, password: str) -> tuple[bool, str]:
        """Connect over the network, as another container of the app does.

        Args:
            address: one of the container's own.
            password: what to say; "" for none at all.

        Returns:
            Whether it was let in, and what the client said.

        Raises:
            NodeFailure: there is no answer in time.
        """
        done = self._run("knock", f"{password}\n", address)
        return done.returncode == 0, _said(done)

    def made_by(self) -> str:
        """Return the version of MariaDB that its system tables are of; "" where nothing tells it.

        Raises:
            RecipeFailure: the server is not there, or refuses to answer.
            NodeFailure: there is no answer in time.
        """
        done = self._run("made-by")
        self._require_there(done)
        if done.returncode != 0:
            raise RecipeFailure(f"Expected {self.place} to answer; it said: {_said(done)}.")
        return done.stdout.strip()

    def _run(
        self,
        what: Literal["dump", "query", "write", "knock", "made-by"],
        standard_input: str = "",
        address: str = "",
    ) -> "subprocess.CompletedProcess[str]":
        folder = Path(__file__).parent
        parts = [folder / "settings.sh", folder / _SCRIPTS[self.kind]]
        script = "".join(part.read_text(encoding="utf-8") for part in parts)
        command = ["docker", "exec", "-i", self.container, "sh", "-c", script, "sh", what]
        try:
            return subprocess.run(
                [*command, self.name, self.user, address],
                input=standard_input,
                capture_output=True,
                encoding="utf-8",
                errors="surrogateescape",
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NodeFailure(f"Asking {self.place} did not end within {_SECONDS} s.") from None


def what_was_told(lines: Iterable[str]) -> str:
    """Return what servers told, a line for each; or that there was none to be asked."""
    return "\n".join(lines) or "Nothing to ask: no service runs PostgreSQL, MariaDB or MySQL."


def _rows_of_csv(text: str) -> list[Row]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return [
        {column: None if value == _NULL else value for column, value in row.items()} for row in rows
    ]


def _rows_of_xml(text: str) -> list[Row]:
    if not text.strip():
        return []
    nil = "{http://www.w3.org/2001/XMLSchema-instance}nil"
    return [
        {field.attrib["name"]: None if nil in field.attrib else field.text or "" for field in row}
        for row in ElementTree.fromstring(text).iter("row")
    ]


def _said(done: "subprocess.CompletedProcess[str]") -> str:
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return " | ".join(lines[-4:]).rstrip(".") or "nothing"
