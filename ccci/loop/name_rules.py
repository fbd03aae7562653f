"""The rules for names: an app must not answer under a name by which others look for another app.

On each of its networks a service is found by its key in the compose file, its hostname, and its
aliases. All apps are on the network `proxy`, so these names must not be those of other apps there.
"""

import re

import yaml

from ccci.loop.compose_file import ComposeFile
from ccci.loop.variables import DOMAIN, STACK
from ccci.loop.yamltree import Entry, entries, items, values

# Each recipe has a service of such a name for Traefik, so no app can rely on finding its own by it.
FRONT = ("app", "nginx", "web")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)
_LINK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(:[A-Za-z0-9][A-Za-z0-9-]*)?", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9-]*", re.ASCII)
_ON_NETWORK = ("aliases", "priority", "gw_priority")


def check_key(compose: ComposeFile, part: str, key: yaml.Node) -> None:
    """Refuse a key that a command line or Docker could take for something other than a name.

    Args:
        compose: the file.
        part: where the key stands: services, volumes, networks, secrets or configs.
        key: the key.
    """
    if not _KEY.fullmatch(str(key.value)):
        what = f"a name in '{part}' is {str(key.value)[:80]!r}"
        remedy = "Begin with a letter or digit, and write at most 63 letters, digits, '.', '_', '-'"
        compose.refuse(key, what, remedy)


def check_networks(compose: ComposeFile, name: str, node: yaml.MappingNode) -> None:
    """Check the names of a service on networks that other stacks are on."""
    where = f"service '{name}'"
    for networks in values(node, "networks") or [node]:
        if networks is node:
            joined: list[str] = ["default"]
        elif isinstance(networks, yaml.MappingNode):
            joined = [entry.key for entry in entries(networks)]
            for entry in entries(networks):
                _check_joined(compose, where, entry)
        else:
            what = f"a network of {where}"
            joined = [text for item in items(networks) for text in compose.texts(item, what)]
        shared = [network for network in joined if not compose.is_own_network(network)]
        if shared and name not in FRONT:
            what = f"{where} is on the network '{shared[0]}', where every app finds it as '{name}'"
            remedy = f"Leave it on networks of the app, or call it {', '.join(FRONT)}"
            compose.require_approval(networks, f"network-alias:{name}", what, remedy)


def _check_joined(compose: ComposeFile, where: str, network: Entry) -> None:
    compose.known_keys(network.value, _ON_NETWORK, f"{where} on network '{network.key}'")
    if compose.is_own_network(network.key):
        return
    for aliases in values(network.value, "aliases"):
        for item in items(aliases):
            for text in compose.texts(item, f"an alias of {where}"):
                what = f"{where} has the alias {text!r} on the network '{network.key}'"
                compose.require_approval(item, f"network-alias:{text}", what)


def check_hostname(compose: ComposeFile, name: str, entry: Entry) -> None:
    """Check a name that a service gives itself: `hostname`, `domainname` or `container_name`."""
    for text in compose.texts(entry.value, f"'{entry.key}' of service '{name}'"):
        is_own_stack = text == STACK or text.startswith(f"{STACK}_")
        is_own_domain = text == DOMAIN or text.endswith(f".{DOMAIN}")
        if not (is_own_stack or is_own_domain or (text == name and "." not in name)):
            what = f"service '{name}' calls itself {text!r} ({entry.key}), a name of others"
            remedy = f"Write '{name}', '${{STACK_NAME}}' or '${{DOMAIN}}', or remove it"
            compose.require_approval(entry.value, f"hostname:{text}", what, remedy)


def check_links(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    """Refuse links under a name that is no plain one."""
    for item in items(node):
        for text in compose.texts(item, f"a link of {where}"):
            if not _LINK.fullmatch(text):
                remedy = "Remove it: in a Swarm, services find each other by their names"
                compose.refuse(item, f"{where} has the link {text!r}", remedy)


def check_extra_hosts(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    """Require an approval for public names that lead elsewhere inside of a service."""
    if isinstance(node, yaml.MappingNode):
        named = [(entry.key_node, entry.key) for entry in entries(node)]
    else:
        what = f"one of the extra_hosts of {where}"
        named = [
            (item, re.split("[:=]", text)[0])
            for item in items(node)
            for text in compose.texts(item, what)
        ]
    for place, name in named:
        if not (_LABEL.fullmatch(name) or name == DOMAIN or name.endswith(f".{DOMAIN}")):
            what = f"{where} makes the name {name!r} lead elsewhere"
            compose.require_approval(place, f"extra-host:{name}", what)


def check_dns(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    """Require an approval for another name server, or for a domain to search."""
    for item in items(node):
        for text in compose.texts(item, f"a name server or search domain of {where}"):
            # A single dot switches the search off.
            if text != ".":
                compose.require_approval(item, f"dns:{text}", f"{where} asks {text} for names")
