"""The sentinel: an app that no run may change, with a file whose content only the lab knows."""

import hashlib
import io
import secrets
import tarfile

import docker

from lab import https_wait, stacks
from lab.apps import App
from lab.ca import Authority
from lab.errors import LabError
from lab.inventory import Inventory
from lab.settings import Settings

NAME = "sentinel"
RECIPE = "custom-html"
FOLDER = "/usr/share/nginx/html"
FILE = "sentinel.txt"
HASH = "file_sha256"


def app(settings: Settings) -> App:
    """Return the sentinel as an app to deploy."""
    return App(recipe=RECIPE, domain=settings.name(NAME))


def check(
    client: docker.DockerClient, settings: Settings, inventory: Inventory, authority: Authority
) -> str:
    """Write the file if it is missing, and check that the sentinel serves it by HTTPS.

    Raises:
        LabError: it does not respond in time, or the file was changed.
    """
    domain = settings.name(NAME)
    record = inventory.find("app", domain)
    detail = dict(record.detail) if record else {}
    if HASH not in detail:
        detail[HASH] = _write_file(client, stacks.stack_name(domain))
        inventory.record("app", domain, **detail)
    body = https_wait.wait(client, settings, authority, NAME, f"/{FILE}", log_of="traefik")
    if hashlib.sha256(body).hexdigest() != detail[HASH]:
        raise LabError(
            f"https://{domain}/{FILE} is not the file that the lab wrote: something changed the "
            "sentinel's volume. `lab down` and `lab up` create a new one"
        )
    return "responds, certificate verified"


def _write_file(client: docker.DockerClient, stack: str) -> str:
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
    raise LabError(f"the sentinel's stack {stack} has no running container")
