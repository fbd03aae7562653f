"""The rules for the options of volumes: only a tmpfs of limited size needs no approval.

The driver `local` mounts what its options name, on the node, with the rights of the Docker daemon.
The kernel ignores the type of a mount that has the flag `bind`, so nothing follows from a harmless
type. Each option is judged alone: compose files are merged, and options that do no harm where they
stand could do harm together. What holds for `local` holds for every driver.
"""

import re

import yaml

from ccci.loop.compose_file import ComposeFile
from ccci.loop.limit_rules import MOST_TMPFS, check_tmpfs_option, require_size
from ccci.loop.mount_source import check_source
from ccci.loop.yamltree import entries, is_null, values

_MODES = {"ro", "rw", "nocopy", "consistent", "cached", "delegated", ""}
_PARTS = {
    "bind": ("create_host_path", "propagation", "selinux"),
    "volume": ("labels", "nocopy", "subpath"),
    "tmpfs": ("mode", "size"),
}


def check_driver_options(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    """Check the `driver_opts` of a volume."""
    if is_null(node):
        return
    if not isinstance(node, yaml.MappingNode):
        compose.refuse(node, f"the driver_opts of {where} are not a mapping", "Write a mapping")
        return
    has_options = bool(values(node, "o"))
    for entry in entries(node):
        for text in compose.texts(entry.value, f"'{entry.key}' of {where}"):
            if entry.key == "o":
                _check_flags(compose, where, entry.value, text)
            elif entry.key == "device":
                _check_device(compose, where, entry.value, text)
            elif (entry.key, text) != ("type", "tmpfs"):
                _require(compose, where, entry.value, f"{entry.key}={text}")
            elif not has_options:
                _require_a_size(compose, where, entry.value)


def check_modes(compose: ComposeFile, where: str, place: yaml.Node, modes: str) -> None:
    """Check what stands after the second colon of a volume in its short form."""
    for mode in modes.split(","):
        if mode not in _MODES:
            _require(compose, where, place, mode)


def check_long_options(compose: ComposeFile, where: str, item: yaml.Node) -> None:
    """Check `bind`, `volume` and `tmpfs` of a volume in its long form."""
    for part, known in _PARTS.items():
        for options in values(item, part):
            compose.known_keys(options, known, f"'{part}' of a volume of {where}")
            for entry in entries(options):
                if entry.key != "labels" and entry.key in known:
                    for text in compose.texts(entry.value, f"'{entry.key}' of a volume of {where}"):
                        _check_long_option(compose, where, entry.value, entry.key, text)


def _check_long_option(
    compose: ComposeFile, where: str, place: yaml.Node, key: str, text: str
) -> None:
    if key == "size":
        require_size(compose, f"a tmpfs of {where}", place, "size", text, MOST_TMPFS)
    elif key == "subpath" and (text.startswith("/") or ".." in re.split(r"[/\\]", text)):
        what = f"{where} mounts {text!r}, which is not a path in a volume"
        compose.refuse(place, what, "Write a path without '..'")
    elif key == "selinux" or (key == "propagation" and text not in ("", "private", "rprivate")):
        _require(compose, where, place, f"{key}={text}")


def _check_flags(compose: ComposeFile, where: str, place: yaml.Node, text: str) -> None:
    flags = text.split(",")
    known = [check_tmpfs_option(compose, where, place, flag) for flag in flags if flag]
    if all(known) and not any(flag.startswith("size=") for flag in flags):
        _require_a_size(compose, where, place)


def _require_a_size(compose: ComposeFile, where: str, place: yaml.Node) -> None:
    """A tmpfs without a size may take half of the node's memory, and keeps it after a restart."""
    what = f"{where} is a tmpfs without a size"
    compose.require_approval(place, "limit:size=none", what, "Write o: size=64m")


def _check_device(compose: ComposeFile, where: str, place: yaml.Node, device: str) -> None:
    if device in ("tmpfs", "none"):
        return
    if device.startswith("/") and not device.startswith("//"):
        check_source(compose, where, place, device)
    else:
        what = f"{where} mounts {device!r}, which is no tmpfs"
        compose.require_approval(place, f"network-mount:{device}", what)


def _require(compose: ComposeFile, where: str, place: yaml.Node, option: str) -> None:
    compose.require_approval(place, f"volume-option:{option}", f"{where} has the option {option}")
