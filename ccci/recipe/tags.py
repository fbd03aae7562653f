"""Whether an image's tag promises less than the one before it, as far as its text tells."""

import re

# A version with what stands around it: `v1.5.735`, `17.12-alpine3.20`.
_VERSION = re.compile(r"([a-zA-Z]*)(\d+(?:\.\d+)*)(.*)")
# In what follows the app's own version: that of the base, the count of builds, or a commit.
_COUNTS = re.compile(r"[\d.]+")
_COMMIT = re.compile(r"g?[0-9a-f]{7,40}")


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
    if name != old_name or was is None or old == new:
        return ""
    if is_now is None or is_now[2].count(".") < was[2].count("."):
        return "the tag moves on by itself, so that nobody knows which version runs"
    if _variant(is_now[3]) != _variant(was[3]):
        return "the variant is another one, with another system below the same app"
    if _numbers(is_now[2]) < _numbers(was[2]):
        return "the version is older, and may not read the newer one's data"
    return ""


def _parts(reference: str) -> tuple[str, str]:
    """Split an image reference into its name and its tag."""
    folder, slash, last = reference.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{folder}{slash}{name}", tag or "latest"


def _variant(suffix: str) -> list[str]:
    """Return the words of what follows a version, as `alpine` of `-alpine3.20`."""
    words = [word for word in re.split(r"[-_+]", suffix) if not _COMMIT.fullmatch(word)]
    return [plain for word in words if (plain := _COUNTS.sub("", word))]


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]
