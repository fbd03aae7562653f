"""Whether a text has the name of a setting."""

import re


def mentions(text: str, name: str) -> bool:
    """Return whether a text has a name as a word of its own.

    Example:
        >>> mentions("TZ=${ZONE:-UTC}", "ZONE"), mentions("TZ=${TIME_ZONE}", "ZONE")
        (True, False)
    """
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
