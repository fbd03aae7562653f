"""Reads and writes an app's .env file: values, and remarks such as `# length=40` after them."""

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab.standins.abracli.logs import Fatal

_KEY = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.]*)[ \t]*=[ \t]*")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"([^\n]*)', re.DOTALL)
_SINGLE = re.compile(r"'([^']*)'([^\n]*)")
_REFERENCE = re.compile(r"(\\)?\$(?:\{(\w+)\}|(\w+))")
# Of one value. Each line can double the one before it.
_LONGEST = 1 << 20
_ESCAPES = {"\\n": "\n", "\\r": "\r", '\\"': '"', "\\\\": "\\"}
_TYPE_LINE = re.compile(r"^(\s*(?:TYPE|RECIPE)=)([^\s#]*)(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class EnvFile:
    """A parsed .env file.

    Attributes:
        values: the value of each key, with references to earlier keys replaced; the last line of a
            key counts.
        remarks: the `name=value` pairs in the comment after a key, for example length or charset.
    """

    values: dict[str, str]
    remarks: dict[str, dict[str, str]]


def parse(text: str, source: str = ".env") -> EnvFile:
    """Parse a .env file.

    Args:
        text: the content of the file.
        source: the name of the file, for messages.

    Raises:
        Fatal: a line is neither a comment nor KEY=value.

    Example:
        >>> parse('A=1\\nA="$A:2"  # length=3').values
        {'A': '1:2'}
    """
    values: dict[str, str] = {}
    remarks: dict[str, dict[str, str]] = {}
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        line = text[at : end if end >= 0 else len(text)]
        if not line.strip() or line.lstrip().startswith("#"):
            at += len(line) + 1
            continue
        key = _KEY.match(line)
        if not key:
            number = text.count("\n", 0, at) + 1
            raise Fatal(f"unable to read {source}: line {number} is not KEY=value")
        value, rest, at = _value(text, at + key.end(), values)
        values[key.group(1)] = value
        comment = rest.partition("#")[2]
        remarks[key.group(1)] = dict(re.findall(r"([\w-]+)=(\S+)", comment))
    return EnvFile(values, remarks)


def read(path: Path) -> EnvFile:
    """Parse the .env file at a path.

    Raises:
        Fatal: it does not exist, or is not a valid .env file.
    """
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise Fatal(f"unable to read {path}: {error}") from None


def write_version(path: Path, recipe: str, version: str) -> None:
    """Set `TYPE=recipe:version` in an app's .env file; the rest is unchanged."""
    text = path.read_text(encoding="utf-8")
    entry = f"{recipe}:{version}" if version else recipe
    changed, count = _TYPE_LINE.subn(lambda m: f"{m.group(1)}{entry}{m.group(3)}", text)
    if not count:
        changed = text + ("" if text.endswith("\n") or not text else "\n") + f"TYPE={entry}\n"
    if changed != text:
        replace(path, changed)


def replace(path: Path, text: str) -> None:
    """Write a file in one step: a reader sees either the old or the new content."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).chmod(mode)
    Path(name).replace(path)


def _value(text: str, at: int, earlier: dict[str, str]) -> tuple[str, str, int]:
    """Return the value at a position, the rest of its line, and the position of the next line."""
    if found := _SINGLE.match(text, at):
        return found.group(1), found.group(2), found.end() + 1
    if found := _DOUBLE.match(text, at):
        raw = re.sub(r'\\[nr"\\]', lambda m: _ESCAPES[m.group(0)], found.group(1))
        return _expand(raw, earlier), found.group(2), found.end() + 1
    end = text.find("\n", at)
    line = text[at : end if end >= 0 else len(text)]
    # A comment must have a space before it: `a#b` is a value.
    comment = re.search(r"(?:^|\s)#", line)
    raw = line[: comment.start()] if comment else line
    rest = line[comment.start() :] if comment else ""
    return _expand(raw.strip(), earlier), rest, at + len(line) + 1


def _expand(value: str, earlier: dict[str, str]) -> str:
    def fill(found: "re.Match[str]") -> str:
        if found.group(1):
            return found.group(0)[1:]
        return earlier.get(found.group(2) or found.group(3), "")

    names = (found.group(2) or found.group(3) for found in _REFERENCE.finditer(value))
    if len(value) + sum(len(earlier.get(name, "")) for name in names) > _LONGEST:
        raise Fatal(f"a value has more than {_LONGEST} characters with its references filled in")
    return _REFERENCE.sub(fill, value)
