"""The values that the variables of a recipe's compose files can have: .env.sample and abra.sh.

Nothing is executed. A variable can have every value that a line of these files gives it, and the
default that a compose file gives it. Without either, its value is unknown.
"""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ccci.recipe.yaml_file import Unreadable, read_text

# Placeholders with a character that no recipe can write.
STACK = "\x01stack\x01"
DOMAIN = "\x01domain\x01"
# A run leaves it empty, so that no app asks an authority for a certificate.
_RESOLVER = "LETS_ENCRYPT_ENV"
_MOST_VALUES = 64
_LONGEST = 4096
_MOST_FILLED_IN = 1 << 16
# Docker also accepts a default without braces, and letters that only fold to ASCII letters.
_REFERENCE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<bare>[A-Za-z_]\w*+)(?!:?[-?+]|[^\x00-\x7f])"
    r"|\{(?P<braced>[A-Za-z_]\w*)(?:(?P<operator>:?[-?+])(?P<word>[^{}$]*))?\}|(?P<odd>))",
    re.ASCII,
)
_LINE = re.compile(r"[ \t]*(?P<key>[A-Za-z_]\w*)[ \t]*=[ \t]*(?P<value>.*)", re.ASCII)
# All parsers of .env files agree on where such a quoted value ends.
_QUOTED = re.compile(
    r"""(?:"(?P<double>(?:[^"\\]|\\[^\\]|\\\\(?!["\\]))*)"|'(?P<single>(?:[^'\\]|\\(?!'))*)')"""
    r"[ \t]*(?:#.*)?"
)
# The references that .env files may have; parsers differ on all other forms.
_EARLIER = re.compile(r"\$(?:\{([A-Z_][A-Z0-9_]*)\}|([A-Z_][A-Z0-9_]*)(?!\w))", re.ASCII)
_PLAIN = r"[\w./:@%+,=~^-]*"
_EXPORT = re.compile(
    rf"""export[ \t]+(?P<key>[A-Za-z_]\w*)=(?P<value>{_PLAIN}|"[^"'`$\\]*"|'[^"'`$\\]*')"""
    r"(?P<rest>[ \t]*|[ \t]+#.*)",
    re.ASCII,
)
_SURE_EXPORT = re.compile(r"export [A-Za-z_]\w*=\w[\w./:@%+,-]*", re.ASCII)
# abra may read such a line from its last export on.
_TWICE = re.compile(r"\s*export\s.*export\s")
_INNER_EXPORT = re.compile(
    rf"""\bexport[ \t]+(?P<key>\w+)=(?P<value>"[^"]*"|'[^']*'|{_PLAIN})""", re.ASCII
)
_NAME = re.compile(r"([A-Za-z_]\w*)[ \t]*=", re.ASCII)
_WITH_OPERATOR = re.compile(r"\$(?:\{([A-Za-z_]\w*)(:?[-+])?|([A-Za-z_]\w*))", re.ASCII)
# Settings that recipes have by convention, so that not every .env.sample names them.
_USUAL = frozenset(
    ("COMPOSE_FILE", "DOMAIN", "ENABLE_AUTO_UPDATE", "ENABLE_BACKUPS", "EXTRA_DOMAINS",
     "LETS_ENCRYPT_ENV", "RECIPE", "STACK_NAME", "TIMEOUT", "TYPE")
)  # fmt: skip
# Names under which the environment of whoever deploys has proxies, agents and credentials.
_OF_WHOEVER_DEPLOYS = re.compile(
    r"(HTTPS?|FTP|ALL|NO)_PROXY|SSH_(AUTH_SOCK|AGENT_PID|CLIENT|CONNECTION)"
    r"|(AWS|AZURE|GOOGLE)_\w+"
    r"|\w*(TOKEN|PASSW|SECRET|CREDENTIAL|PRIVATE_KEY|API_?KEY)\w*",
    re.IGNORECASE,
)
# Names with a meaning for the machine: for its program loader, its shell, abra, or docker.
_RESERVED = re.compile(
    r"LD_\w*|GLIBC_TUNABLES|GCONV_PATH|PATH|HOME|TERM|(ABRA|CCCI|GIT|XDG)_\w*"
    r"|DOCKER_(HOST|CONFIG|CONTEXT|CERT_PATH|TLS|TLS_VERIFY|API_VERSION|AUTH_CONFIG|CUSTOM_HEADERS"
    r"|CLI_\w*|CONTENT_TRUST\w*|DEFAULT_PLATFORM|STACK_ORCHESTRATOR|ORCHESTRATOR|BUILDKIT|TMPDIR)"
)


