"""What a service's labels may not say: the node's Traefik and its tools act on them."""

import re

import yaml

from loop.routes import ANY, UnknownRule, names_taken
from loop.sheet import Sheet
from loop.variables import DOMAIN, STACK
from loop.yamltree import entries, items

_BOT_LABEL = "coop-cloud.backupbot.enabled"
_RULE = re.compile(r"traefik\.(?:http|tcp)\.routers\.(?P<name>[^.]+)\.(?P<what>rule|service)")
_NAMED = re.compile(r"traefik\.(?:http|tcp|udp)\.(?:routers|services)\.(?P<name>[^.]+)\..*")


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
    # Traefik reads its own labels in any case.
    key = key.lower() if key.lower().startswith("traefik.") else key
    if key == _BOT_LABEL:
        sheet.want(place, "backup-bot", f"{where} calls itself the node's backup bot")
    elif key.startswith("traefik.tls."):
        sheet.want(place, f"option:{key}", f"{where} sets how Traefik does TLS for all apps")
    named = _NAMED.fullmatch(key)
    if named and STACK not in named["name"]:
        what = f"{where} names a route '{named['name']}', which is not its own (${{STACK_NAME}})"
        sheet.want(place, f"option:{key}", what)
    found = _RULE.fullmatch(key)
    if found and found["what"] == "rule":
        _check_rule(sheet, where, place, value)
    elif found and "@" in value:
        sheet.want(place, f"route:{value}", f"{where} routes to {value}, which is not its own")


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
