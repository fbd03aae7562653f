"""Settings that a new app has from .env.sample, and an upgraded one has not."""

import re
from collections.abc import Iterable, Mapping

from ccci.review.mentions import mentions

# $NAME and ${NAME}, without a default; and a variable that is passed on by its name alone.
_BARE = r"(?<!\$)\$(?:{name}\b|\{{{name}\}})|^\s*-\s*[\"']?{name}[\"']?\s*$"


def untold(
    sample: Mapping[str, str],
    settings: Mapping[str, str],
    compose_files: Iterable[str],
    note: str,
) -> list[str]:
    """Return the settings that an upgrade needs, and that nobody is told of.

    abra leaves the .env of an app as it is. So a setting that .env.sample gained is empty in every
    app that is upgraded, unless the compose file has a default for it or a release note names it.

    Args:
        sample: the head's .env.sample.
        settings: the app's, as the release had them, with what the head's abra.sh exports.
        compose_files: the text of each compose file that the head is deployed with.
        note: the text of the head's release note, or "".

    Example:
        >>> untold({"CLOSED": "true"}, {}, ["X=${CLOSED}"], "")
        ['CLOSED']
        >>> untold({"CLOSED": "true"}, {}, ["X=${CLOSED:-true}"], "")
        []
    """
    texts = list(compose_files)
    return [
        name
        for name, value in sample.items()
        if value
        and name not in settings
        and not mentions(note, name)
        and any(re.search(_BARE.format(name=name), text, re.MULTILINE) for text in texts)
    ]
