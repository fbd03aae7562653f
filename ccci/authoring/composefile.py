"""What a recipe's compose files and .env.sample tell about its app, for whoever enrolls it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccci.errors import Misuse
from ccci.recipe.compose import as_map, fill_in, services_of
from ccci.recipe.envfile import read_env, read_exports
from ccci.recipe.offered import SAMPLE, read_offered

DATABASES = (
    *("postgres", "postgis", "pgvector", "timescaledb", "mariadb", "mysql", "percona"),
    *("mongo", "redis", "valkey", "clickhouse", "memcached"),
)
MAIL = re.compile(r"(?:^|_)(?:SMTP|MAIL|EMAIL|MAILER)(?:_|$)")
SSO = re.compile(r"OIDC|OAUTH|OPENID|SAML|LDAP|(?:^|_)SSO(?:_|$)|KEYCLOAK|AUTHENTIK")


@dataclass(frozen=True)
class Service:
    """A service of the compose files."""

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
    mail_settings: tuple[str, ...]
    health_path: str
    timeout_seconds: int | None


def read_recipe(folder: Path) -> Recipe:
    """Read the files of a recipe: the compose files that its .env.sample deploys, and the others.

    Raises:
        Misuse: it has no compose file, or one that is deployed cannot be read.
    """
    if not (folder / "compose.yml").is_file():
        raise Misuse(f"{folder}: no recipe is here (there is no compose.yml).")
    offered = read_offered(folder)
    parts = services_of(offered.contents[name] for name in offered.usual)
    if not parts:
        raise Misuse(f"{folder / offered.usual[0]}: names no services.")
    sample = folder / SAMPLE
    settings = read_env(sample) if sample.is_file() else {}
    settings |= read_exports(folder / "abra.sh")
    labels = {name: _labels(tables) for name, tables in parts.items()}
    everything = [label for found in labels.values() for label in found]
    return Recipe(
        services=tuple(
            Service(name, fill_in(_last(tables, "image"), settings))
            for name, tables in parts.items()
        ),
        volumes=tuple(offered.named("volume")),
        overlays=tuple(offered.overlays),
        backed_up=tuple(
            name for name, found in labels.items() if any("backupbot." in label for label in found)
        ),
        has_router=any("traefik.http" in label or "caddy" in label for label in everything),
        sso_settings=tuple(key for key in offered.named("setting") if SSO.search(key)),
        mail_settings=tuple(key for key in offered.named("setting") if MAIL.search(key)),
        health_path=_health_path(parts.get("app", [])),
        timeout_seconds=_timeout(everything),
    )


def _labels(tables: list[dict[str, Any]]) -> list[str]:
    """Return the labels of a service and of its containers."""
    holders = [holder for table in tables for holder in (table.get("deploy") or {}, table)]
    labels: dict[str, str] = {}
    for holder in holders:
        labels |= as_map(holder.get("labels"))
    return [f"{key}={value}" for key, value in labels.items()]


def _last(tables: list[dict[str, Any]], key: str) -> str:
    return next((str(table[key]) for table in reversed(tables) if table.get(key)), "")


def _health_path(app: list[dict[str, Any]]) -> str:
    checks = [table["healthcheck"] for table in app if table.get("healthcheck")]
    test = checks[-1].get("test", "") if checks else ""
    text = test if isinstance(test, str) else " ".join(str(part) for part in test)
    found = re.search(r"https?://[^/\s\"']+(/[^\s\"'#$]*)", text)
    return found.group(1) if found else "/"


def _timeout(labels: list[str]) -> int | None:
    for label in labels:
        if found := re.search(r"coop-cloud\..*\.timeout=(?:\$\{[A-Z_]+:-)?(\d+)", label):
            return min(max(int(found.group(1)), 5), 3600)
    return None
