"""What a recipe's compose files say: each by itself, and all that an app is deployed with."""

import errno
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ccci.errors import NodeFailure, UnreadableRecipe
from ccci.recipe.shape import misshapen
from ccci.recipe.yaml_file import Unreadable, content_of, load

# A name can be too long for any file.
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
_VARIABLE = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)(?:(:?[-?+])([^}]*))?\})")


def read_compose(path: Path) -> dict[str, Any]:
    """Return the content of one compose file, its anchors and merges resolved.

    Raises:
        UnreadableRecipe: it is missing or cannot be read, or something in it has the wrong shape;
            the sentence names the file and the line or the key.
        NodeFailure: this machine cannot read it.
    """
    try:
        content = content_of(load(path))
    except OSError as error:
        if error.errno not in _NOT_THERE:
            raise NodeFailure(f"{path} cannot be read: {error.strerror}.") from None
        raise UnreadableRecipe(
            f"{path.name} is named in COMPOSE_FILE and is not in the recipe {path.parent.name}."
        ) from None
    except Unreadable as problem:
        raise UnreadableRecipe(f"{path}:{problem.line}: the file {problem.what}.") from None
    for one in misshapen(content):
        raise UnreadableRecipe(f"{path}: {one}.")
    return content


def services_of(contents: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return service to what each compose file says of it, in the order of the files."""
    found: dict[str, list[dict[str, Any]]] = {}
    for content in contents:
        for service, table in (content.get("services") or {}).items():
            found.setdefault(str(service), []).append(table or {})
    return found


def labels_of(contents: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Return service to its deploy labels, as the compose files name them."""
    labels: dict[str, dict[str, str]] = {}
    for service, parts in services_of(contents).items():
        labels[service] = {}
        for part in parts:
            labels[service].update(as_map((part.get("deploy") or {}).get("labels")))
    return labels


def services_in(compose_files: list[Path]) -> dict[str, list[dict[str, Any]]]:
    """Return service to what each file says of it; see `services_of`."""
    return services_of(map(read_compose, compose_files))


def images_in(compose_files: list[Path]) -> dict[str, str]:
    """Return service to image, as the compose files name them, the last file winning."""
    images = {}
    for service, parts in services_in(compose_files).items():
        named = [part["image"] for part in parts if part.get("image")]
        if not named:
            raise UnreadableRecipe(
                f"{compose_files[0].parent.name}: service '{service}' names no image."
            )
        images[service] = str(named[-1])
    return images


def labels_in(compose_files: list[Path]) -> dict[str, dict[str, str]]:
    """Return service to its deploy labels, as the compose files name them."""
    return labels_of(map(read_compose, compose_files))


def as_map(entries: object) -> dict[str, str]:
    """Return labels or variables as a map, whether written as one or as a list of `key=value`."""
    if isinstance(entries, Mapping):
        return {str(key): _text(value) for key, value in entries.items()}
    if isinstance(entries, list):
        return dict(str(entry).partition("=")[::2] for entry in entries)
    return {}


def fill_in(text: str, settings: Mapping[str, str]) -> str:
    """Fill variables in as Docker does: $NAME, ${NAME}, with a default or without, and $$.

    Example:
        >>> fill_in("${A}-${B:-b}$$", {"A": "a"})
        'a-b$'
    """

    def value(found: "re.Match[str]") -> str:
        escaped, bare, braced, operator, word = found.groups()
        if escaped:
            return "$"
        name, operator = bare or braced, operator or ""
        known = name in settings and (":" not in operator or settings[name] != "")
        if operator.endswith("+"):
            return word if known else ""
        return settings[name] if known else (word if operator.endswith("-") else "")

    return _VARIABLE.sub(value, text)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
