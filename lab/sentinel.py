"""An app that no run may touch, with a file in its volume whose content only the lab knows."""

import hashlib
import io
import secrets
import tarfile

import docker

from lab import answering, stacks
from lab.apps import App
from lab.ca import Authority
from lab.errors import LabError
from lab.made import Made
from lab.settings import Settings

NAME = "sentinel"
RECIPE = "custom-html"
FOLDER = "/usr/share/nginx/html"
FILE = "sentinel.txt"
HASH = "file_sha256"


def app(settings: Settings) -> App:
    """The sentinel as an app to deploy."""
    return App(recipe=RECIPE, domain=settings.name(NAME))


def ensure_answers(
    client: docker.DockerClient, settings: Settings, made: Made, authority: Authority
) -> str:
    """Have the sentinel answer by HTTPS with the file that was put there; the lab's last step.

    Raises:
        LabError: no such answer in time, or somebody changed the file.
    """
    domain = settings.name(NAME)
    record = made.find("app", domain)
    detail = dict(record.detail) if record else {}
    if HASH not in detail:
        detail[HASH] = _place_file(client, stacks.stack_name(domain))
        made.record("app", domain, **detail)
    body = answering.wait(client, settings, authority, NAME, f"/{FILE}", explains="traefik")
    if hashlib.sha256(body).hexdigest() != detail[HASH]:
        raise LabError(
            f"https://{domain}/{FILE} is not what the lab put there: somebody changed the "
            "sentinel's volume. `lab down` and `lab up` make a new one"
        )
    return "answers, certificate verified"


def _place_file(client: docker.DockerClient, stack: str) -> str:
    content = secrets.token_hex(32).encode() + b"\n"
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo(FILE)
        member.size = len(content)
        member.mode = 0o644
        tar.addfile(member, io.BytesIO(content))
    running: dict[str, str | list[str] | bool] = {
        "label": f"{stacks.NAMESPACE}={stack}",
        "status": "running",
    }
    for container in client.containers.list(filters=running, ignore_removed=True):
        container.put_archive(FOLDER, archive.getvalue())
        return hashlib.sha256(content).hexdigest()
    raise LabError(f"the sentinel's stack {stack} runs no container")
