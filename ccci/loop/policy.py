"""A recipe's compose files, judged before they are deployed: what they may not do on the node.

Everything that reaches beyond a recipe's own containers and volumes needs an approval, by a short
name, in this project's recipe.toml. What cannot be known is objected to, so that nothing depends on
a guess: a file that does not parse, a variable that nobody sets, a key that is new.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import yaml

from ccci.loop.label_rules import check_labels
from ccci.loop.mounts import check_name, check_named_volume
from ccci.loop.service_rules import check_service
from ccci.loop.sheet import Objection, Sheet
from ccci.loop.variables import Variables
from ccci.loop.yamltree import Unreadable, entries, is_null, load, scalars, values
from ccci.recipe.overlay import OVERLAY_FILE

__all__ = ["Objection", "objections"]

_COMPOSE = re.compile(r"[A-Za-z0-9][\w.-]*\.ya?ml", re.ASCII)
_NETWORK = (
    "attachable", "driver", "driver_opts", "enable_ipv4", "enable_ipv6", "external", "internal",
    "ipam", "labels", "name",
)  # fmt: skip
_NETWORK_OPTIONS = {"encrypted", "com.docker.network.driver.mtu"}
_FILE_OBJECT = ("external", "file", "labels", "name", "template_driver", "content")


def objections(
    folder: Path, allowed: frozenset[str], before: Path | None = None
) -> list[Objection]:
    """Judge all compose files of a recipe.

    Args:
        folder: the recipe's files.
        allowed: the approvals of this project for the recipe, by their short names.
        before: the files of the release that an upgrade begins with: the recipe is then deployed
            with the settings of that release, too. Judge these files by themselves besides.

    Returns:
        what is objected to, in the order of files and lines; empty when all is well.

    Example:
        >>> for one in objections(Path("traefik"), frozenset({"docker-socket"})):
        ...     print(one)
        compose.host.yml:13: service 'app' publishes port 80 of the node: leave it out, or have
        'host-port:80' approved in this project's recipe.toml.
    """
    variables = Variables(folder, before)
    found = [
        Objection(fault.file, fault.line, fault.what, "mend the line") for fault in variables.faults
    ]
    names, misnamed = _compose_files(folder, variables)
    found += misnamed
    roots: dict[str, yaml.MappingNode] = {}
    unread: dict[str, Objection] = {}
    for name in names:
        try:
            roots[name] = load(folder / name)
        except Unreadable as fault:
            what = f"the file {fault.what}"
            unread[name] = Objection(name, fault.line, what, "write it in plain YAML")
    own_networks = _own_networks(roots.values())
    for name in names:
        if name in unread:
            found.append(unread[name])
            continue
        sheet = Sheet(folder, name, variables, allowed, own_networks)
        _check_file(sheet, roots[name])
        found += sorted(sheet.found, key=lambda one: one.line)
    return found


def _own_networks(roots: Iterable[yaml.MappingNode]) -> frozenset[str]:
    """The networks that no other stack can be on, whichever of the files are deployed."""
    own, shared = {"default"}, set[str]()
    for root in roots:
        for part in values(root, "networks"):
            for network in entries(part):
                external = values(network.value, "external")
                named = [str(one.value) for one in values(network.value, "name")]
                is_own = all(one.value == "false" for one in external) and all(
                    name.startswith("${STACK_NAME}_") for name in named
                )
                (own if is_own else shared).add(network.key)
    return frozenset(own - shared)


def _compose_files(folder: Path, variables: Variables) -> tuple[list[str], list[Objection]]:
    """The files to judge, and what is wrong with those that COMPOSE_FILE names."""
    paths = [path for pattern in ("compose*.yml", "compose*.yaml") for path in folder.glob(pattern)]
    names = dict.fromkeys(sorted(path.name for path in paths))
    wrong = []
    for value in variables.of("COMPOSE_FILE"):
        for name in value.split(":"):
            if name and _COMPOSE.fullmatch(name) and (folder / name).exists():
                names[name] = None
            elif name and variables.is_own("COMPOSE_FILE", value):
                what = f"COMPOSE_FILE names {name!r}, which is no YAML file of the recipe"
                line = variables.line_of("COMPOSE_FILE", value)
                wrong.append(Objection(".env.sample", line, what, "name files beside compose.yml"))
    if OVERLAY_FILE in names:
        what = "the file has the name of the one that a run adds"
        wrong.append(Objection(OVERLAY_FILE, 1, what, "give it another name"))
    if not names:
        wrong.append(Objection("compose.yml", 1, "the file is missing", "add it"))
    return list(names), wrong


def _check_file(sheet: Sheet, root: yaml.MappingNode) -> None:
    for scalar in scalars(root):
        sheet.reads_nothing_of_the_machine(scalar)
    sheet.known_keys(root, {"version", "name", "include", *_PARTS}, "the file")
    for entry in entries(root):
        if entry.key == "include":
            sheet.refuse(entry.key_node, "the file includes others", "name them in COMPOSE_FILE")
        elif entry.key in _PARTS and not is_null(entry.value):
            if not isinstance(entry.value, yaml.MappingNode):
                sheet.refuse(entry.value, f"'{entry.key}' is no mapping", "write a mapping")
            for part in entries(entry.value):
                _PARTS[entry.key](sheet, part.key, part.value)
                for labels in values(part.value, "labels") if entry.key != "services" else ():
                    check_labels(sheet, f"'{part.key}' of the {entry.key}", labels)


def _check_network(sheet: Sheet, name: str, node: yaml.Node) -> None:
    if is_null(node):
        return
    where = f"network '{name}'"
    sheet.known_keys(node, _NETWORK, where)
    external = values(node, "external")
    mapped = [value for value in external if isinstance(value, yaml.MappingNode)]
    switched = [v for v in external if v not in mapped and sheet.may_be_set(v, f"{where} external")]
    named = values(node, "name") + [text for value in mapped for text in values(value, "name")]
    for value in named:
        for text in sheet.foreign_names(value, f"the name of {where}"):
            _want_network(sheet, value, text)
    if (mapped or switched) and not named:
        _want_network(sheet, external[0], name)
    for driver in values(node, "driver"):
        for text in sheet.texts(driver, f"the driver of {where}"):
            if text == "host":
                _want_network(sheet, driver, "host")
            elif text not in ("overlay", ""):
                sheet.want(driver, f"network-driver:{text}", f"{where} uses the driver {text}")
    for options in values(node, "driver_opts"):
        for entry in entries(options):
            if entry.key not in _NETWORK_OPTIONS:
                sheet.want(entry.key_node, f"option:{entry.key}", f"{where} sets {entry.key}")


def _want_network(sheet: Sheet, node: yaml.Node, name: str) -> None:
    """An app may join Traefik's network; others belong to the node or to another stack."""
    if name == "host":
        sheet.want(node, "host-network", "the node's own network is used")
    elif name != "proxy":
        sheet.want(
            node, f"network:{name}", f"network '{name}' is neither 'proxy' nor the app's own"
        )


def _file_object(kind: str) -> Callable[[Sheet, str, yaml.Node], None]:
    """The rule for secrets, or for configs."""

    def check(sheet: Sheet, name: str, node: yaml.Node) -> None:
        where = f"{kind} '{name}'"
        if is_null(node):
            return
        sheet.known_keys(node, (*_FILE_OBJECT, "environment"), where)
        check_name(sheet, kind, name, node)
        for value in values(node, "file"):
            sheet.in_recipe(value, f"the file of {where}")
        for value in values(node, "environment"):
            sheet.refuse(value, f"{where} reads the environment of who deploys", "use a file")

    return check


_PARTS: dict[str, Callable[[Sheet, str, yaml.Node], None]] = {
    "services": check_service,
    "volumes": check_named_volume,
    "networks": _check_network,
    "secrets": _file_object("secret"),
    "configs": _file_object("config"),
}
