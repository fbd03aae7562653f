"""An app's .env file: read as abra reads it, and changed line by line."""

import re
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

from ccci.errors import Misuse, UnreadableRecipe
from ccci.recipe.yaml_file import MOST_BYTES

# Of one value. Each line can double the one before it.
_LONGEST = 1 << 16
_REFERENCE = re.compile(r"(\\)?\$(?:\{(\w+)\}|(\w+))")
_EXPORT = re.compile(r"^export[ \t]+(\w+)=(\"[^\"]*\"|'[^']*'|[^\s#]*)", re.MULTILINE)
_LINE = re.compile(r"^\s*(?:#.*)?$|^\s*[A-Za-z_][A-Za-z0-9_]*=.*$")


def read_env(path: Path) -> dict[str, str]:
    """Return the settings of an .env file; a line may refer to those before it.

    A reference to anything else is empty, as in abra. The environment of this process must not get
    into an app, whose recipe may come from anybody.

    Raises:
        Misuse: a line is neither a setting nor a comment, or a value or the file is too long; the
            sentence names the file and the line or the setting.
    """
    text = _text_of(path)
    for number, line in enumerate(text.splitlines(), 1):
        if "\x00" in line or not _LINE.match(line):
            raise Misuse(f"{path}:{number}: {line[:60]!r} is neither KEY=value nor a comment.")
        value = line.partition("=")[2].lstrip()
        if value[:1] in ("'", '"') and value.count(value[0]) < 2:
            raise Misuse(f"{path}:{number}: the quote that opens the value is never closed.")
    values: dict[str, str] = {}
    for binding in parse_stream(StringIO(text)):
        if binding.key is not None:
            value = binding.value or ""
            single = binding.original.string.partition("=")[2].lstrip().startswith("'")
            if not single and _length_of(value, values) > _LONGEST:
                raise Misuse(
                    f"{path}: the value of {binding.key} has more than {_LONGEST} characters with "
                    "its references filled in."
                )
            values[binding.key] = value if single else _filled_in(value, values)
    return values


def set_env(path: Path, settings: dict[str, str]) -> None:
    """Set settings in an .env file: each where it first stands, or at the end if it is new.

    In its place, since later lines may refer to it.
    """
    left = dict(settings)
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        key = line.partition("=")[0].strip()
        if key not in settings:
            lines.append(line)
        elif key in left:
            lines.append(_line(key, left.pop(key)))
    lines += [_line(key, value) for key, value in left.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_exports(abra_sh: Path) -> dict[str, str]:
    """Return what a recipe's abra.sh exports, which abra prefers to the app's settings.

    The file is read and never run. Without the file nothing is exported.

    Raises:
        UnreadableRecipe: it is too large.
    """
    if not abra_sh.is_file():
        return {}
    text = _text_of(abra_sh, "replace")
    return {key: value.strip("\"'") for key, value in _EXPORT.findall(text)}


def compose_files(env: dict[str, str], recipe_dir: Path) -> list[Path]:
    """Return the compose files that an app's settings name, in order.

    Raises:
        UnreadableRecipe: they name none, or one lies outside of the recipe.
    """
    names = [name for name in env.get("COMPOSE_FILE", "compose.yml").split(":") if name]
    if not names:
        raise UnreadableRecipe(
            f"COMPOSE_FILE of the recipe {recipe_dir.name} is set and names no file. Name one, or "
            "remove the line: then it is compose.yml."
        )
    for name in names:
        if name.startswith("/") or ".." in Path(name).parts:
            raise UnreadableRecipe(
                f"COMPOSE_FILE names {name!r}, which lies outside of the recipe {recipe_dir.name}."
            )
    return [recipe_dir / name for name in names]


def _text_of(path: Path, errors: str = "strict") -> str:
    if path.stat().st_size > MOST_BYTES:
        raise UnreadableRecipe(f"{path}: the file is larger than {MOST_BYTES} bytes.")
    try:
        return path.read_text(encoding="utf-8", errors=errors)
    except UnicodeDecodeError:
        raise Misuse(f"{path}: not UTF-8 text.") from None


def _line(key: str, value: str) -> str:
    if '"' in value and "'" not in value:
        return f"{key}='{value}'"
    return f'{key}="{value}"' if re.search(r"[\s#']", value) else f"{key}={value}"


def _length_of(value: str, earlier: dict[str, str]) -> int:
    """Return the length that a value has at most with its references filled in."""
    names = (found.group(2) or found.group(3) for found in _REFERENCE.finditer(value))
    return len(value) + sum(len(earlier.get(name, "")) for name in names)


def _filled_in(value: str, earlier: dict[str, str]) -> str:
    def fill(found: "re.Match[str]") -> str:
        if found.group(1):
            return found.group(0)[1:]
        return earlier.get(found.group(2) or found.group(3), "")

    return _REFERENCE.sub(fill, value)
