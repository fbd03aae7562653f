"""Settings that a new app has from .env.sample, and an upgraded one has not."""

import re
from collections.abc import Collection, Mapping

from ccci.recipe.offered import passed_on
from ccci.review.files import CommitFiles
from ccci.review.mentions import COMPOSE, mentions
from ccci.review.still_read import readers

# $NAME and ${NAME}, without a default.
_BARE = r"(?<!\$)\$(?:{name}\b|\{{{name}\}})"
# A compose file hands it to a service, with a default: `- NAME=${NAME:-x}`, `NAME: ${NAME-x}`.
_GIVEN = r"(?<![\w]){name}[=:] ?[\"']?\$\{{{name}:?-[^}}]"
# How templates and scripts read the environment: `{{ env "NAME" }}`, `$NAME`, `process.env.NAME`.
_READ = r"(?:\$\{{?|env(?:iron)?\b[\s.\[(]+[\"']?|getenv\([\"']){name}(?!\w)"
# What stands on its line where it can do without: `${NAME:-x}`, `{{ if env "NAME" }}`.
_COPES = re.compile(r"\$\{\w+:?[-=?+]|\b(?:default|coalesce|or|if|with|case|test)\b|\[ |\|\||\?\?")
# A template that has no value for it does the same.
_NOTHING = frozenset({"", "0", "false", "no", "off", "none"})


def untold(
    head: CommitFiles, deployed: Collection[str], settings: Mapping[str, str], note: str
) -> list[str]:
    """Return the settings that an upgrade needs, and that nobody is told of.

    abra leaves the .env of an app as it is. So a setting that .env.sample gained is empty in every
    app that is upgraded, unless the compose file has a default for it or a release note names it.
    The service `app` is handed all settings: what a template or a script reads counts as well,
    unless it can do without, or a compose file gives it a default there.

    Args:
        head: the files of the head.
        deployed: the compose files that it is deployed with.
        settings: the app's, as the release had them, with what the head's abra.sh exports.
        note: the text of the head's release note, or "".

    Example:
        ``untold(head, ["compose.yml"], {"DOMAIN": "wiki.example"}, "")`` -> ``["CLOSED"]``
    """
    files = readers(head.texts)
    texts = [files.get(name, "") for name in deployed]
    others = [text for path, text in files.items() if not COMPOSE.search(path)]
    handed_on = {name for file in deployed for name in passed_on(head.compose.get(file, {}))}
    return [
        name
        for name, value in head.sample.items()
        if value
        and name not in settings
        and not mentions(note, name)
        and (
            name in handed_on
            or any(re.search(_BARE.format(name=name), text) for text in texts)
            or (
                value.lower() not in _NOTHING
                and not any(re.search(_GIVEN.format(name=name), text) for text in texts)
                and any(_needs(text, name) for text in others)
            )
        )
    ]


def _needs(text: str, name: str) -> bool:
    """Return whether a template or a script reads a setting, and nowhere copes without it."""
    lines = [line for line in text.splitlines() if re.search(_READ.format(name=name), line)]
    return bool(lines) and not any(map(_COPES.search, lines))
