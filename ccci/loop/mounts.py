"""The rules for mounts and named volumes: nothing of the node itself may be mounted."""

import re

import yaml

from ccci.loop.compose_file import ComposeFile
from ccci.loop.mount_source import VOLUME_NAME, check_source
from ccci.loop.volume_options import check_driver_options, check_long_options, check_modes
from ccci.loop.yamltree import is_null, items, values

_LONG = (
    "bind", "consistency", "read_only", "source", "src", "target", "tmpfs", "type", "volume",
)  # fmt: skip
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
                check_source(compose, where, item, text)
            elif ":" in text:
                source, _, rest = text.partition(":")
                check_source(compose, where, item, source)
                check_modes(compose, where, item, rest.partition(":")[2])
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
        check_driver_options(compose, where, options)


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
    compose.known_keys(item, _LONG, f"a volume of {where}")
    check_long_options(compose, where, item)
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
                path = f"./{text}" if kind == "bind" and VOLUME_NAME.fullmatch(text) else text
                if kind != "tmpfs":
                    check_source(compose, where, source, path)
