"""What is mounted into containers, by a service or as a named volume: nothing of the node's own."""

import posixpath
import re

import yaml

from ccci.loop.sheet import Sheet
from ccci.loop.yamltree import entries, is_null, items, values

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_SOCKETS = {"/var/run/docker.sock", "/run/docker.sock"}
_VOLUME = ("driver", "driver_opts", "external", "labels", "name")


def check_volumes(sheet: Sheet, where: str, node: yaml.Node) -> None:
    """Judge the volumes of a service."""
    if isinstance(node, yaml.MappingNode):
        sheet.refuse(node, f"the volumes of {where} are no list", "write a list")
        return
    for item in items(node):
        if isinstance(item, yaml.MappingNode):
            _check_long(sheet, where, item)
            continue
        for text in sheet.texts(item, f"a volume of {where}"):
            if re.match(r"[A-Za-z]:[\\/]", text):
                _check_source(sheet, where, item, text)
            elif ":" in text:
                _check_source(sheet, where, item, text.split(":")[0])
            elif not text.startswith("/"):
                sheet.refuse(item, f"a volume of {where} is {text!r}", "write NAME:/PATH")


def check_named_volume(sheet: Sheet, name: str, node: yaml.Node) -> None:
    """Judge a volume at the top of a file."""
    if is_null(node):
        return
    where = f"volume '{name}'"
    sheet.known_keys(node, _VOLUME, where)
    check_name(sheet, "volume", name, node)
    for driver in values(node, "driver"):
        for text in sheet.texts(driver, f"the driver of {where}"):
            if text not in ("local", ""):
                sheet.want(driver, f"volume-driver:{text}", f"{where} uses the driver {text}")
    for options in values(node, "driver_opts"):
        _check_options(sheet, where, options)


def check_name(sheet: Sheet, kind: str, name: str, node: yaml.Node) -> None:
    """Ask for an approval of what belongs to other stacks, or to none.

    Args:
        sheet: the file.
        kind: volume, secret or config.
        name: its key in the file.
        node: what the file says of it.
    """
    external = [v for v in values(node, "external") if _is_external(sheet, v, name)]
    named = values(node, "name") + [n for v in external for n in values(v, "name")]
    for value in named:
        for text in sheet.foreign_names(value, f"the name of {kind} '{name}'"):
            _want_foreign(sheet, kind, value, text)
    if external and not named:
        _want_foreign(sheet, kind, external[0], name)


def _is_external(sheet: Sheet, node: yaml.Node, name: str) -> bool:
    return isinstance(node, yaml.MappingNode) or sheet.may_be_set(node, f"'external' of '{name}'")


def _want_foreign(sheet: Sheet, kind: str, node: yaml.Node, name: str) -> None:
    sheet.want(
        node,
        f"external-{kind}:{name}",
        f"{kind} '{name}' is not the app's own, whose names begin with ${{STACK_NAME}}_",
    )


def _check_long(sheet: Sheet, where: str, item: yaml.MappingNode) -> None:
    sources = values(item, "source") + values(item, "src")
    kinds = [
        (value, text)
        for value in values(item, "type")
        for text in sheet.texts(value, f"the type of a volume of {where}")
    ]
    if not values(item, "type"):
        kinds = [(item, "volume")]
    for place, kind in kinds:
        if kind not in ("volume", "bind", "tmpfs"):
            sheet.want(place, f"mount-type:{kind}", f"{where} mounts a {kind!r}")
        for source in sources:
            for text in sheet.texts(source, f"the source of a volume of {where}"):
                # A bind of a plain word is a path beside the compose file.
                path = f"./{text}" if kind == "bind" and _NAME.fullmatch(text) else text
                if kind != "tmpfs":
                    _check_source(sheet, where, source, path)


def _check_source(sheet: Sheet, where: str, node: yaml.Node, source: str) -> None:
    if _NAME.fullmatch(source):
        return
    path = "/" + posixpath.normpath(source).lstrip("/") if source.startswith("/") else source
    if path in _SOCKETS and ".." not in source:
        sheet.want(node, "docker-socket", f"{where} mounts the Docker socket: it owns the node")
    elif source.startswith("/") and ".." not in source.split("/"):
        sheet.want(node, f"host-mount:{path}", f"{where} mounts {path} of the node")
    else:
        sheet.refuse(
            node,
            f"{where} mounts {source!r}, which is no name of a volume",
            "use a volume, or a config for a file of the recipe",
        )


def _check_options(sheet: Sheet, where: str, node: yaml.Node) -> None:
    """The local driver mounts what `device` names, as `mount` does."""
    if not isinstance(node, yaml.MappingNode):
        if not is_null(node):
            sheet.refuse(node, f"the driver_opts of {where} are no mapping", "write a mapping")
        return
    kinds = {
        text
        for value in values(node, "type")
        for text in sheet.texts(value, f"the type of {where}")
    }
    for entry in entries(node):
        if entry.key == "device":
            for text in sheet.texts(entry.value, f"the device of {where}"):
                if kinds != {"tmpfs"}:
                    _check_device(sheet, where, entry.value, text)
        elif entry.key == "o":
            # Harmless without a device, and part of what is approved with one.
            sheet.texts(entry.value, f"the options of {where}")
        elif entry.key != "type":
            sheet.want(entry.key_node, f"option:{entry.key}", f"{where} sets {entry.key}")


def _check_device(sheet: Sheet, where: str, node: yaml.Node, device: str) -> None:
    if device.startswith("/") and not device.startswith("//"):
        _check_source(sheet, where, node, device)
    else:
        sheet.want(node, f"network-mount:{device}", f"{where} is {device!r}, from elsewhere")
