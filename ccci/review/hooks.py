"""Hooks of the backup bot: one that cannot fail hides that nothing was backed up or restored."""

import re
from collections.abc import Iterator, Mapping

_HOOK = re.compile(r"backupbot\..*hook")
_NEVER_FAILS = re.compile(r"(?:\|\||;)\s*(?:true|:|exit\s+0|/bin/true)\s*[\"']?\s*$")


def hooks_in(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the hooks that a service's labels have, by label.

    Example:
        >>> hooks_in({"backupbot.backup": "true", "backupbot.backup.pre-hook": "/dump"})
        {'backupbot.backup.pre-hook': '/dump'}
    """
    return {label: command for label, command in labels.items() if _HOOK.fullmatch(label)}


def hooks_that_never_fail(labels: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield a sentence for each hook whose exit code is 0 whatever happened.

    Args:
        labels: service to its labels, as deployed.

    Example:
        >>> list(hooks_that_never_fail({"db": {"backupbot.restore.post-hook": "/load || true"}}))
        ["backupbot.restore.post-hook of service 'db' ends with '|| true'"]
    """
    for service, table in labels.items():
        for label, command in sorted(hooks_in(table).items()):
            if found := _NEVER_FAILS.search(command):
                yield f"{label} of service '{service}' ends with '{found.group(0).strip()}'"
