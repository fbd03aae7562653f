"""Commands of abra.sh, which people run with `abra app cmd`: those that are gone."""

import re
from collections.abc import Iterator

from ccci.review.mentions import mentions

# `name() {` and `function name {`. One that begins with `_` is for the script alone.
_FUNCTION = re.compile(
    r"^[ \t]*(?:function[ \t]+([a-zA-Z][\w-]*)|([a-zA-Z][\w-]*)[ \t]*\([ \t]*\))", re.MULTILINE
)


def lost_commands(release: str, head: str, note: str) -> Iterator[tuple[str, str]]:
    """Yield each command of the release that the head has no more, with a sentence.

    Args:
        release: the text of abra.sh in the release, or "".
        head: that of the head.
        note: the text of the head's release note, or "".

    Example:
        >>> [name for name, _ in lost_commands("add_user() {\\n}\\n", "", "")]
        ['add_user']
    """
    now = _commands_in(head)
    for name in _commands_in(release):
        if name not in now and not mentions(note, name):
            yield (
                name,
                f"'{name}' is no command of abra.sh any more: 'abra app cmd ... {name}' fails.",
            )


def _commands_in(script: str) -> list[str]:
    return list(dict.fromkeys(one or other for one, other in _FUNCTION.findall(script)))
