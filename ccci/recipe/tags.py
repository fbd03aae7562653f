"""Whether an image's tag promises less than the one before it, as far as its text tells."""

import re

# A version with what stands around it: `v1.5.735`, `17.12-alpine3.20`.
_VERSION = re.compile(r"([a-zA-Z]*)(\d+(?:\.\d+)*)(.*)")
# In what follows the app's own version: that of the base, the count of builds, or a commit.
_COUNTS = re.compile(r"[\d.]+")
_COMMIT = re.compile(r"g?[0-9a-f]{7,40}")
_BEFORE_RELEASE = frozenset({"alpha", "beta", "rc", "pre", "dev", "nightly"})
# Releases of Debian and Ubuntu, which go on as the app's own version does.
_SYSTEMS = frozenset(
    {"buster", "bullseye", "bookworm", "trixie", "forky", "focal", "jammy", "noble"}
)
_MOVES_ON = "the tag moves on by itself, so that nobody knows which version runs"


def worse_tag(before: str, now: str) -> str:
    """Return what is worse in an image reference than in the one before; "" for nothing.

    Other images than those of the same name are not compared, nor are tags without a version.

    Args:
        before: the reference in the release, without digest.
        now: the one in the head.

    Example:
        >>> worse_tag("postgres:15.18", "postgres:15")
        'the tag moves on by itself, so that nobody knows which version runs'
    """
    (old_name, old), (name, new) = _parts(before), _parts(now)
    was, is_now = _VERSION.fullmatch(old), _VERSION.fullmatch(new)
    if name != old_name or old == new or (_COMMIT.fullmatch(old) and not old.isdecimal()):
        return ""
    if was is None or is_now is None:
        return _MOVES_ON if re.search(r"\d", old) and not re.search(r"\d", new) else ""
    if _is_coarser(was[2], is_now[2]):
        return _MOVES_ON
    words, new_words = _variant(was[3]), _variant(is_now[3])
    if new_words & _BEFORE_RELEASE and not words & _BEFORE_RELEASE:
        return "it is no release yet, and the one before was"
    if words - _BEFORE_RELEASE != new_words - _BEFORE_RELEASE:
        return "the variant is another one, with another system below the same app"
    if _numbers(is_now[2]) < _numbers(was[2]):
        return "the version is older, and may not read the newer one's data"
    return ""


def _parts(reference: str) -> tuple[str, str]:
    """Split an image reference into its name and its tag."""
    folder, slash, last = reference.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{folder}{slash}{name}", tag or "latest"


def _is_coarser(before: str, now: str) -> bool:
    """Return whether a version has fewer numbers: of two, only if it is the beginning of them.

    `postgres:15.18` and `postgres:17` may both be whole; `nginx:1.26.3` and `nginx:1.27` are not.
    """
    fewer = now.count(".") < before.count(".")
    return fewer and (before.count(".") > 1 or before.startswith(f"{now}."))


def _variant(suffix: str) -> set[str]:
    """Return the words of what follows a version, as `alpine` of `-alpine3.20`."""
    words = {word for word in re.split(r"[-_+]", suffix) if not _COMMIT.fullmatch(word)}
    return {plain for word in words if (plain := _COUNTS.sub("", word))} - _SYSTEMS


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]
