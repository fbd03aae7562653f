"""Checks a recipe's compose files before they are deployed: what they must not do on the node.

Everything that affects more than a recipe's own containers and volumes needs an approval, which is
a name in this project's recipe.toml. What cannot be determined is a violation too: a file that does
not parse, a variable without a value, an unknown key.
"""

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType

import yaml

from ccci.loop.compose_file import MOST_FOUND, ComposeFile, Enough, Violation
from ccci.loop.label_rules import check_labels
from ccci.loop.mounts import check_name, check_named_volume
from ccci.loop.name_rules import check_key
from ccci.loop.service_rules import check_service
from ccci.loop.variables import Variables
from ccci.loop.yamltree import entries, is_null, items, line_of, node_at, scalars, values
from ccci.recipe.offered import offered_files
from ccci.recipe.overlay import OVERLAY_FILE
from ccci.recipe.shape import misshapen
from ccci.recipe.yaml_file import Unreadable, content_of, kind_of, load

__all__ = ["Violation", "violations"]

_COMPOSE = re.compile(r"([A-Za-z0-9][\w.-]*/)*[A-Za-z0-9][\w.-]*\.ya?ml", re.ASCII)
_MOST_FILES, _MOST_BYTES = 40, 256 << 10
# All runs list what the Swarm has, and it keeps all of that in its managers' memory.
_MOST_PARTS = {"services": 50, "configs": 100, "secrets": 100, "networks": 20, "volumes": 100}
_NETWORK = (
    "attachable", "driver", "driver_opts", "enable_ipv4", "enable_ipv6", "external", "internal",
    "ipam", "labels", "name",
)  # fmt: skip
_NETWORK_OPTIONS = {"encrypted", "com.docker.network.driver.mtu"}
_FILE_OBJECT = ("external", "file", "labels", "name", "template_driver", "content")


