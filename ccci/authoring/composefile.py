"""What a recipe's compose.yml and .env.sample tell about its app."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ccci.errors import Misuse

DATABASES = ("postgres", "mariadb", "mysql", "mongo", "redis", "valkey", "clickhouse", "memcached")
SSO = re.compile(r"OIDC|OAUTH|OPENID|SAML|LDAP|(?:^|_)SSO(?:_|$)|KEYCLOAK|AUTHENTIK")


@dataclass(frozen=True)
class Service:
    """A service of the compose file."""

    name: str
    image: str

    @property
    def is_database(self) -> bool:
        """Whether the image looks like a database or a cache."""
        name = self.image.rpartition("/")[2].partition(":")[0]
        return any(name.startswith(kind) for kind in DATABASES)


@dataclass(frozen=True)
class Recipe:
    """A recipe, as far as its files tell. Everything here is a guess for an author to read."""

    services: tuple[Service, ...]
    volumes: tuple[str, ...]
    overlays: tuple[str, ...]
    backed_up: tuple[str, ...]
    has_router: bool
    sso_settings: tuple[str, ...]
    health_path: str
    timeout_seconds: int | None


def read_recipe(folder: Path) -> Recipe:
    """Read the files of a recipe.

    Raises:
        Misuse: compose.yml is missing or cannot be read.
    """
    path = folder / "compose.yml"
    if not path.is_file():
        raise Misuse(f"{folder}: no recipe is here (there is no compose.yml).")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise Misuse(f"{path}: cannot be read: {reason}.") from None
    services = content.get("services") if isinstance(content, dict) else None
    if not isinstance(services, dict) or not services:
        raise Misuse(f"{path}: names no services.")
    tables = {str(name): table for name, table in services.items() if isinstance(table, dict)}
    labels = {name: tuple(_labels(table)) for name, table in tables.items()}
    everything = [label for found in labels.values() for label in found]
    return Recipe(
        services=tuple(
            Service(name, str(table.get("image", ""))) for name, table in tables.items()
        ),
        volumes=tuple(str(name) for name in content.get("volumes") or ()),
        overlays=tuple(sorted(item.name for item in folder.glob("compose.*.yml"))),
        backed_up=tuple(
            name for name, found in labels.items() if any("backupbot." in label for label in found)
        ),
        has_router=any("traefik.http" in label or "caddy" in label for label in everything),
        sso_settings=tuple(_sso_settings(folder / ".env.sample")),
        health_path=_health_path(tables.get("app", {})),
        timeout_seconds=_timeout(everything),
    )


def _labels(service: dict[str, Any]) -> Iterable[str]:
    for holder in (service.get("deploy") or {}, service):
        labels = holder.get("labels") or []
        if isinstance(labels, dict):
            yield from (f"{key}={value}" for key, value in labels.items())
        else:
            yield from (str(label) for label in labels)


def _sso_settings(path: Path) -> list[str]:
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    names = re.findall(r"^#?\s*(?:export\s+)?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)
    return [name for name in dict.fromkeys(names) if SSO.search(name)]


def _health_path(app: dict[str, Any]) -> str:
    test = (app.get("healthcheck") or {}).get("test", "")
    text = test if isinstance(test, str) else " ".join(str(part) for part in test)
    found = re.search(r"https?://[^/\s\"']+(/[^\s\"'#$]*)", text)
    return found.group(1) if found else "/"


def _timeout(labels: list[str]) -> int | None:
    for label in labels:
        if found := re.search(r"coop-cloud\..*\.timeout=(?:\$\{[A-Z_]+:-)?(\d+)", label):
            return min(max(int(found.group(1)), 5), 3600)
    return None
