"""What an app's containers see of its secrets, so that one that is made anew at a start is noticed.

The Swarm cannot change a secret, but an entrypoint can: it writes the file somewhere, or sets a
variable to a new random value at each start. Two places are read: the files that the Swarm mounts,
and the environment of each container's first process, where a variable's name says that it is a
secret. Nothing of a value is kept: only a digest, keyed for this process alone.
"""

import hashlib
import hmac
import re
import secrets
from typing import Any

from ccci.swarm.as_seen import ENVIRONMENT, read_as_seen, variables_in
from ccci.swarm.view import SwarmView

_KEY = secrets.token_bytes(32)
_FOLDER = "/run/secrets"
_IS_SECRET = re.compile(
    r"SECRET|PASSWORD|PASSWD|TOKEN|SALT|CREDENTIAL|JWT|PRIVATE|(?:^|_)(?:KEY|PASS)(?:_|$)",
    re.IGNORECASE,
)
# Where a secret lies, or which version of it the recipe takes: no secret itself.
_IS_ABOUT_ONE = re.compile(r"_(?:FILE|PATH|DIR|VERSION|LENGTH|NAME)$", re.IGNORECASE)


def secret_contents(swarm: SwarmView, stack: str) -> dict[str, str]:
    """Return a digest of each secret that the running containers of a stack see, by its place.

    Files that cannot be read are left out: see `ccci.swarm.as_seen`.

    Args:
        swarm: where the stack is.
        stack: its name.

    Example:
        ``secret_contents(swarm, "blog_lab_test")`` ->
        ``{"/run/secrets/db_password of app": "5f2c..."}``
    """
    found = {}
    for service in swarm.services(stack):
        if not service.running:
            continue
        container = str(swarm.container_of(service).id)
        for path in _files_of(swarm, service.id):
            content = read_as_seen(container, path)
            if content is not None:
                found[f"{path} of {service.short_name}"] = _digest(content)
        for name, value in _variables(read_as_seen(container, ENVIRONMENT) or b"").items():
            found[f"variable {name} of {service.short_name}"] = _digest(value)
    return found


def _files_of(swarm: SwarmView, service: str) -> list[str]:
    """Return where a service's containers have the secrets that the Swarm mounts."""
    api: Any = swarm.client.api
    container = api.inspect_service(service)["Spec"]["TaskTemplate"]["ContainerSpec"]
    names = [one["File"]["Name"] for one in container.get("Secrets") or [] if one.get("File")]
    return [name if name.startswith("/") else f"{_FOLDER}/{name}" for name in names]


def _variables(environment: bytes) -> dict[str, bytes]:
    return {
        name: value
        for name, value in variables_in(environment).items()
        if _IS_SECRET.search(name) and not _IS_ABOUT_ONE.search(name)
    }


def _digest(value: bytes) -> str:
    return hmac.new(_KEY, value, hashlib.sha256).hexdigest()