@dataclass(frozen=True)
class Problem:
    """A line of .env.sample or abra.sh that is not allowed."""

    file: str
    line: int
    what: str


@dataclass(frozen=True)
class Resolved:
    """The values that a text with variables can have.

    Attributes:
        texts: each value that it can have.
        unknown: its variables whose value is not known, or that cannot be read.
        odd: those of them that cannot be read, and references that docker reads differently.
    """

    texts: tuple[str, ...]
    unknown: tuple[str, ...]
    odd: tuple[str, ...] = ()


def is_reserved(name: str) -> bool:
    """Return whether the name of a variable is reserved for the machine.

    Example:
        >>> is_reserved("LD_PRELOAD"), is_reserved("LDAP_HOST")
        (True, False)
    """
    return _RESERVED.fullmatch(name) is not None


def names_in(text: str) -> list[str]:
    """Return the variables that a text refers to, including those in defaults.

    Example:
        >>> names_in("${A:-$B}/$$C")
        ['A', 'B']
    """
    return re.findall(r"\$\{?([A-Za-z_]\w*)", text.replace("$$", ""))


class Variables:
    """The variables of one recipe.

    Args:
        folder: its files; the lines that are not allowed are in `problems`.
        before: the files of the release that an upgrade starts from; its settings stay in use.
        run_sets: variables that the run itself sets, with the values that each can have.
    """

    def __init__(
        self,
        folder: Path,
        before: Path | None = None,
        run_sets: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    ) -> None:
        self._run_sets = run_sets
        self.problems: list[Problem] = []
        self._settings: dict[str, tuple[str, ...]] = {}
        self._exports: dict[str, tuple[str, ...]] = {}
        # Exported in a way that some parsers do not see.
        self._maybe_exported: set[str] = set()
        self._lines: dict[tuple[str, str], int] = {}
        self._lengths: dict[str, int] = {}
        # Set with quotes, backslashes or references that parsers read differently.
        self._unreadable: set[str] = set()
        # Set, exported, or in a comment that says which setting there is.
        self._named: set[str] = set()
        self._before = Variables(before, run_sets=run_sets) if before else None
        for name, parse in ((".env.sample", self._settings_in), ("abra.sh", self._exports_in)):
            path = folder / name
            if not path.is_symlink() and not path.exists():
                continue
            try:
                parse(read_text(path), name)
            except Unreadable as error:
                self.problems.append(Problem(name, error.line, f"it {error.what}"))

    def of(self, name: str) -> tuple[str, ...]:
        """Return the values that a variable can have; none if it is not set anywhere."""
        found = dict.fromkeys([*self._exports.get(name, ()), *self._settings.get(name, ())])
        before = self._before._settings.get(name, ()) if self._before else ()
        return tuple(dict.fromkeys([*found, *before, *self._run_sets.get(name, ())]))

    def is_named(self, name: str) -> bool:
        """Return whether the recipe has this variable; a comment in .env.sample is enough."""
        earlier = self._before._named if self._before else set()
        return name in _USUAL or name in self._named or name in earlier

    def unnamed_in(self, text: str) -> list[str]:
        """Return the variables in a text whose value may be that of whoever deploys.

        That is each variable that the recipe does not have. Where the text has a default for it,
        it is none of theirs, unless it has a name that is usual for proxies or credentials.

        Example:
            >>> Variables(Path("/nowhere")).unnamed_in("${A:-x} ${AWS_REGION:-x} $B $DOMAIN")
            ['AWS_REGION', 'B']
        """
        found = _WITH_OPERATOR.findall(text.replace("$$", ""))
        return [
            braced or bare
            for braced, operator, bare in found
            if not self.is_named(braced or bare)
            and not is_reserved(braced or bare)
            and not (braced or bare).endswith("_VERSION")  # Of a secret or config: see abra.sh.
            and (not operator or _OF_WHOEVER_DEPLOYS.fullmatch(braced))
        ]

    def is_own(self, name: str, value: str) -> bool:
        """Return whether the recipe itself, and not the release before, sets this value."""
        return (name, value) in self._lines

    def line_of(self, name: str, value: str) -> int:
        """Return the line that sets a variable to a value."""
        return self._lines.get((name, value), 1)

    def resolve(self, text: str) -> Resolved:
        """Return the values that a text of a compose file can have with its variables filled in.

        Example:
            >>> Variables(Path("/nowhere")).resolve("${DATA:-data}/$X")
            Resolved(texts=('data/',), unknown=('X',), odd=())
        """
        unknown: list[str] = []
        odd: list[str] = []
        parts: list[tuple[str, ...]] = []
        at = 0
        for found in _REFERENCE.finditer(text):
            parts += [(text[at : found.start()],), self._choices(found, unknown, odd)]
            at = found.end()
        parts.append((text[at:],))
        texts = _products(parts)
        if not texts:
            return Resolved((), (*unknown, "too many values"), (*odd, "too many values"))
        return Resolved(texts, tuple(dict.fromkeys(unknown)), tuple(dict.fromkeys(odd)))

    def _choices(
        self, found: "re.Match[str]", unknown: list[str], odd: list[str]
    ) -> tuple[str, ...]:
        if found.group("escaped"):
            return ("$",)
        name = found.group("bare") or found.group("braced")
        operator, default = found.group("operator") or "", found.group("word") or ""
        if not name or is_reserved(name) or not self._is_readable(name):
            unknown.append(name or "$")
            odd.append(name or "$")
            return ("",)
        if operator.endswith("+"):
            return ("", default)
        if name in ("STACK_NAME", "DOMAIN"):
            return (STACK if name == "STACK_NAME" else DOMAIN,)
        if name == _RESOLVER:
            return ("", default) if operator.endswith("-") else ("",)
        if operator.endswith("-"):
            return tuple(dict.fromkeys([*self.of(name), default]))
        if self._is_set(name):
            return self.of(name)
        unknown.append(name)
        return tuple(dict.fromkeys(["", *self.of(name)]))

    def _is_readable(self, name: str) -> bool:
        earlier = self._before._unreadable if self._before else set()
        return name not in self._unreadable and name not in earlier

    def _is_set(self, name: str) -> bool:
        """Return whether a variable has a value in every deployment of the recipe."""
        if name in self._exports and name not in self._maybe_exported:
            return True
        return name in self._settings and (not self._before or name in self._before._settings)

    def _problem(self, file: str, number: int, what: str) -> None:
        self.problems.append(Problem(file, number, what))

    def _settings_in(self, text: str, file: str) -> None:
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > _LONGEST:
                self._problem(file, number, f"the line is longer than {_LONGEST}")
                continue
            if re.search(r"\blength=\S{5,}", line):
                self._problem(file, number, "it asks for a secret that is too long")
            if not line.strip() or line.lstrip().startswith("#"):
                if named := _NAME.match(line.lstrip(" \t#")):
                    self._named.add(named[1])
                continue
            found = _LINE.fullmatch(line.rstrip(" \t\r"))
            if not found:
                self._problem(file, number, "the line is neither KEY=value nor a comment")
                continue
            self._setting(found["key"], found["value"], file, number)
            for key in ("DOMAIN", _RESOLVER):
                if found["key"] == key and not line.startswith(f"{key}="):
                    self._problem(file, number, f"{key} is not at the start of the line")

    def _setting(self, key: str, value: str, file: str, number: int) -> None:
        if value.count("#") > _MOST_VALUES:
            # Each of them may begin the comment.
            self._problem(file, number, f"the line has more than {_MOST_VALUES} '#'")
            return
        quoted = _QUOTED.fullmatch(value)
        if not quoted and value[:1] in ("'", '"'):
            what = "the quote is not closed, or something other than a comment follows it"
            self._problem(file, number, what)
            return
        if quoted and quoted["single"] is not None:
            values: tuple[str, ...] = (quoted["single"],)
            plain = "\\" not in quoted["single"]
        else:
            texts = [quoted["double"]] if quoted else _without_comment(value)
            # Only some parsers strip white space that is not ASCII.
            plain = not re.search(r"\\" if quoted else r"[\"'\\]|[^\S \t]", texts[-1])
            values = ()
            for text in texts:
                found = self._expanded(text)
                plain = plain and bool(found)
                values += found
        if not plain:
            self._unreadable.add(key)
        length = len(value) + sum(self._lengths.get(name, 0) for name in names_in(value))
        self._lengths[key] = max(length, self._lengths.get(key, 0))
        if length > _MOST_FILLED_IN:
            self._problem(file, number, "the value is too long with its references filled in")
        if key == "COMPOSE_FILE" and not plain:
            self._problem(file, number, "COMPOSE_FILE can be read in more than one way")
        if key in ("TYPE", "RECIPE") and not all(re.fullmatch(r"[\w-]*", v) for v in values):
            self._problem(file, number, f"{key} is not just the name of a recipe")
        self._note(self._settings, key, values, file, number)

    def _expanded(self, text: str) -> tuple[str, ...]:
        """Return the values that a text of .env.sample can have; none if parsers differ on it."""
        parts: list[tuple[str, ...]] = []
        at = 0
        for found in _EARLIER.finditer(text):
            name = found[1] or found[2]
            if name == "STACK_NAME" or is_reserved(name) or name in self._unreadable:
                return ()
            values = (*self._settings.get(name, ("",)), *self._run_sets.get(name, ()))
            own = name == "DOMAIN" and name in self._settings
            parts += [(text[at : found.start()],), (DOMAIN,) if own else values]
            at = found.end()
        parts.append((text[at:],))
        return () if any("$" in part[0] for part in parts[::2]) else _products(parts)

    def _exports_in(self, text: str, file: str) -> None:
        for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
            if line.lstrip().startswith("#"):
                continue
            if len(line) > _LONGEST and "export" in line:
                self._problem(file, number, f"the line is longer than {_LONGEST}")
                continue
            found = _EXPORT.fullmatch(line)
            starts = re.match(r"export(\s|$)", line)
            if _TWICE.match(line) or (starts and (not found or "export" in found["rest"])):
                what = "the export is not a plain NAME=value on one line, without $ and `"
                self._problem(file, number, what)
            for one in [found] if found else _INNER_EXPORT.finditer(line):
                key, value = one["key"], one["value"]
                if key in ("DOMAIN", "COMPOSE_FILE", _RESOLVER):
                    what = f"it exports {key}, which each app sets itself"
                    self._problem(file, number, what)
                    continue
                if not _SURE_EXPORT.fullmatch(line):
                    self._maybe_exported.add(key)
                readings = [value[1:-1] if value[:1] in ("'", '"') else value]
                if found and found["rest"].strip():
                    # Some parsers take the comment as part of the value.
                    readings.append(value + found["rest"])
                self._note(self._exports, key, tuple(readings), file, number)

    def _note(
        self,
        where: dict[str, tuple[str, ...]],
        key: str,
        readings: tuple[str, ...],
        file: str,
        number: int,
    ) -> None:
        if key == "STACK_NAME" or is_reserved(key):
            what = f"it sets {key}, which is reserved for the machine"
            self._problem(file, number, what)
            return
        self._named.add(key)
        merged = dict.fromkeys(where.get(key, ()))
        for reading in readings:
            merged[reading] = None
            self._lines.setdefault((key, reading), number)
        where[key] = tuple(merged)[: _MOST_VALUES + 1]


def _products(parts: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Return all texts with one choice for each part; none if there are too many."""
    count, length = 1, 0
    for part in parts:
        count *= len(part)
        length += max(map(len, part), default=0)
        if count > _MOST_VALUES or length > 4 * _LONGEST:
            return ()
    return tuple(dict.fromkeys("".join(one) for one in itertools.product(*parts)))


def _without_comment(value: str) -> list[str]:
    """Return an unquoted value in each way that parsers may cut its comment off."""
    cuts = [found.start() for found in re.finditer("#", value)]
    readings = [value[:at].rstrip(" \t") for at in cuts]
    # A comment follows white space. If no # does, it may be part of the value.
    if not any(at and value[at - 1] in " \t" for at in cuts):
        readings.append(value)
    return list(dict.fromkeys(readings))
