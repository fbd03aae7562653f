"""`lab up`: every step from a bare machine to a server that answers."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

import docker

from lab import (
    ca,
    docker_engine,
    forge,
    imagelist,
    node,
    pages,
    ports,
    reciperepos,
    sentinel,
    swarm,
    which_abra,
)
from lab.apps import App, Apps
from lab.debian import SCRATCH as SCRATCH_DEBIAN
from lab.errors import LabError
from lab.imagebuild import SCRATCH as SCRATCH_IMAGE
from lab.imagestock import Images
from lab.made import Made
from lab.reporting import step
from lab.settings import PORTS, Settings, to_remember

USUAL_PORTS = {80: 80, 443: 443}
OF_THE_LAB = ("traefik", "backup-bot-two", sentinel.RECIPE)
# Who listens when a container publishes a port in host mode.
DOCKERS_OWN = ("docker-proxy", "dockerd")


@dataclass(frozen=True)
class Wanted:
    """What must be there in the end, beside the lab's own.

    Attributes:
        recipes: those whose images must be had, of the head and of every release. Without any,
            those of all recipes are tried, and a missing one is only noted.
        needed: recipes that these need; they are deployed at their head alone.
        forge: the forge too; without it, one that is there stays as it is.
    """

    recipes: Sequence[str] = ()
    needed: Sequence[str] = ()
    forge: bool = False

    def images(self) -> set[str]:
        """Return the images that must be had."""
        names = {
            ref
            for name in (*OF_THE_LAB, *self.needed)
            for ref in imagelist.images_of(name, head_only=True)
        }
        names |= {ref for name in self.recipes for ref in imagelist.images_of(name)}
        if self.forge:
            files = forge.COMPOSE_FILES
            names |= set(imagelist.images_of(forge.RECIPE, head_only=True, files=files))
        return names


def up(settings: Settings, made: Made, wanted: Wanted) -> None:
    """Make everything that is not there yet, and nothing twice.

    Args:
        settings: of this call.
        made: the record; every new thing is written there first.
        wanted: what this call is for.

    Raises:
        LabError: some step failed; the earlier ones stand, and the next call goes on from there.
    """
    wanted.images()  # An unknown recipe is refused before anything is made.
    abra = which_abra.choose()
    with step(f"ports {settings.http_port} and {settings.https_port}") as this:
        this.result = _check_ports(settings, made)
    for folder in (settings.state, settings.lab, settings.logs):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _clear_scratch(settings)
    made.remember_settings(to_remember(settings))
    with step("docker") as this:
        client = docker_engine.ensure(settings, made, this)
    with step("swarm") as this:
        swarm.ensure(client, made, this)
    with step(f"network {swarm.NETWORK}") as this:
        swarm.ensure_network(client, made, this)
    with step("certificates") as this:
        authority = ca.Authority(settings.lab / "ca")
        _record_path(made, "ca")
        this.result = ca.ensure(authority, settings.domain)
    with step("recipes") as this:
        _record_path(made, "abra")
        this.result = _ensure_recipes(settings)
    with step("server.toml") as this:
        traits = node.detect()
        _record_path(made, "server.toml")
        changed = _write_server_file(client, settings, authority, abra, traits)
        mesh = "IPVS" if traits == node.WITH_IPVS else "no IPVS: dnsrr services, host-mode ports"
        this.result = f"{'written' if changed else 'as it was'}, {mesh}"
    _ensure_images(Images(client, settings, made), wanted)
    apps = Apps(client, settings, made, abra, traits)
    with step(f"abra ({abra.found})") as this:
        apps.ensure_server()
        this.result = "knows this server"
    for app in (_traefik(settings, authority), _backup_bot(settings), sentinel.app(settings)):
        with step(app.domain) as this:
            apps.ensure(app, this)
    with step(f"https://{settings.name(sentinel.NAME)}") as this:
        this.result = sentinel.ensure_answers(client, settings, made, authority)
    if wanted.forge:
        forge.record(made)
        the_forge = forge.app(settings)
        with step(the_forge.domain) as this:
            apps.ensure(the_forge, this)
        the_pages = pages.app(settings, made)
        with step(the_pages.domain) as this:
            apps.ensure(the_pages, this)
        with step(forge.url(settings)) as this:
            this.result = forge.ensure(client, settings, made, authority)


def _check_ports(settings: Settings, made: Made) -> str:
    same = made.settings == {**made.settings, **to_remember(settings)}
    deployed = made.find("app", settings.name("traefik")) is not None and same
    taken = [port for port in (settings.http_port, settings.https_port) if not ports.is_free(port)]
    for port, (setting, _) in zip((settings.http_port, settings.https_port), PORTS, strict=True):
        by_docker = ports.holder(port).startswith(DOCKERS_OWN)
        if not (deployed and by_docker):
            ports.demand_free(port, setting)
    return "held by the lab" if taken else "free"


def _clear_scratch(settings: Settings) -> None:
    """Remove what a killed call left half-built; the lock keeps every other call out."""
    for pattern in (f"{SCRATCH_IMAGE}*", f"{SCRATCH_DEBIAN}*"):
        for path in settings.lab.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)


def _record_path(made: Made, name: str) -> None:
    if made.find("path", name) is None:
        made.record("path", name)


def _ensure_recipes(settings: Settings) -> str:
    home = settings.abra_dir / "recipes"
    known = {name: reciperepos.load(name) for name in imagelist.recipes()}
    fresh = [name for name, recipe in known.items() if reciperepos.ensure(recipe, home)]
    catalogue = settings.abra_dir / "catalogue"
    catalogue.mkdir(parents=True, exist_ok=True)
    node.write_if_changed(catalogue / "recipes.json", reciperepos.catalogue(known, home))
    return f"{len(known)} there, made anew: {', '.join(fresh) or 'none'}"


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
    if abra.is_labs_own:
        content["abra"] = str(abra.path)
    return node.write_if_changed(settings.server_file, node.toml(content))


def _ensure_images(images: Images, wanted: Wanted) -> None:
    """The lab's own images and the wanted ones must be had; others may be missing."""
    musts = wanted.images()
    every = () if wanted.recipes else imagelist.recipes()
    others = {ref for name in every for ref in imagelist.images_of(name)}
    lacking = images.missing(sorted(musts | others))
    if not lacking:
        with step("images") as this:
            this.result = f"{len(musts | others)} there"
    for ref in lacking:
        with step(f"image {ref}") as this:
            known = None if ref in musts else images.known_failure(ref)
            if known is not None:
                this.result = f"cannot be had, as tried lately: {known.reason}"
                continue
            try:
                images.fetch(ref, this)
            except LabError as error:
                if ref in musts:
                    raise
                this.result = f"cannot be had: {error}"


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
    usual = (settings.http_port, settings.https_port) == tuple(USUAL_PORTS)
    if not usual:
        environment["REDIRECT_TO"] = f":{settings.https_port}"
    host_ports = ("compose.host.yml",) if usual else ()
    return App(
        recipe="traefik",
        domain=settings.name("traefik"),
        environment=environment,
        compose_files=("compose.yml", *host_ports, "compose.wildcard.yml"),
        secret_files={
            ("ssl_cert", version): authority.wildcard,
            ("ssl_key", version): authority.wildcard_key,
        },
        ports={} if usual else {settings.http_port: 80, settings.https_port: 443},
    )


def _backup_bot(settings: Settings) -> App:
    return App(
        recipe="backup-bot-two",
        domain=settings.name("backup"),
        environment={"RESTIC_REPOSITORY": "/backups/restic"},
        secrets_generated=(("restic_password", "v1"),),
    )
