"""Reads a recipe's compose files, and writes the overlay that abra adds to them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.standins.abracli.logs import Fatal
from lab.standins.abracli.recipe import Recipe

_VARIABLE = re.compile(
    r"\$(?:(\$)|(\w+)|\{(\w+)\}|\{(\w+)(:?[-?+])([^}]*)\})",
)


def files_of(recipe: Recipe, settings: Mapping[str, str]) -> list[Path]:
    """Return the compose files of COMPOSE_FILE, by default compose.yml.

    Raises:
        Fatal: one does not exist.
    """
    names = [name for name in (settings.get("COMPOSE_FILE") or "compose.yml").split(":") if name]
    files = [recipe.path / name for name in names]
    for file in files:
        if not file.is_file():
            raise Fatal(f"{file} does not exist, but is in COMPOSE_FILE")
    return files


class Compose:
    """The merged content of an app's compose files, for reading only.

    Args:
        files: the files in order; later ones override earlier ones.
        settings: the values of variables.
    """

    def __init__(self, files: list[Path], settings: Mapping[str, str]) -> None:
        self.files = files
        self._settings = settings
        self._contents = [_load(file) for file in files]

    @property
    def version(self) -> str | None:
        """The schema version of the first file."""
        version = self._contents[0].get("version")
        return None if version is None else str(version)

    def services(self) -> list[str]:
        """Return the names of the services, in order."""
        return list(dict.fromkeys(n for c in self._contents for n in c.get("services") or {}))

    def image(self, service: str) -> str:
        """Return the image of a service, or ""."""
        named = [part["image"] for part in self.parts(service) if part.get("image")]
        return fill_in(str(named[-1]), self._settings) if named else ""

    def labels(self, service: str = "app") -> dict[str, str]:
        """Return the labels under `deploy` of a service."""
        labels: dict[str, str] = {}
        for part in self.parts(service):
            labels |= self._mapping((part.get("deploy") or {}).get("labels"))
        return labels

    def environment(self, service: str = "app") -> set[str]:
        """Return the names of the variables that a service sets itself."""
        names: set[str] = set()
        for part in self.parts(service):
            names |= set(self._mapping(part.get("environment")))
            files = part.get("env_file") or []
            for name in [files] if isinstance(files, str) else files:
                if isinstance(name, Mapping):
                    name = name.get("path")
                try:
                    text = (self.files[0].parent / str(name)).read_bytes().decode(errors="replace")
                except OSError:
                    continue  # Docker says what is wrong with it.
                names |= set(re.findall(r"^(\w+)=", text, re.MULTILINE))
        return names

    def secrets(self) -> dict[str, str]:
        """Return the secrets that services use, by their names in the recipe: for each, the name of
        the swarm secret, with its variables."""
        used: set[str] = set()
        defined: dict[str, str] = {}
        for service in self.services():
            for part in self.parts(service):
                for entry in part.get("secrets") or []:
                    used.add(str(entry.get("source") if isinstance(entry, dict) else entry))
        for content in self._contents:
            for name, entry in (content.get("secrets") or {}).items():
                if isinstance(entry, dict) and entry.get("external"):
                    defined[name] = str(entry.get("name") or name)
        return {name: raw for name, raw in defined.items() if name in used}

    def parts(self, service: str) -> list[dict[str, Any]]:
        """Return the entry of a service in each file."""
        return [
            (content.get("services") or {}).get(service) or {}
            for content in self._contents
            if service in (content.get("services") or {})
        ]

    def configs(self) -> dict[str, str]:
        """Return the configs, by their names in the recipe: for each, the name of the swarm config,
        or ""."""
        return {
            name: str((entry or {}).get("name") or "")
            for content in self._contents
            for name, entry in (content.get("configs") or {}).items()
        }

    def _mapping(self, entries: object) -> dict[str, str]:
        if isinstance(entries, Mapping):
            pairs = [(str(key), "" if v is None else str(v)) for key, v in entries.items()]
        else:
            pairs = [str(entry).partition("=")[::2] for entry in _list(entries)]
        filled = [(fill_in(k, self._settings), fill_in(v, self._settings)) for k, v in pairs]
        return dict(filled)


def overlay(compose: Compose, labels: Mapping[str, str], variables: Mapping[str, str]) -> str:
    """Return a compose file that adds labels and variables to the service `app`.

    Args:
        compose: the compose files of the recipe.
        labels: the labels for the service.
        variables: the variables for its environment; those that the recipe sets are not changed.

    Returns:
        the content of the file, or "" if there is no such service.
    """
    if "app" not in compose.services():
        return ""
    own = compose.environment()
    content: dict[str, object] = {"version": compose.version} if compose.version else {}
    content["services"] = {
        "app": {
            "environment": {k: _literal(v) for k, v in variables.items() if k not in own},
            "deploy": {"labels": {k: _literal(v) for k, v in labels.items()}},
        }
    }
    # JSON is valid YAML, and is quoted by the standard library.
    return json.dumps(content, indent=1)


def fill_in(text: str, settings: Mapping[str, str]) -> str:
    """Replace variables by their values, as `docker stack deploy` does.

    Example:
        >>> fill_in("${A}-${B:-b}$$", {"A": "a"})
        'a-b$'
    """

    def value(found: "re.Match[str]") -> str:
        escaped, bare, braced, name, operator, word = found.groups()
        if escaped:
            return "$"
        if not operator:
            return settings.get(bare or braced, "")
        known = name in settings and (":" not in operator or settings[name] != "")
        if operator.endswith("+"):
            return word if known else ""
        return settings[name] if known else ("" if operator.endswith("?") else word)

    return _VARIABLE.sub(value, text)


def _literal(value: str) -> str:
    return value.replace("$", "$$")


def _list(entries: object) -> list[object]:
    return entries if isinstance(entries, list) else []


def _load(file: Path) -> dict[str, Any]:
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Fatal(f"{file}: {error}") from None
    if not isinstance(content, dict):
        raise Fatal(f"{file}: Top-level object must be a mapping")
    return content
