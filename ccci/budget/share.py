"""What one app may use of the node: the places that its weight takes, in bytes and processes."""

from ccci.budget.places import BYTES_PER_SLOT
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
