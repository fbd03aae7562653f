"""The rules for mounts and named volumes: nothing of the node itself may be mounted."""

import posixpath
import re

import yaml

from ccci.loop.compose_file import ComposeFile
from ccci.loop.yamltree import entries, is_null, items, values

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_SOCKETS = {"/var/run/docker.sock", "/run/docker.sock"}
_VOLUME = ("driver", "driver_opts", "external", "labels", "name")


def check_volumes(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    """Check the volumes of a service."""
    if isinstance(node, yaml.MappingNode):
        compose.refuse(node, f"the volumes of {where} are not a list", "Write a list")
        return
    for item in items(node):
        if isinstance(item, yaml.MappingNode):
            _check_long(compose, where, item)
            continue
        for text in compose.texts(item, f"a volume of {where}"):
            if re.match(r"[A-Za-z]:[\\/]", text):
                _check_source(compose, where, item, text)
            elif ":" in text:
                _check_source(compose, where, item, text.split(":")[0])
            elif not text.startswith("/"):
                compose.refuse(item, f"a volume of {where} is {text!r}", "Write NAME:/PATH")


def check_named_volume(compose: ComposeFile, name: str, node: yaml.Node) -> None:
    """Check a volume that is declared at the top level of a file."""
    if is_null(node):
        return
    where = f"volume '{name}'"
    compose.known_keys(node, _VOLUME, where)
    check_name(compose, "volume", name, node)
    for driver in values(node, "driver"):
        for text in compose.texts(driver, f"the driver of {where}"):
            if text not in ("local", ""):
                compose.require_approval(
                    driver, f"volume-driver:{text}", f"{where} uses the driver {text}"
                )
    for options in values(node, "driver_opts"):
        _check_options(compose, where, options)


def check_name(compose: ComposeFile, kind: str, name: str, node: yaml.Node) -> None:
    """Require an approval for an object that belongs to another stack, or to none.

    Args:
        compose: the file.
        kind: volume, secret or config.
        name: its key in the file.
        node: its declaration in the file.
    """
    external = [v for v in values(node, "external") if _is_external(compose, v, name)]
    named = values(node, "name") + [n for v in external for n in values(v, "name")]
    for value in named:
        for text in compose.foreign_names(value, f"the name of {kind} '{name}'"):
            _require_foreign(compose, kind, value, text)
    if external and not named:
        _require_foreign(compose, kind, external[0], name)


def _is_external(compose: ComposeFile, node: yaml.Node, name: str) -> bool:
    return isinstance(node, yaml.MappingNode) or compose.may_be_set(node, f"'external' of '{name}'")


def _require_foreign(compose: ComposeFile, kind: str, node: yaml.Node, name: str) -> None:
    compose.require_approval(
        node,
        f"external-{kind}:{name}",
        f"{kind} '{name}' is not one of the app's own: their names begin with ${{STACK_NAME}}_",
    )


def _check_long(compose: ComposeFile, where: str, item: yaml.MappingNode) -> None:
    sources = values(item, "source") + values(item, "src")
    kinds = [
        (value, text)
        for value in values(item, "type")
        for text in compose.texts(value, f"the type of a volume of {where}")
    ]
    if not values(item, "type"):
        kinds = [(item, "volume")]
    for place, kind in kinds:
        if kind not in ("volume", "bind", "tmpfs"):
            compose.require_approval(place, f"mount-type:{kind}", f"{where} mounts a {kind!r}")
        for source in sources:
            for text in compose.texts(source, f"the source of a volume of {where}"):
                # In a bind mount a plain name is a path relative to the compose file.
                path = f"./{text}" if kind == "bind" and _NAME.fullmatch(text) else text
                if kind != "tmpfs":
                    _check_source(compose, where, source, path)


def _check_source(compose: ComposeFile, where: str, node: yaml.Node, source: str) -> None:
    if _NAME.fullmatch(source):
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


def _check_options(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    """Check the options of a volume driver: the driver `local` mounts what `device` names."""
    if not isinstance(node, yaml.MappingNode):
        if not is_null(node):
            compose.refuse(node, f"the driver_opts of {where} are not a mapping", "Write a mapping")
        return
    kinds = {
        text
        for value in values(node, "type")
        for text in compose.texts(value, f"the type of {where}")
    }
    for entry in entries(node):
        if entry.key == "device":
            for text in compose.texts(entry.value, f"the device of {where}"):
                if kinds != {"tmpfs"}:
                    _check_device(compose, where, entry.value, text)
        elif entry.key == "o":
            # Harmless without a device; with one, the approval of the device covers it.
            compose.texts(entry.value, f"the options of {where}")
        elif entry.key != "type":
            compose.require_approval(
                entry.key_node, f"option:{entry.key}", f"{where} sets {entry.key}"
            )


def _check_device(compose: ComposeFile, where: str, node: yaml.Node, device: str) -> None:
    if device.startswith("/") and not device.startswith("//"):
        _check_source(compose, where, node, device)
    else:
        compose.require_approval(
            node, f"network-mount:{device}", f"{where} mounts {device!r} from another machine"
        )