def violations(
    folder: Path,
    allowed: frozenset[str],
    before: Path | None = None,
    run_sets: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> list[Violation]:
    """Check all compose files of a recipe.

    Args:
        folder: the recipe's files.
        allowed: the names of this project's approvals for the recipe.
        before: the files of the release that an upgrade starts from. The recipe is then deployed
            with the settings of that release too. These files need a check of their own as well.
        run_sets: variables that the run itself sets: see `settings_of_run`.

    Returns:
        the violations, in the order of files and lines; empty if there are none.

    Example:
        >>> for one in violations(Path("traefik"), frozenset({"docker-socket"})):
        ...     print(one)
        compose.host.yml:13: service 'app' publishes port 80 of the node. Remove it, or get
        'host-port:80' approved in this project's recipe.toml.
    """
    variables = Variables(folder, before, run_sets)
    found = [
        Violation(problem.file, problem.line, problem.what, "Correct the line")
        for problem in variables.problems[:MOST_FOUND]
    ]
    names, misnamed = _compose_files(folder, variables)
    found += misnamed
    roots: dict[str, yaml.MappingNode] = {}
    unread: dict[str, list[Violation]] = {}
    for name in names:
        try:
            root = load(folder / name)
        except Unreadable as problem:
            what = f"the file {problem.what}"
            unread[name] = [Violation(name, problem.line, what, "Write it in plain YAML")]
        else:
            # The rules, the harness and abra need read only what has its shape.
            if wrong := _misshapen(name, root):
                unread[name] = wrong
            else:
                roots[name] = root
    found += _too_many(roots)
    own_networks = _own_networks(roots.values())
    for name in names:
        if name in unread:
            found += unread[name]
            continue
        compose = ComposeFile(folder, name, variables, allowed, own_networks)
        with contextlib.suppress(Enough):
            _check_file(compose, roots[name])
        found += sorted(compose.found, key=lambda one: one.line)
    return found


def _too_many(roots: Mapping[str, yaml.MappingNode]) -> list[Violation]:
    """Return which parts are so many that the Swarm itself would suffer."""
    found = []
    for part, most in _MOST_PARTS.items():
        named = {
            entry.key: name
            for name, root in roots.items()
            for table in values(root, part)
            for entry in entries(table)
        }
        if len(named) > most:
            what = f"there are {len(named)} {part} in all compose files; at most {most} are allowed"
            found.append(Violation(list(named.values())[-1], 1, what, "Remove some"))
    return found


def _misshapen(name: str, root: yaml.MappingNode) -> list[Violation]:
    """Return what in a file does not have the shape that its key demands."""
    return [
        Violation(name, line_of(node_at(root, one.place)), str(one), "Correct it")
        for one in islice(misshapen(content_of(root)), MOST_FOUND)
    ]


def _own_networks(roots: Iterable[yaml.MappingNode]) -> frozenset[str]:
    """Return the networks that no other stack can be on, whichever of the files are deployed."""
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


def _compose_files(folder: Path, variables: Variables) -> tuple[list[str], list[Violation]]:
    """Return the files to check, and what is wrong with those that COMPOSE_FILE names."""
    names = dict.fromkeys(offered_files(folder))
    wrong = []
    for value in variables.of("COMPOSE_FILE"):
        for name in value.split(":"):
            if name and _COMPOSE.fullmatch(name) and kind_of(folder / name):
                names[name] = None
            elif name and variables.is_own("COMPOSE_FILE", value):
                what = f"COMPOSE_FILE names {name!r}, which is not a YAML file of the recipe"
                line = variables.line_of("COMPOSE_FILE", value)
                remedy = "Name files in the recipe's own folders"
                wrong.append(Violation(".env.sample", line, what, remedy))
    if kind_of(folder / OVERLAY_FILE):
        what = "the file has the name of a file that each run adds"
        wrong.append(Violation(OVERLAY_FILE, 1, what, "Rename it"))
    sizes = [(folder / name).lstat().st_size for name in names]
    if len(names) > _MOST_FILES or sum(sizes) > _MOST_BYTES:
        what = (
            f"there are {len(names)} compose files with {sum(sizes)} bytes; at most {_MOST_FILES} "
            f"with {_MOST_BYTES} bytes can be checked"
        )
        # None of them is read: to read so much would take too long.
        return [], [*wrong, Violation("compose.yml", 1, what, "Remove some, or shorten them")]
    if not names:
        wrong.append(Violation("compose.yml", 1, "the file is missing", "Add it"))
    return list(names), wrong


def _check_file(compose: ComposeFile, root: yaml.MappingNode) -> None:
    for scalar in scalars(root):
        compose.refuse_reserved_references(scalar)
    compose.known_keys(root, {"version", "name", "include", *_PARTS}, "the file")
    for entry in entries(root):
        if entry.key == "include":
            what = "the file includes other files"
            compose.refuse(entry.key_node, what, "Name them in COMPOSE_FILE")
        elif entry.key in _PARTS and not is_null(entry.value):
            if not isinstance(entry.value, yaml.MappingNode):
                compose.refuse(entry.value, f"'{entry.key}' is not a mapping", "Write a mapping")
            for part in entries(entry.value):
                check_key(compose, entry.key, part.key_node)
                _PARTS[entry.key](compose, part.key, part.value)
                for labels in values(part.value, "labels") if entry.key != "services" else ():
                    check_labels(compose, f"'{part.key}' of the {entry.key}", labels)
    for scalar in scalars(root):
        compose.check_references(scalar)


def _check_network(compose: ComposeFile, name: str, node: yaml.Node) -> None:
    if is_null(node):
        return
    where = f"network '{name}'"
    compose.known_keys(node, _NETWORK, where)
    external = values(node, "external")
    mapped = [value for value in external if isinstance(value, yaml.MappingNode)]
    switched = [
        v for v in external if v not in mapped and compose.may_be_set(v, f"{where} external")
    ]
    named = values(node, "name") + [text for value in mapped for text in values(value, "name")]
    for value in named:
        for text in compose.foreign_names(value, f"the name of {where}"):
            _require_network(compose, value, text)
    if (mapped or switched) and not named:
        _require_network(compose, external[0], name)
    for driver in values(node, "driver"):
        for text in compose.texts(driver, f"the driver of {where}"):
            if text == "host":
                _require_network(compose, driver, "host")
            elif text not in ("overlay", ""):
                compose.require_approval(
                    driver, f"network-driver:{text}", f"{where} uses the driver {text}"
                )
    for ipam in values(node, "ipam"):
        _check_addresses(compose, where, ipam)
    for options in values(node, "driver_opts"):
        for entry in entries(options):
            if entry.key not in _NETWORK_OPTIONS:
                compose.require_approval(
                    entry.key_node, f"option:{entry.key}", f"{where} sets {entry.key}"
                )


def _check_addresses(compose: ComposeFile, where: str, ipam: yaml.Node) -> None:
    """Require an approval for chosen addresses: no other network can then have them."""
    compose.known_keys(ipam, ("config", "driver"), f"'ipam' of {where}")
    for driver in values(ipam, "driver"):
        for text in compose.texts(driver, f"the driver of 'ipam' of {where}"):
            if text not in ("default", ""):
                what = f"{where} gets its addresses from the driver {text}"
                compose.require_approval(driver, f"network-driver:{text}", what)
    for config in values(ipam, "config"):
        for entry in [entry for item in items(config) for entry in entries(item)]:
            for text in compose.texts(entry.value, f"'{entry.key}' of {where}"):
                what = f"{where} takes the addresses {text} ({entry.key})"
                compose.require_approval(entry.value, f"addresses:{text}", what)


def _require_network(compose: ComposeFile, node: yaml.Node, name: str) -> None:
    """Allow Traefik's network; all others belong to the node or to another stack."""
    if name == "host":
        compose.require_approval(node, "host-network", "the node's own network is used")
    elif name != "proxy":
        compose.require_approval(
            node, f"network:{name}", f"network '{name}' is neither 'proxy' nor one of the app's own"
        )


def _file_object(kind: str) -> Callable[[ComposeFile, str, yaml.Node], None]:
    """Return the check for secrets, or for configs."""

    def check(compose: ComposeFile, name: str, node: yaml.Node) -> None:
        where = f"{kind} '{name}'"
        if is_null(node):
            return
        compose.known_keys(node, (*_FILE_OBJECT, "environment"), where)
        check_name(compose, kind, name, node)
        for value in values(node, "file"):
            compose.require_recipe_file(value, f"the file of {where}")
        for value in values(node, "environment"):
            what = f"{where} is read from the environment of the machine that deploys"
            compose.refuse(value, what, "Use a file")
        for value in values(node, "template_driver"):
            for text in compose.texts(value, f"the template_driver of {where}"):
                if text not in ("golang", ""):
                    what = f"{where} is filled in by the driver {text}"
                    compose.require_approval(value, f"template-driver:{text}", what)

    return check


_PARTS: dict[str, Callable[[ComposeFile, str, yaml.Node], None]] = {
    "services": check_service,
    "volumes": check_named_volume,
    "networks": _check_network,
    "secrets": _file_object("secret"),
    "configs": _file_object("config"),
}
