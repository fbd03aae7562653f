"""Networks, volumes and configs whose names in the Swarm two apps of a recipe would share."""

from collections.abc import Iterator, Mapping

from ccci.recipe.compose import fill_in
from ccci.review.files import CommitFiles

_KINDS = ("networks", "volumes", "configs")
_OWN = {"STACK_NAME": "\0", "DOMAIN": "\0"}


def names_of_no_app(release: CommitFiles, head: CommitFiles) -> Iterator[tuple[str, str]]:
    """Yield each name of the head that is not the app's own, unless it was so in the release.

    The Swarm puts the stack's name before a name, but for those that a compose file gives by
    `name:`. Two apps with one network find each other's database; two with one config are refused.

    Args:
        release: the files of the release.
        head: those of the head.

    Example:
        >>> named = {"networks": {"internal": {"name": "internal"}}}
        >>> head = CommitFiles({}, {}, {}, {"compose.yml": named})
        >>> [name for name, _ in names_of_no_app(CommitFiles({}, {}, {}, {}), head)]
        ['network internal']
    """
    before = dict(_shared(release))
    for name, shared in _shared(head):
        if name not in before:
            yield (
                name,
                (
                    f"'{name}' is called '{shared}' in the Swarm, in every app of this recipe: "
                    "take 'name:' away, or put ${STACK_NAME} into it."
                ),
            )


def _shared(files: CommitFiles) -> Iterator[tuple[str, str]]:
    settings = {**files.sample, **files.exports, **_OWN}
    for content in files.compose.values():
        for kind in _KINDS:
            table = content.get(kind)
            for key, entry in (table if isinstance(table, Mapping) else {}).items():
                named = entry.get("name") if isinstance(entry, Mapping) else None
                if named and not entry.get("external"):
                    name = fill_in(str(named), settings)
                    if "\0" not in name:
                        yield f"{kind[:-1]} {key}", name
