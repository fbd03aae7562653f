"""The rules for the labels of services: Traefik and other tools on the node act on labels."""

import re

import yaml

from ccci.loop.compose_file import ComposeFile
from ccci.loop.routes import ANY, UnknownRule, names_taken
from ccci.loop.variables import DOMAIN, STACK
from ccci.loop.yamltree import entries, items

_BOT_LABEL = "coop-cloud.backupbot.enabled"
# The providers of Traefik that read the labels of apps; its other providers belong to the node.
_OWN_PROVIDERS = ("", "docker", "swarm")
_HARMLESS = ("enable", "docker", "swarm", "constraint-label", "tags")


def check_labels(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    """Check the labels of a service, written as a mapping or as a list."""
    if isinstance(node, yaml.MappingNode):
        for entry in entries(node):
            for value in compose.readings(entry.value, f"a label of {where}"):
                _check_label(compose, where, entry.key_node, entry.key, value)
        return
    for item in items(node):
        for text in compose.readings(item, f"a label of {where}"):
            key, _, value = text.partition("=")
            _check_label(compose, where, item, key.strip(), value.strip())


def _check_label(compose: ComposeFile, where: str, place: yaml.Node, key: str, value: str) -> None:
    if key == _BOT_LABEL:
        compose.require_approval(place, "backup-bot", f"{where} poses as the node's backup bot")
    elif key.startswith("backupbot.") and ("/" in key or ".." in re.split(r"[\s,/:]", value)):
        compose.require_approval(
            place, f"option:{key}", f"{where} makes the backup bot read other volumes"
        )
    elif key.startswith(("ccci.", "com.docker.")):
        what = f"{where} has the label '{key}', which is reserved for Docker or for test runs"
        compose.require_approval(place, f"option:{key}", what)
    # Traefik ignores case in its labels, and reads `a[b]` as `a.[b]`.
    folded = key.casefold()
    parts = folded.replace("[", ".[").split(".")
    if parts[0] == "traefik":
        _check_traefik(compose, where, place, parts, value)


def _check_traefik(
    compose: ComposeFile, where: str, place: yaml.Node, parts: list[str], value: str
) -> None:
    key = ".".join(parts)
    protocol, kind, name = [*parts, "", "", ""][1:4]
    rest = parts[4:]
    if protocol not in ("http", "tcp", "udp"):
        if protocol not in _HARMLESS:
            what = f"{where} sets {key}, which affects all apps behind Traefik"
            compose.require_approval(place, f"option:{key}", what)
        return
    if STACK not in name:
        what = f"{where} uses '{kind}.{name}', whose name does not contain ${{STACK_NAME}}"
        compose.require_approval(place, f"option:{key}", what)
    if protocol == "udp" and kind == "routers":
        compose.require_approval(
            place, "route:udp", f"{where} takes all UDP traffic of an entrypoint"
        )
    elif kind == "routers" and rest[:1] == ["rule"]:
        _check_rule(compose, where, place, value)
    if kind == "services" and (rest[:1] != ["loadbalancer"] or rest[-1:] == ["url"]):
        what = f"{where} makes Traefik serve more than the app itself ({key})"
        compose.require_approval(place, f"option:{key}", what)
    if rest[-1:] == ["service"] and not _is_own_service(value):
        compose.require_approval(
            place, f"route:{value}", f"{where} routes to {value}, which is not a service of the app"
        )


def _is_own_service(value: str) -> bool:
    name, _, provider = value.partition("@")
    return STACK in name and provider in _OWN_PROVIDERS


def _check_rule(compose: ComposeFile, where: str, place: yaml.Node, rule: str) -> None:
    try:
        taken = names_taken(rule, _is_own)
    except UnknownRule:
        compose.refuse(place, f"a rule of {where} is {rule!r}", "Write a rule that Traefik accepts")
        return
    for name in sorted(taken):
        host = "all hosts on the node" if name == ANY else f"the host '{name}'"
        compose.require_approval(place, f"route:{name}", f"{where} takes the traffic for {host}")


def _is_own(name: str) -> bool:
    return name == DOMAIN or name.endswith(f".{DOMAIN}")
