"""The rule for what is mounted: a volume; a path of the node needs an approval."""

import posixpath
import re

import yaml

from ccci.loop.compose_file import ComposeFile

VOLUME_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)
_SOCKETS = {"/var/run/docker.sock", "/run/docker.sock"}


def check_source(compose: ComposeFile, where: str, node: yaml.Node, source: str) -> None:
    """Check the source of a mount: the name of a volume, or a path of the node."""
    if VOLUME_NAME.fullmatch(source):
        return
    path = "/" + posixpath.normpath(source).lstrip("/") if source.startswith("/") else source
    if path in _SOCKETS and ".." not in source:
        what = f"{where} mounts the Docker socket, which gives it control of the node"
        compose.require_approval(node, "docker-socket", what)
    elif source.startswith("/") and ".." not in source.split("/"):
        compose.require_approval(node, f"host-mount:{path}", f"{where} mounts {path} of the node")
    else:
        compose.refuse(
            node,
            f"{where} mounts {source!r}, which is not the name of a volume",
            "Use a volume, or a config for a file of the recipe",
        )
