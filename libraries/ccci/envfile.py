"""An app's .env file: read as abra reads it, changed without touching what is not meant."""

import re
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

from ccci.errors import Misuse

_LINE = re.compile(r"^\s*(?:#.*)?$|^\s*[A-Za-z_][A-Za-z0-9_]*=.*$")


def read_env(path: Path) -> dict[str, str]:
    """Return the settings of an .env file, later lines seeing earlier ones.

    Raises:
        Misuse: a line is neither a setting nor a comment; the sentence names file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Misuse(f"{path}: not UTF-8 text.") from None
    for number, line in enumerate(text.splitlines(), 1):
        if "\x00" in line or not _LINE.match(line):
            raise Misuse(f"{path}:{number}: {line[:60]!r} is no KEY=value and no comment.")
        value = line.partition("=")[2].lstrip()
        if value[:1] in ("'", '"') and value.count(value[0]) < 2:
            raise Misuse(f"{path}:{number}: the quote that opens the value is never closed.")
    # Docker's form of a reference may lack the braces that the parser wants.
    braced = StringIO(re.sub(r"\$(\w+)", r"${\1}", text))
    return {key: value or "" for key, value in dotenv_values(stream=braced).items()}


def set_env(path: Path, settings: dict[str, str]) -> None:
    """Write settings at the end of an .env file, in place of earlier lines with these keys."""
    kept = [
        line
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.partition("=")[0].strip() not in settings
    ]
    kept += [
        f'{key}="{value}"' if " " in value else f"{key}={value}" for key, value in settings.items()
    ]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")


def compose_files(env: dict[str, str], recipe_dir: Path) -> list[Path]:
    """Return the compose files that an app's settings name, in order."""
    return [recipe_dir / name for name in env.get("COMPOSE_FILE", "compose.yml").split(":") if name]
