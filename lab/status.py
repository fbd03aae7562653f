"""`lab status`: what is there, in lines for people. It changes nothing."""

from collections.abc import Iterable, Iterator

import docker

from lab import docker_engine, forge, imagelist, sentinel, stacks, swarm, which_abra
from lab.errors import LabError
from lab.imagestock import Images, read_failures
from lab.made import Made
from lab.node import WITH_IPVS, detect
from lab.settings import Settings

APPS = ("traefik", "backup", sentinel.NAME)


def report(settings: Settings, made: Made) -> Iterator[str]:
    """The lines of the status.

    Args:
        settings: of this call.
        made: the record of what the lab made.
    """
    yield _line("state", str(settings.state))
    yield _line("abra", _abra())
    mesh = "there" if detect(load=lambda: False) == WITH_IPVS else "missing"
    yield _line("IPVS", f"{mesh} (the node's settings are in {settings.server_file})")
    client = docker_engine.connect()
    if client is None:
        yield _line("docker", "no daemon answers: `lab up` starts one")
        yield from _recipes(settings, None, made)
        return
    ours = " (started by the lab)" if made.find("daemon", "dockerd") else ""
    yield _line("docker", f"{client.version()['Version']}{ours}")
    yield from _swarm(client, settings, made)
    yield from _recipes(settings, client, made)


def _line(what: str, text: str) -> str:
    return f"{what:<10} {text}"


def _abra() -> str:
    try:
        abra = which_abra.choose()
        return f"{abra.path}, {abra.version()} ({abra.found})"
    except LabError as error:
        return str(error)


def _swarm(client: docker.DockerClient, settings: Settings, made: Made) -> Iterator[str]:
    state = client.info()["Swarm"]
    if not state.get("ControlAvailable"):
        yield _line("swarm", f"{state['LocalNodeState']}: `lab up` makes one where there is none")
        return
    ours = "made by the lab" if made.find("swarm", "swarm") else "not the lab's"
    yield _line("swarm", f"active, {ours}")
    for name in APPS:
        domain = settings.name(name)
        why_not = stacks.not_ready(client, stacks.stack_name(domain))
        port = "" if settings.https_port == 443 else f":{settings.https_port}"
        served = f"https://{domain}{port}" if name != "backup" else domain
        yield _line(name, f"{served}  {why_not or 'up'}")
    yield _line("forge", _forge(client, settings, made))
    there = swarm.find_network(client, swarm.NETWORK) is not None
    yield _line("network", f"{swarm.NETWORK} {'there' if there else 'missing'}")


def _forge(client: docker.DockerClient, settings: Settings, made: Made) -> str:
    domain = settings.name(forge.NAME)
    if made.find("app", domain) is None:
        return "none: `lab up --forge` makes one"
    why_not = stacks.not_ready(client, stacks.stack_name(domain))
    return f"{forge.url(settings)}  {why_not or 'up'}"


def _recipes(settings: Settings, client: docker.DockerClient | None, made: Made) -> Iterator[str]:
    images = Images(client, settings, made) if client else None
    for name in imagelist.recipes():
        refs = imagelist.images_of(name)
        if images is None:
            yield _line("recipe", f"{name}: {', '.join(refs)}")
            continue
        lacking = images.missing(refs)
        present = [ref for ref in refs if ref not in lacking]
        yield _line("recipe", f"{name}: present {', '.join(present) or 'none'}")
        yield from _missing(settings, lacking)


def _missing(settings: Settings, lacking: Iterable[str]) -> Iterator[str]:
    failures = read_failures(settings)
    for ref in lacking:
        failure = failures.get(ref)
        reason = failure.reason if failure else "not fetched yet: `lab up` pulls or builds it"
        yield _line("", f"  missing {ref}: {reason}")
