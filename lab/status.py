"""`lab status`: prints the state of the lab, and changes nothing."""

from collections.abc import Iterable, Iterator

import docker

from lab import docker_engine, forge, imagelist, sentinel, stacks, swarm, which_abra
from lab.errors import LabError
from lab.imagestock import Images, read_failures
from lab.inventory import Inventory
from lab.node import WITH_IPVS, detect
from lab.settings import Settings

APPS = ("traefik", "backup", sentinel.NAME)


def report(settings: Settings, inventory: Inventory) -> Iterator[str]:
    """Yield the lines of the status.

    Args:
        settings: the settings of this call.
        inventory: what the lab created.
    """
    yield _line("state", str(settings.state))
    yield _line("abra", _abra())
    ipvs = "available" if detect(load=lambda: False) == WITH_IPVS else "missing"
    yield _line("IPVS", f"{ipvs} (the settings for it are in {settings.server_file})")
    client = docker_engine.connect()
    if client is None:
        yield _line("docker", "no daemon responds: `lab up` starts one")
        yield from _recipes(settings, None, inventory)
        return
    origin = " (started by the lab)" if inventory.find("daemon", "dockerd") else ""
    yield _line("docker", f"{client.version()['Version']}{origin}")
    yield from _swarm(client, settings, inventory)
    yield from _recipes(settings, client, inventory)


def _line(what: str, text: str) -> str:
    return f"{what:<10} {text}"


def _abra() -> str:
    try:
        abra = which_abra.choose()
        return f"{abra.path}, {abra.version()} ({abra.found})"
    except LabError as error:
        return str(error)


def _swarm(client: docker.DockerClient, settings: Settings, inventory: Inventory) -> Iterator[str]:
    state = client.info()["Swarm"]
    if not state.get("ControlAvailable"):
        yield _line("swarm", f"{state['LocalNodeState']}: if inactive, `lab up` initialises it")
        return
    origin = "initialised by the lab" if inventory.find("swarm", "swarm") else "not the lab's"
    yield _line("swarm", f"active, {origin}")
    for name in APPS:
        domain = settings.name(name)
        why_not = stacks.not_ready(client, stacks.stack_name(domain))
        port = "" if settings.https_port == 443 else f":{settings.https_port}"
        address = f"https://{domain}{port}" if name != "backup" else domain
        yield _line(name, f"{address}  {why_not or 'up'}")
    yield _line("forge", _forge(client, settings, inventory))
    exists = swarm.find_network(client, swarm.NETWORK) is not None
    yield _line("network", f"{swarm.NETWORK} {'exists' if exists else 'is missing'}")


def _forge(client: docker.DockerClient, settings: Settings, inventory: Inventory) -> str:
    domain = settings.name(forge.NAME)
    if inventory.find("app", domain) is None:
        return "none: `lab up --forge` deploys one"
    why_not = stacks.not_ready(client, stacks.stack_name(domain))
    return f"{forge.url(settings)}  {why_not or 'up'}"


def _recipes(
    settings: Settings, client: docker.DockerClient | None, inventory: Inventory
) -> Iterator[str]:
    images = Images(client, settings, inventory) if client else None
    listed = [("recipe", name) for name in imagelist.recipes()]
    for what, name in (*listed, *(("companion", name) for name in imagelist.companions())):
        refs = imagelist.images_of(name)
        if images is None:
            yield _line(what, f"{name}: {', '.join(refs)}")
            continue
        missing = images.missing(refs)
        present = [ref for ref in refs if ref not in missing]
        yield _line(what, f"{name}: present {', '.join(present) or 'none'}")
        yield from _missing(settings, missing)


def _missing(settings: Settings, missing: Iterable[str]) -> Iterator[str]:
    failures = read_failures(settings)
    for ref in missing:
        failure = failures.get(ref)
        reason = failure.reason if failure else "not fetched yet: `lab up` pulls or builds it"
        yield _line("", f"  missing {ref}: {reason}")
