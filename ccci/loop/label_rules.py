"""What a service's labels may not say: the node's Traefik and its tools act on them."""

import re

import yaml

from ccci.loop.routes import ANY, UnknownRule, names_taken
from ccci.loop.sheet import Sheet
from ccci.loop.variables import DOMAIN, STACK
from ccci.loop.yamltree import entries, items

_BOT_LABEL = "coop-cloud.backupbot.enabled"
# What reads labels of apps; other providers of Traefik's belong to the node.
_OWN_PROVIDERS = ("", "docker", "swarm")
_HARMLESS = ("enable", "docker", "swarm", "constraint-label", "tags")


def check_labels(sheet: Sheet, where: str, node: yaml.Node) -> None:
    """Judge the labels of a service, in either form."""
    if isinstance(node, yaml.MappingNode):
        for entry in entries(node):
            for value in sheet.readings(entry.value, f"a label of {where}"):
                _check_label(sheet, where, entry.key_node, entry.key, value)
        return
    for item in items(node):
        for text in sheet.readings(item, f"a label of {where}"):
            key, _, value = text.partition("=")
            _check_label(sheet, where, item, key.strip(), value.strip())


def _check_label(sheet: Sheet, where: str, place: yaml.Node, key: str, value: str) -> None:
    if key == _BOT_LABEL:
        sheet.want(place, "backup-bot", f"{where} calls itself the node's backup bot")
    elif key.startswith("backupbot.") and ("/" in key or ".." in re.split(r"[\s,/:]", value)):
        sheet.want(place, f"option:{key}", f"{where} has the bot look beyond its own volumes")
    elif key.startswith(("ccci.", "com.docker.")):
        what = f"{where} has the label '{key}', by which runs and Docker know their own"
        sheet.want(place, f"option:{key}", what)
    # Traefik reads its own labels in any case, and `a[b]` as `a.[b]`.
    folded = key.casefold()
    parts = folded.replace("[", ".[").split(".")
    if parts[0] == "traefik":
        _check_traefik(sheet, where, place, parts, value)


def _check_traefik(
    sheet: Sheet, where: str, place: yaml.Node, parts: list[str], value: str
) -> None:
    key = ".".join(parts)
    protocol, kind, name = [*parts, "", "", ""][1:4]
    rest = parts[4:]
    if protocol not in ("http", "tcp", "udp"):
        if protocol not in _HARMLESS:
            what = f"{where} sets {key}, which concerns all apps of Traefik's"
            sheet.want(place, f"option:{key}", what)
        return
    if STACK not in name:
        what = f"{where} names '{kind}.{name}', which is not its own (${{STACK_NAME}})"
        sheet.want(place, f"option:{key}", what)
    if protocol == "udp" and kind == "routers":
        sheet.want(place, "route:udp", f"{where} takes all UDP traffic of an entrypoint")
    elif kind == "routers" and rest[:1] == ["rule"]:
        _check_rule(sheet, where, place, value)
    if kind == "services" and (rest[:1] != ["loadbalancer"] or rest[-1:] == ["url"]):
        what = f"{where} has Traefik serve more than the app itself ({key})"
        sheet.want(place, f"option:{key}", what)
    if rest[-1:] == ["service"] and not _is_own_service(value):
        sheet.want(place, f"route:{value}", f"{where} routes to {value}, which is not its own")


def _is_own_service(value: str) -> bool:
    name, _, provider = value.partition("@")
    return STACK in name and provider in _OWN_PROVIDERS


def _check_rule(sheet: Sheet, where: str, place: yaml.Node, rule: str) -> None:
    try:
        taken = names_taken(rule, _is_own)
    except UnknownRule:
        sheet.refuse(place, f"a rule of {where} is {rule!r}", "write a rule that Traefik reads")
        return
    for name in sorted(taken):
        told = "all names of the node" if name == ANY else f"the name '{name}'"
        sheet.want(place, f"route:{name}", f"{where} takes the traffic of {told}")


def _is_own(name: str) -> bool:
    return name == DOMAIN or name.endswith(f".{DOMAIN}")
