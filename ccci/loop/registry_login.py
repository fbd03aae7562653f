"""The logins at registries that a run of a pull request has: those that are approved, else none.

A pull request chooses its images. With the operator's logins, it could run the content of private
images. So its run has a Docker configuration of its own, which abra and the Docker client read.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ccci.errors import Misuse

_APPROVAL = "registry:"
# Docker Hub's names in a configuration.
_HUB = ("https://index.docker.io/v1/", "index.docker.io", "docker.io")


def write_docker_config(folder: Path, approvals: Iterable[str]) -> Path:
    """Write a Docker configuration that has only the approved logins of the operator's.

    Args:
        folder: the folder to create, with mode 0700.
        approvals: the approvals of the recipe; `registry:<host>` keeps the login at this host.

    Returns:
        the folder, as a value for DOCKER_CONFIG.

    Raises:
        Misuse: the operator's own configuration cannot be read.

    Example:
        >>> write_docker_config(request / "docker", {"registry:docker.io"})  # doctest: +SKIP
        PosixPath('/var/lib/ccci/loop/.../docker')
    """
    theirs = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    config = _read(theirs / "config.json")
    hosts = {one.removeprefix(_APPROVAL) for one in approvals if one.startswith(_APPROVAL)}
    kept: dict[str, Any] = {
        key: {name: value for name, value in _table(config, key).items() if _host(name) in hosts}
        for key in ("auths", "credHelpers")
    }
    if store := config.get("credsStore"):
        # Named for each host, as a store for all hosts would give out every login.
        names = [name for host in hosts for name in (_HUB if host == "docker.io" else (host,))]
        kept["credHelpers"] = {**dict.fromkeys(names, store), **kept["credHelpers"]}
    if context := config.get("currentContext"):
        kept["currentContext"] = context
    folder.mkdir(mode=0o700)
    (folder / "config.json").touch(mode=0o600)
    (folder / "config.json").write_text(json.dumps(kept), encoding="utf-8")
    if (theirs / "contexts").is_dir():
        # How abra finds a server.
        (folder / "contexts").symlink_to((theirs / "contexts").absolute())
    return folder


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise Misuse(f"{path} cannot be read as a Docker configuration: {error}.") from None
    return content if isinstance(content, dict) else {}


def _table(config: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = config.get(key)
    return found if isinstance(found, dict) else {}


def _host(name: str) -> str:
    """Return the host of a registry, by whichever name a configuration has it."""
    host = name.split("://")[-1].split("/")[0]
    return "docker.io" if name in _HUB or host in _HUB else host
