"""What a run replaces or does not measure, and that must not get weaker: certificates, secrets."""

import re
from collections.abc import Iterator, Mapping

_VERSION = re.compile(r"^[ \t#]*SECRET_(\w+)_VERSION=[^#\n]*#.*?\blength=(\d+)", re.MULTILINE)
_CERTIFICATES = "LETS_ENCRYPT_ENV"


def weaker(
    sample: tuple[str, Mapping[str, str]], before: tuple[str, Mapping[str, str]]
) -> Iterator[tuple[str, str]]:
    """Yield what .env.sample of the head makes weaker than that of the release, with a sentence.

    A run has its own certificates, and so never uses what .env.sample says of them.

    Args:
        sample: text and settings of the head's .env.sample.
        before: the same of the release's.

    Example:
        >>> [name for name, _ in weaker(("", {"LETS_ENCRYPT_ENV": "staging"}),
        ...                             ("", {"LETS_ENCRYPT_ENV": "production"}))]
        ['LETS_ENCRYPT_ENV']
    """
    was, now = (settings.get(_CERTIFICATES, "") for _, settings in (before, sample))
    if was and now != was:
        yield (
            _CERTIFICATES,
            (
                f"{_CERTIFICATES} is '{now}' in .env.sample and was '{was}': new apps get "
                "certificates from somewhere else, which browsers may not trust."
            ),
        )
    old, new = (dict(_VERSION.findall(text)) for text, _ in (before, sample))
    for name, length in new.items():
        if name in old and int(length) < int(old[name]):
            yield (
                name.lower(),
                (
                    f"secret '{name.lower()}' has {length} characters and had {old[name]}: it is "
                    "easier to guess."
                ),
            )
