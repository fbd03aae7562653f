"""What the variables of a recipe's compose files can be, read from .env.sample and abra.sh.

Nothing is executed. A variable has all the values that a line of these files gives it, beside the
default that a compose file writes; a value that nobody writes is unknown.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loop.yamltree import Unreadable, read_text

# In their place stand words that no recipe can write.
STACK = "\x01stack\x01"
DOMAIN = "\x01domain\x01"
_MOST_VALUES = 64
_REFERENCE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<bare>[A-Za-z_]\w*)"
    r"|\{(?P<braced>[A-Za-z_]\w*)(?:(?P<operator>:?[-?+])(?P<word>[^{}$]*))?\}|(?P<odd>))",
    re.ASCII,
)
_LINE = re.compile(r"\s*(?P<key>[A-Za-z_]\w*)\s*=\s*(?P<value>.*?)\s*", re.ASCII)
_QUOTED = re.compile(r"""(?P<quote>["'])(?P<text>[^"'\\]*)(?P=quote)\s*(?:#.*)?""")
_EXPORT = re.compile(r"""\bexport[ \t]+(?P<key>\w+)=(?P<value>"[^"]*"|'[^']*'|.*)""", re.MULTILINE)
# Names that mean something to the machine: its loader of programs, its shell, docker itself.
_OF_THE_MACHINE = re.compile(
    r"LD_\w*|GLIBC_TUNABLES|GCONV_PATH|PATH|HOME|TERM|(ABRA|CCCI|GIT|XDG)_\w*"
    r"|DOCKER_(HOST|CONFIG|CONTEXT|CERT_PATH|TLS|TLS_VERIFY|API_VERSION|AUTH_CONFIG|CUSTOM_HEADERS"
    r"|CLI_\w*|CONTENT_TRUST\w*|DEFAULT_PLATFORM|STACK_ORCHESTRATOR|ORCHESTRATOR|BUILDKIT|TMPDIR)"
)


@dataclass(frozen=True)
class Fault:
    """A line of .env.sample or abra.sh that no recipe may have."""

    file: str
    line: int
    what: str


@dataclass(frozen=True)
class Resolved:
    """What a text can be.

    Attributes:
        texts: each value that it can have.
        unknown: the variables whose value nobody writes, or that cannot be read.
    """

    texts: tuple[str, ...]
    unknown: tuple[str, ...]


def is_of_the_machine(name: str) -> bool:
    """Tell whether a variable's name belongs to the machine and not to a recipe.

    Example:
        >>> is_of_the_machine("LD_PRELOAD"), is_of_the_machine("LDAP_HOST")
        (True, False)
    """
    return _OF_THE_MACHINE.fullmatch(name) is not None


def names_in(text: str) -> list[str]:
    """Return the variables that a text refers to, also those within defaults.

    Example:
        >>> names_in("${A:-$B}/$$C")
        ['A', 'B']
    """
    return re.findall(r"\$\{?([A-Za-z_]\w*)", text.replace("$$", ""))


class Variables:
    """The variables of one recipe."""

    def __init__(self, folder: Path) -> None:
        """Read the recipe's files; what is wrong with them is in `faults`."""
        self.faults: list[Fault] = []
        self._values: dict[str, tuple[str, ...]] = {}
        self._lines: dict[tuple[str, str], int] = {}
        # Set with quotes or backslashes that parsers see differently.
        self._unreadable: set[str] = set()
        for name, parse in ((".env.sample", self._settings_in), ("abra.sh", self._exports_in)):
            path = folder / name
            if not path.is_symlink() and not path.exists():
                continue
            try:
                parse(read_text(path), name)
            except Unreadable as fault:
                self.faults.append(Fault(name, fault.line, f"it {fault.what}"))

    def of(self, name: str) -> tuple[str, ...]:
        """Return the values that a variable can have; none when nobody sets it."""
        return self._values.get(name, ())

    def line_of(self, name: str, value: str) -> int:
        """Return the line that gives a variable a value."""
        return self._lines.get((name, value), 1)

    def resolve(self, text: str) -> Resolved:
        """Return what a text of a compose file can be, its variables filled in.

        Example:
            >>> Variables(Path("/nowhere")).resolve("${DATA:-data}/$X")
            Resolved(texts=('data/',), unknown=('X',))
        """
        unknown: list[str] = []
        parts: list[tuple[str, ...]] = []
        at = 0
        for found in _REFERENCE.finditer(text):
            parts += [(text[at : found.start()],), self._choices(found, unknown)]
            at = found.end()
        parts.append((text[at:],))
        count = 1
        for part in parts:
            count *= len(part)
        if count > _MOST_VALUES:
            return Resolved((), (*unknown, "too many values"))
        texts = dict.fromkeys("".join(one) for one in itertools.product(*parts))
        return Resolved(tuple(texts), tuple(dict.fromkeys(unknown)))

    def _choices(self, found: "re.Match[str]", unknown: list[str]) -> tuple[str, ...]:
        if found.group("escaped"):
            return ("$",)
        name = found.group("bare") or found.group("braced")
        if name in ("STACK_NAME", "DOMAIN"):
            return (STACK if name == "STACK_NAME" else DOMAIN,)
        operator, word = found.group("operator") or "", found.group("word") or ""
        odd = not name or is_of_the_machine(name) or name in self._unreadable
        values = () if odd else self.of(name)
        if odd or (not values and operator[-1:] in ("", "?")):
            unknown.append(name or "$")
            return ("",)
        if operator.endswith("-"):
            return tuple(dict.fromkeys([*values, word]))
        return ("", word) if operator.endswith("+") else values

    def _settings_in(self, text: str, file: str) -> None:
        for number, line in enumerate(text.split("\n"), 1):
            if re.search(r"\blength=\S{5,}", line):
                self.faults.append(Fault(file, number, "it asks for an endless secret"))
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            found = _LINE.fullmatch(line.rstrip("\r"))
            quote = found["value"][:1] if found else ""
            if found and quote in ("'", '"') and found["value"].count(quote) < 2:
                self.faults.append(Fault(file, number, "the quote that opens is never closed"))
                continue
            if not found:
                self.faults.append(Fault(file, number, "the line is no KEY=value and no comment"))
                continue
            if not _QUOTED.fullmatch(found["value"]) and re.search(r"[\"'\\]", found["value"]):
                self._unreadable.add(found["key"])
            self._note(found["key"], self._readings(found["value"]), file, number)

    def _readings(self, value: str) -> Iterator[str]:
        quoted = _QUOTED.fullmatch(value)
        if quoted and quoted["quote"] == "'":
            yield quoted["text"]
        elif quoted:
            yield from self.resolve(quoted["text"]).texts
        else:
            # Whether a comment begins at '#' or at ' #' is seen differently.
            for reading in {re.split(r"(?:^|\s)#", value)[0].strip(), value.split("#")[0].strip()}:
                yield from self.resolve(reading).texts

    def _exports_in(self, text: str, file: str) -> None:
        for found in _EXPORT.finditer(text):
            number = text.count("\n", 0, found.start()) + 1
            if found["key"] in ("DOMAIN", "COMPOSE_FILE"):
                what = f"it exports {found['key']}, which is the app's own"
                self.faults.append(Fault(file, number, what))
                continue
            value = found["value"]
            quoted = value[0] in "\"'" if value else False
            reading = value[1:-1] if quoted else re.split(r"[\s#;&|]", value)[0]
            self._note(found["key"], iter([reading]), file, number)

    def _note(self, key: str, readings: Iterator[str], file: str, number: int) -> None:
        if key == "STACK_NAME" or is_of_the_machine(key):
            what = f"it sets {key}, which belongs to the machine"
            self.faults.append(Fault(file, number, what))
            return
        merged = dict.fromkeys(self._values.get(key, ()))
        for reading in readings:
            merged[reading] = None
            self._lines.setdefault((key, reading), number)
        self._values[key] = tuple(merged)[: _MOST_VALUES + 1]
