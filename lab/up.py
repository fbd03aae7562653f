"""`lab up`: all steps from a bare machine to a running server."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

import docker

from lab import (
    ca,
    dashboard,
    docker_engine,
    forge,
    imagelist,
    node,
    ports,
    reciperepos,
    sentinel,
    subdomains,
    swarm,
    which_abra,
)
from lab.apps import App, Apps
from lab.debian import SCRATCH as SCRATCH_DEBIAN
from lab.errors import LabError
from lab.imagebuild import SCRATCH as SCRATCH_IMAGE
from lab.imagestock import Images
from lab.inventory import Inventory
from lab.reporting import step
from lab.settings import PORTS, Settings, to_remember

DEFAULT_PORTS = {80: 80, 443: 443}
LAB_RECIPES = ("traefik", "backup-bot-two", sentinel.RECIPE)
# The programs that listen when a container publishes a port in host mode.
DOCKER_PROGRAMS = ("docker-proxy", "dockerd")


@dataclass(frozen=True)
class Targets:
    """What `up` must provide, in addition to the lab's own apps.

    Attributes:
        recipes: recipes whose images are required, of the head and of every release. If there are
            none, `up` tries the images of all recipes and companions, and reports those that are
            not available.
        needed: recipes and companions that these depend on; only the images of their heads are
            required.
        forge: whether the forge is required. If not, an existing forge is not changed.
        more_images: images that are required for something else.
    """

    recipes: Sequence[str] = ()
    needed: Sequence[str] = ()
    forge: bool = False
    more_images: Sequence[str] = ()

    def images(self) -> set[str]:
        """Return the required images."""
        names = {
            ref
            for name in (*LAB_RECIPES, *self.needed)
            for ref in imagelist.images_of(name, head_only=True)
        }
        names |= {ref for name in self.recipes for ref in imagelist.images_of(name)}
        names |= set(self.more_images)
        if subdomains.are_needed((*self.recipes, *self.needed)):
            names |= subdomains.images()
        if self.forge:
            files = forge.COMPOSE_FILES
            names |= set(imagelist.images_of(forge.RECIPE, head_only=True, files=files))
        return names


def up(settings: Settings, inventory: Inventory, targets: Targets) -> None:
    """Set up everything that is missing.

    Args:
        settings: the settings of this call.
        inventory: what the lab created; everything new is recorded there first.
        targets: what this call must provide.

    Raises:
        LabError: a step failed; the next call continues from there.
    """
    targets.images()  # This fails for an unknown recipe, before anything is created.
    abra = which_abra.choose()
    with step(f"ports {settings.http_port} and {settings.https_port}") as this:
        this.result = _check_ports(settings, inventory)
    for folder in (settings.state, settings.lab, settings.logs):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _clear_scratch(settings)
    inventory.remember_settings(to_remember(settings))
    with step("docker") as this:
        client = docker_engine.ensure(settings, inventory, this)
    with step("swarm") as this:
        swarm.ensure(client, inventory, this)
    with step(f"network {swarm.NETWORK}") as this:
        swarm.ensure_network(client, inventory, this)
    with step("certificates") as this:
        authority = ca.Authority(settings.lab / "ca")
        _record_path(inventory, "ca")
        this.result = ca.ensure(authority, settings.domain)
    with step("recipes") as this:
        _record_path(inventory, "abra")
        this.result = _ensure_recipes(settings)
    with step("server.toml") as this:
        traits = node.detect()
        _record_path(inventory, "server.toml")
        changed = _write_server_file(client, settings, authority, abra, traits)
        mesh = "IPVS" if traits == node.WITH_IPVS else "no IPVS: dnsrr services, host-mode ports"
        this.result = f"{'written' if changed else 'unchanged'}, {mesh}"
    images = Images(client, settings, inventory)
    _ensure_images(images, targets)
    apps = Apps(client, settings, inventory, abra, traits)
    with step(f"abra ({abra.found})") as this:
        apps.ensure_server()
        this.result = "this server is registered"
    for app in (_traefik(settings, authority), _backup_bot(settings), sentinel.app(settings)):
        with step(app.domain) as this:
            apps.ensure(app, this)
    with step(f"https://{settings.name(sentinel.NAME)}") as this:
        this.result = sentinel.check(client, settings, inventory, authority)
    wanted = (*targets.recipes, *targets.needed) if targets.recipes else imagelist.recipes()
    if subdomains.are_needed(wanted) and not images.missing(subdomains.images()):
        _ensure_subdomains(client, settings, authority, apps)
    if targets.forge:
        forge.record_files(inventory)
        for app in (forge.app(settings), dashboard.app(settings, inventory)):
            with step(app.domain) as this:
                apps.ensure(app, this)
        with step(forge.url(settings)) as this:
            this.result = forge.ensure(client, settings, inventory, authority)


def _ensure_subdomains(
    client: docker.DockerClient, settings: Settings, authority: ca.Authority, apps: Apps
) -> None:
    with step(settings.name(subdomains.RECIPE)) as this:
        apps.ensure(subdomains.app(settings, authority), this)
    with step(f"https://{settings.name(subdomains.NAME)}") as this:
        this.result = subdomains.check(client, settings, authority)


def _check_ports(settings: Settings, inventory: Inventory) -> str:
    unchanged = inventory.settings == {**inventory.settings, **to_remember(settings)}
    deployed = inventory.find("app", settings.name("traefik")) is not None and unchanged
    in_use = [port for port in (settings.http_port, settings.https_port) if not ports.is_free(port)]
    for port, (setting, _) in zip((settings.http_port, settings.https_port), PORTS, strict=True):
        by_docker = ports.holder(port).startswith(DOCKER_PROGRAMS)
        if not (deployed and by_docker):
            ports.require_free(port, setting)
    return "used by the lab" if in_use else "free"


def _clear_scratch(settings: Settings) -> None:
    """Remove unfinished builds of calls that were killed. Under the lock, no other call runs."""
    for pattern in (f"{SCRATCH_IMAGE}*", f"{SCRATCH_DEBIAN}*"):
        for path in settings.lab.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)


def _record_path(inventory: Inventory, name: str) -> None:
    if inventory.find("path", name) is None:
        inventory.record("path", name)


def _ensure_recipes(settings: Settings) -> str:
    home = settings.abra_dir / "recipes"
    known = {name: reciperepos.load(name) for name in imagelist.recipes()}
    written = [name for name, recipe in known.items() if reciperepos.ensure(recipe, home)]
    catalogue = settings.abra_dir / "catalogue"
    catalogue.mkdir(parents=True, exist_ok=True)
    node.write_if_changed(catalogue / "recipes.json", reciperepos.catalogue(known, home))
    return f"{len(known)} recipes, written: {', '.join(written) or 'none'}"


def _write_server_file(
    client: docker.DockerClient,
    settings: Settings,
    authority: ca.Authority,
    abra: which_abra.Abra,
    traits: node.Traits,
) -> bool:
    content: dict[str, node.Value] = {
        "server": "default",
        "domain": settings.domain,
        "abra_dir": str(settings.abra_dir),
        "ca_bundle": str(authority.bundle),
        "https_port": settings.https_port,
        "sentinel": settings.name(sentinel.NAME),
        "names": {f"*.{settings.domain}": "127.0.0.1"},
        "containers": {
            "names_address": swarm.gateway_address(client),
            "ca_bundle": str(authority.bundle),
        },
        "swarm": {"endpoint_mode": traits.endpoint_mode, "publish_mode": traits.publish_mode},
    }
    if abra.is_lab_abra:
        content["abra"] = str(abra.path)
    return node.write_if_changed(settings.server_file, node.toml(content))


def _ensure_images(images: Images, targets: Targets) -> None:
    """Get the missing images. Fail if a required one is not available; report the others."""
    required = targets.images()
    every = () if targets.recipes else (*imagelist.recipes(), *imagelist.companions())
    optional = {ref for name in every for ref in imagelist.images_of(name)}
    missing = images.missing(sorted(required | optional))
    if not missing:
        with step("images") as this:
            this.result = f"all {len(required | optional)} available"
    for ref in missing:
        with step(f"image {ref}") as this:
            known = None if ref in required else images.known_failure(ref)
            if known is not None:
                this.result = f"not available, at the last try: {known.reason}"
                continue
            try:
                images.fetch(ref, this)
            except LabError as error:
                if ref in required:
                    raise
                this.result = f"not available: {error}"


def _traefik(settings: Settings, authority: ca.Authority) -> App:
    version = authority.version()
    environment = {
        "LOG_LEVEL": "WARN",
        "DASHBOARD_ENABLED": "true",
        "REDIRECT_TO": "web-secure",
        "WILDCARDS_ENABLED": "1",
        "SECRET_WILDCARD_CERT_VERSION": version,
        "SECRET_WILDCARD_KEY_VERSION": version,
    }
    default_ports = (settings.http_port, settings.https_port) == tuple(DEFAULT_PORTS)
    if not default_ports:
        environment["REDIRECT_TO"] = f":{settings.https_port}"
    host_ports = ("compose.host.yml",) if default_ports else ()
    return App(
        recipe="traefik",
        domain=settings.name("traefik"),
        environment=environment,
        compose_files=("compose.yml", *host_ports, "compose.wildcard.yml"),
        secret_files={
            ("ssl_cert", version): authority.wildcard,
            ("ssl_key", version): authority.wildcard_key,
        },
        ports={} if default_ports else {settings.http_port: 80, settings.https_port: 443},
    )


def _backup_bot(settings: Settings) -> App:
    return App(
        recipe="backup-bot-two",
        domain=settings.name("backup"),
        environment={"RESTIC_REPOSITORY": "/backups/restic"},
        secrets_generated=(("restic_password", "v1"),),
    )
