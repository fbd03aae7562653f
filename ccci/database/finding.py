"""Which database is the app's: by the image of a service, or by a SQLite file in a volume."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ccci.database.servers import NAMES, DatabaseServer, ServerKind
from ccci.database.sqlite import SqliteFile, sqlite_files_in
from ccci.errors import Misuse
from ccci.recipe.tables import Database as DatabaseTable
from ccci.swarm.mounts import Mount, mounts_of
from ccci.swarm.view import Service, SwarmView

# The names of images, without registry and tag; a tool such as postgres-exporter is no server.
_IMAGES: dict[ServerKind, str] = {
    "postgres": r"postgres(ql)?|postgis|pgvector|timescaledb(-ha)?",
    "mariadb": r"mariadb",
    "mysql": r"mysql(-server)?|percona(-server)?",
}
# What the images of servers, and those made from them, have in their environment.
_MARKS: dict[ServerKind, tuple[str, ...]] = {
    "postgres": ("PGDATA", "PG_MAJOR"),
    "mariadb": ("MARIADB_VERSION",),
    "mysql": ("MYSQL_MAJOR", "MYSQL_VERSION"),
}


@dataclass(frozen=True)
class ServiceSeen:
    """A service of the app, as far as it tells of a database.

    Attributes:
        name: its name in the compose file.
        image: its image.
        settings: the environment of its container, the image's own included.
    """

    name: str
    image: str
    settings: Mapping[str, str]

    @property
    def kind_by_image(self) -> ServerKind | None:
        """Which server its image is, by the image's name."""
        name = self.image.partition("@")[0].rpartition("/")[2].partition(":")[0]
        return next((k for k, names in _IMAGES.items() if re.fullmatch(names, name)), None)

    @property
    def kind_by_settings(self) -> ServerKind | None:
        """Which server its image is made from, by the environment."""
        return next((k for k, m in _MARKS.items() if any(n in self.settings for n in m)), None)

    def __str__(self) -> str:
        return f"{self.name} ({self.image})"


def find_database(
    swarm: SwarmView, stack: str, recipe: str, table: DatabaseTable
) -> DatabaseServer | SqliteFile:
    """Return the database of a deployed app.

    Args:
        swarm: where it is deployed.
        stack: its stack.
        recipe: its recipe, for the errors.
        table: what recipe.toml says of it.

    Raises:
        Misuse: none is found, or several; the sentence has what was looked for, what there is, and
            the line of recipe.toml to write.
        NodeFailure: the service that should have it does not run on this node.
    """
    services = swarm.services(stack)
    containers = {s.short_name: swarm.container_of(s) for s in services if s.running}
    seen = [
        ServiceSeen(
            s.short_name,
            s.image,
            _settings(containers[s.short_name]) if s.short_name in containers else {},
        )
        for s in services
    ]
    chosen = choose_server(seen, recipe, table)
    if chosen:
        service, kind = chosen
        running = next(s for s in services if s.short_name == service.name)
        return _server(swarm, running, kind, table)
    mounts = [m for m in mounts_of(swarm, stack) if m.service == (table.service or m.service)]
    if table.file:
        holder = table.service or _holder(table.file, mounts)
        if holder not in containers:
            raise _trouble(recipe, seen, f"No running service {holder} holds {table.file}.", "app")
        return SqliteFile(containers[holder], holder, table.file)
    files = [
        SqliteFile(containers[mount.service], mount.service, path)
        for mount in {mount.volume: mount for mount in mounts}.values()
        for path in sqlite_files_in(containers[mount.service], mount.folder)
    ]
    return _only_file(files, mounts, recipe, seen)


def servers_by_image(swarm: SwarmView, stack: str, table: DatabaseTable) -> list[DatabaseServer]:
    """Return each database server of a deployed app that is known by its image.

    Args:
        swarm: where it is deployed.
        stack: its stack.
        table: what recipe.toml says of the app's database.

    Raises:
        NodeFailure: a service does not run on this node.
    """
    found = []
    for service in swarm.services(stack):
        kind = ServiceSeen(service.short_name, service.image, {}).kind_by_image
        if kind and service.running:
            # Where there are several, what recipe.toml says is meant for the one that it names.
            is_meant = table.service in (None, service.short_name)
            found.append(_server(swarm, service, kind, table if is_meant else DatabaseTable()))
    return found


