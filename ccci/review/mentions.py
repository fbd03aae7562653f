"""Whether a text has the name of a setting, and whether a file of a recipe reads the setting."""

import re

COMPOSE = re.compile(r"(^|/)compose[^/]*\.ya?ml$")


def mentions(text: str, name: str) -> bool:
    """Return whether a text has a name as a word of its own.

    Example:
        >>> mentions("TZ=${ZONE:-UTC}", "ZONE"), mentions("TZ=${TIME_ZONE}", "ZONE")
        (True, False)
    """
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def reads(path: str, text: str, name: str) -> bool:
    """Return whether a file reads what somebody has set.

    A compose file reads a setting as `$NAME`, or hands it on as a variable without a value. With
    `NAME=text` it sets a variable of that name, whatever an app has set. In every other file, and
    for a secret, whose name is in small letters, the name alone counts.

    Args:
        path: of the file.
        text: its text.
        name: of the setting or the secret.

    Example:
        >>> lines = ("- TZ=${ZONE}", "- ZONE", "- ZONE=UTC")
        >>> [reads("compose.yml", line, "ZONE") for line in lines]
        [True, True, False]
    """
    if not COMPOSE.search(path) or not name.isupper():
        return mentions(text, name)
    word = re.escape(name)
    handed_on = rf"""(?:^|[-\[{{,])\s*["']?{word}["']?\s*(?:$|[,\]}}]|:\s*(?:null|~)?\s*$)"""
    return re.search(rf"\$\{{?{word}(?!\w)|{handed_on}", text, re.MULTILINE) is not None


def sets(path: str, text: str, name: str) -> bool:
    """Return whether a compose file gives a variable a text of its own, whatever an app has set.

    Example:
        >>> [sets("compose.yml", line, "ZONE") for line in ("- ZONE=UTC", "- ZONE=${ZONE:-UTC}")]
        [True, False]
    """
    if not COMPOSE.search(path):
        return False
    given = re.findall(rf"(?m)^\s*(?:-\s*)?[\"']?{re.escape(name)}(?:=|:\s+)(.*)$", text)
    return any(value.strip() for value in given) and not reads(path, text, name)
