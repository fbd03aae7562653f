"""What one app may use of the node: the places that its weight takes, in bytes and processes."""

from collections.abc import Iterable
from dataclasses import asdict

from ccci.budget.places import BYTES_PER_SLOT
from ccci.errors import Misuse
from ccci.recipe.companions import CompanionConfig
from ccci.recipe.limits import Amounts

# Of one place; its memory is what the budget counts. 2048 processes are a sixteenth of what a
# kernel has by default.
PLACE = Amounts(
    memory=BYTES_PER_SLOT, pids=2048, log=32 * 1024**2, disk=2 * BYTES_PER_SLOT, millicores=500
)


def share_of(weight: int) -> Amounts:
    """Return what an app of a weight may use at most, all its services together.

    Example:
        >>> share_of(2).memory == 4 * 1024**3
        True
    """
    return PLACE.times(weight)


def share_of_companion(config: CompanionConfig) -> Amounts:
    """Return what a companion may use at most: by its weight, or its own part of another's place.

    Example:
        >>> share_of_companion(CompanionConfig(weight=1)) == share_of(1)
        True
    """
    return config.share.amounts if config.share else share_of(config.weight)


def share_beside(weight: int, companions: Iterable[CompanionConfig]) -> Amounts:
    """Return what an app may use beside the companions that live within its places.

    Raises:
        Misuse: they leave it nothing.

    Example:
        >>> share_beside(2, []) == share_of(2)
        True
    """
    left = share_of(weight)
    for config in companions:
        if config.share:
            left = left.less(config.share.amounts)
    for amount, value in asdict(left).items():
        if value <= 0:
            raise Misuse(
                f"The companions without a weight leave the app no {amount} of its weight "
                f"{weight}: give one of them a weight, or raise that of the app in recipe.toml."
            )
    return left
