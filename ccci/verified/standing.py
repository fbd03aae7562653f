"""Whether a recipe is verified: never, outdated, or as it is now."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from ccci.errors import Misuse
from ccci.results.suite_fingerprint import fingerprint_of_suite
from ccci.verified.file import Verified, load_verified, verified_path

OUTDATED_AFTER = timedelta(days=60)


@dataclass(frozen=True)
class Standing:
    """What is known of a recipe.

    Attributes:
        word: *never*, *outdated* or *verified*.
        why: why it is never or outdated; "" if neither.
        verified: what was recorded; None for *never*.
    """

    word: Literal["never", "outdated", "verified"]
    why: str = ""
    verified: Verified | None = None


def standing_of(project: Path, recipe: str, today: date | None = None) -> Standing:
    """Return whether a recipe is verified.

    Args:
        project: the folder with recipes/ and suites/.
        recipe: the recipe.
        today: the present date. None: age does not count, so that generated pages are the same for
            the same sources.

    Example:
        >>> standing_of(Path("nowhere"), "shop").word
        'never'
    """
    path = verified_path(project, recipe)
    if not path.exists():
        return Standing("never", "no run was recorded")
    try:
        verified = load_verified(path)
    except Misuse:
        # `make check` says what is wrong with it.
        return Standing("never", f"{path.name} is not what `make record` wrote")
    if verified.suite != fingerprint_of_suite(project, recipe):
        return Standing("outdated", "its tests have changed since", verified)
    if today and today - verified.date > OUTDATED_AFTER:
        return Standing("outdated", f"older than {OUTDATED_AFTER.days} days", verified)
    return Standing("verified", verified=verified)
