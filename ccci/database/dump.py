"""A logical dump of a whole database: proven to be whole, then searched."""

import re
from dataclasses import dataclass
from functools import cached_property

from ccci.errors import Misuse, NodeFailure, RecipeFailure
from ccci.results.credentials import SHORTEST_SECRET, forms_of

# Every kind of dump here writes a row as one such statement. What is quoted in it may have line
# breaks of its own.
_ROW = re.compile(r"^INSERT INTO (\S+).*?\);$", re.MULTILINE | re.DOTALL)
_LAST_LINES = 20
# What a text in SQL looks like: quotes are doubled, or, in MariaDB's dumps, escaped.
_DOUBLED = str.maketrans({"'": "''"})
_ESCAPED = str.maketrans(
    {"'": r"\'", '"': r"\"", "\\": r"\\", "\n": r"\n", "\r": r"\r", "\0": r"\0", "\x1a": r"\Z"}
)


@dataclass(frozen=True)
class Dump:
    """A database as SQL statements, structure and rows.

    Attributes:
        place: where it is from, to be read in a sentence.
        text: all of it.
    """

    place: str
    text: str

    @cached_property
    def rows(self) -> list[str]:
        """The statements that make the rows, one each."""
        return [found.group() for found in _ROW.finditer(self.text)]

    def check_whole(self, last_line: str) -> None:
        """Fail unless the dump was written to its end and has rows in it.

        Args:
            last_line: how the line begins that the dump ends with.

        Raises:
            NodeFailure: it was cut short.
            RecipeFailure: the database has no rows.
        """
        lines = self.text.rstrip().splitlines()[-_LAST_LINES:]
        if not any(line.startswith(last_line) for line in lines):
            raise NodeFailure(
                f"The dump of {self.place} is cut short: after {len(self.text)} characters it ends "
                f"with {lines[-1][:80] if lines else ''!r}, not with {last_line!r}."
            )
        if not self.rows:
            raise RecipeFailure(
                f"Expected rows in {self.place}; it has none. If the app keeps its data in another "
                'database, name that one in recipe.toml, as in\n[database]\nname = "app"'
            )

    def check_contains(self, text: str, called: str) -> None:
        """Fail unless a text stands in one of the rows, as it is.

        Args:
            text: what to look for.
            called: what to call it in an error.

        Raises:
            Misuse: the text is blank.
            RecipeFailure: it is in no row.
        """
        if not text.strip():
            raise Misuse("A blank text is in every database: name something that is in one alone.")
        forms = {text, text.translate(_DOUBLED), text.translate(_ESCAPED)}
        if not any(form in row for row in self.rows for form in forms):
            raise RecipeFailure(
                f"Expected {called} in {self.place}; none of its {len(self.rows)} rows has it."
            )

    def check_contains_not(self, text: str, called: str) -> None:
        """Fail when a text stands anywhere in the dump: as it is, in base64, in hex or escaped.

        Args:
            text: what to look for.
            called: what to call it in an error.

        Raises:
            Misuse: the text is so short that it stands in every dump by chance.
            RecipeFailure: it is there; the sentence says in which table and form.
        """
        if len(text) < SHORTEST_SECRET:
            raise Misuse(
                f"{len(text)} characters are too few to look for in a dump, they stand there by "
                f"chance: take a text of {SHORTEST_SECRET} or more."
            )
        for form, manner in _forms(text).items():
            if form in self.text:
                raise RecipeFailure(
                    f"Expected {called} not to be in {self.place}; it is, {manner}, "
                    f"{self._table_at(self.text.index(form))}."
                )
            if form in self._unwrapped:
                raise RecipeFailure(
                    f"Expected {called} not to be in {self.place}; it is, {manner}, in lines."
                )

    @cached_property
    def _unwrapped(self) -> str:
        # Some write base64 in lines of 76 characters; line breaks may be escaped in a dump.
        return re.sub(r"\r|\n|\\r|\\n", "", self.text)

    def _table_at(self, position: int) -> str:
        for found in _ROW.finditer(self.text):
            if found.start() <= position < found.end():
                return f"in table {found[1]}"
        return "in its structure"


def _forms(text: str) -> dict[str, str]:
    """What a text may look like in a dump, and how to call that; the plainest first."""
    in_hex = text.encode().hex()
    forms: dict[str, str] = {}
    for manner, looks in (
        ("as it is", [text, text.translate(_DOUBLED), text.translate(_ESCAPED)]),
        ("in hex", [in_hex, in_hex.upper()]),
        ("encoded (base64, JSON, URL or HTML)", sorted(forms_of(text))),
    ):
        for look in looks:
            forms.setdefault(look, manner)
    return forms