def choose_server(
    services: Sequence[ServiceSeen], recipe: str, table: DatabaseTable
) -> tuple[ServiceSeen, ServerKind] | None:
    """Return the service that runs the app's database server, and its kind; None for SQLite.

    Args:
        services: those of the app.
        recipe: its recipe, for the errors.
        table: what recipe.toml says of the database.

    Raises:
        Misuse: several services can be meant, or the one that recipe.toml names cannot.
    """
    if table.kind == "sqlite" or table.file:
        return None
    if table.service:
        return _named(services, recipe, table)
    by_image = [(s, k) for s in services if (k := s.kind_by_image)]
    found = by_image or [(s, k) for s in services if (k := s.kind_by_settings)]
    found = [(s, k) for s, k in found if k == (table.kind or k)]
    if len(found) > 1:
        several = " and ".join(str(service) for service, _ in found)
        raise _trouble(
            recipe, services, f"Two services or more run a database: {several}.", found[0][0].name
        )
    if not found and table.kind:
        raise _trouble(
            recipe, services, f"No service runs an image of {NAMES[table.kind]}.", "db", table.kind
        )
    return found[0] if found else None


def _server(
    swarm: SwarmView, service: Service, kind: ServerKind, table: DatabaseTable
) -> DatabaseServer:
    container = swarm.container_of(service)
    networks = container.attrs["NetworkSettings"]["Networks"] or {}
    return DatabaseServer(
        kind,
        service.short_name,
        service.image,
        str(container.id),
        table.name or "",
        table.user or "",
        tuple(one["IPAddress"] for one in networks.values() if one.get("IPAddress")),
    )


def _named(
    services: Sequence[ServiceSeen], recipe: str, table: DatabaseTable
) -> tuple[ServiceSeen, ServerKind] | None:
    service = next((s for s in services if s.name == table.service), None)
    if service is None:
        raise _trouble(recipe, services, f"There is no service {table.service}.", services[0].name)
    kind = table.kind or service.kind_by_image or service.kind_by_settings
    return (service, kind) if kind and kind != "sqlite" else None


def _only_file(
    files: list[SqliteFile], mounts: list[Mount], recipe: str, seen: Sequence[ServiceSeen]
) -> SqliteFile:
    if len(files) == 1:
        return files[0]
    if files:
        raise _trouble(
            recipe,
            seen,
            f"Several SQLite databases lie in its volumes: {', '.join(f.path for f in files)}.",
            files[0].service,
            file=files[0].path,
        )
    volumes = ", ".join(sorted({m.volume for m in mounts})) or "it has no volume"
    raise _trouble(
        recipe,
        seen,
        "No service runs an image of PostgreSQL, MariaDB or MySQL, and no file in a volume begins "
        f"as a SQLite database does (looked into: {volumes}).",
        "db",
        "postgres",
    )


def _holder(path: str, mounts: list[Mount]) -> str:
    above = [m for m in mounts if path.startswith(f"{m.folder.rstrip('/')}/")]
    return max(above, key=lambda m: len(m.folder)).service if above else "app"


def _settings(container: object) -> dict[str, str]:
    environment: list[str] = container.attrs["Config"]["Env"] or []  # type: ignore[attr-defined]
    return dict(line.partition("=")[::2] for line in environment)


def _trouble(
    recipe: str,
    services: Sequence[ServiceSeen],
    what: str,
    service: str,
    kind: str = "",
    file: str = "",
) -> Misuse:
    """The error for a database that is not found: what is there, and the lines to write."""
    there = ", ".join(map(str, services)) or "none"
    lines = [f'service = "{service}"']
    lines += [f'kind = "{kind}"'] if kind else []
    lines += [f'file = "{file}"'] if file else []
    return Misuse(
        f"{what} The services of {recipe} are: {there}. Say which is the app's database in "
        f"recipes/{recipe}/recipe.toml, as in\n[database]\n" + "\n".join(lines)
    )
