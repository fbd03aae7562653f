"""The rules for labels: Traefik and other programs on the node act on them.

Only labels that are known to concern the app alone need no approval. Other programs that read the
labels of all apps (for jobs, updates, notifications) are not known here.
"""

import re

import yaml

from ccci.loop.compose_file import ComposeFile
from ccci.loop.traefik_rules import check_traefik
from ccci.loop.variables import STACK
from ccci.loop.yamltree import entries, items

_BOT_LABEL = "coop-cloud.backupbot.enabled"
# Labels that abra reads or writes; the older form names the service too.
_OF_ABRA = re.compile(
    rf"coop-cloud\.{STACK}(\.[\w-]+)?"
    r"\.(version|timeout|recipe|chaos|chaos-version|auto-update)", re.ASCII
)  # fmt: skip
_OF_THE_BOT = re.compile(r"backupbot\.(backup|restore|volumes)(\.[^/]+)?", re.ASCII)
# Such a path begins in the volume; an absolute one may lead out of it.
_IN_A_VOLUME = re.compile(r"backupbot\.(?:[\w-]+\.)?volumes\.[^/]+\.path", re.ASCII)
# A scheduler of services; it starts the service that has these labels, and no other.
_OF_SCHEDULER = re.compile(r"swarm\.cronjob\.(enable|schedule|skip-running)")
# For people; no program acts on these.
_DESCRIPTIONS = ("org.opencontainers.image.", "org.label-schema.")


def check_labels(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    """Check the labels of a service, written as a mapping or as a list."""
    if isinstance(node, yaml.MappingNode):
        for entry in entries(node):
            for value in compose.readings(entry.value, f"a label of {where}"):
                _check_label(compose, where, entry.key_node, entry.key, value.strip())
        return
    for item in items(node):
        for text in compose.readings(item, f"a label of {where}"):
            key, _, value = text.partition("=")
            _check_label(compose, where, item, key.strip(), value.strip())


def _check_label(compose: ComposeFile, where: str, place: yaml.Node, key: str, value: str) -> None:
    # Traefik ignores case in its labels, and reads `a[b]` as `a.[b]`.
    parts = key.casefold().replace("[", ".[").split(".")
    if parts[0] == "traefik":
        check_traefik(compose, where, place, parts, value)
    elif key == _BOT_LABEL:
        compose.require_approval(place, "backup-bot", f"{where} poses as the node's backup bot")
    elif key.startswith("backupbot."):
        absolute = _IN_A_VOLUME.fullmatch(key) and re.search(r"(^|[\s,:])/", value)
        if absolute or ".." in re.split(r"[\s,/:]", value) or not _OF_THE_BOT.fullmatch(key):
            what = f"{where} makes the backup bot read more than the app's volumes ({key})"
            compose.require_approval(place, f"label:{key}", what)
    elif key and not (
        _OF_ABRA.fullmatch(key) or _OF_SCHEDULER.fullmatch(key) or key.startswith(_DESCRIPTIONS)
    ):
        what = f"{where} has the label '{key}', on which some program of the node may act"
        compose.require_approval(place, f"label:{key}", what)
