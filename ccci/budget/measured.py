"""What earlier runs of a recipe measured, read from results/: duration and memory."""

from dataclasses import dataclass
from pathlib import Path

from ccci.budget.places import BYTES_PER_SLOT
from ccci.recipe.dependencies import Plan
from ccci.results.store import stored_results


@dataclass(frozen=True)
class Measured:
    """What passed runs on this machine used; None where there was none.

    Args:
        seconds: the duration of the newest one, without its wait for a share of the budget.
        peak_memory_bytes: the largest peak of the apps' memory in any of them.
    """

    seconds: float | None = None
    peak_memory_bytes: int | None = None


def measured(project: Path, recipe: str, shared_provider: str = "") -> Measured:
    """Return what the runs of a recipe measured. Only passed runs count: others ended early.

    Args:
        project: the folder that holds results/.
        recipe: the recipe.
        shared_provider: the provider that a matrix shares with its run, or "". Peaks of runs that
            deployed theirs, or did not, are left out.
    """
    seconds: float | None = None
    peaks: list[int] = []
    for _, found in stored_results(project / "results" / recipe):
        if found["verdict"] != "passed":
            continue
        # Older results have no wait, no peak and no provider.
        facts = found["facts"]
        if seconds is None:
            seconds = float(found["seconds"]) - float(facts.get("waited_seconds", 0.0))
        peak = found.get("peak_memory_bytes")
        if peak is not None and facts.get("shared_provider", "") == shared_provider:
            peaks.append(int(peak))
    return Measured(seconds, max(peaks, default=None))


def weight_of(project: Path, recipe: str, plan: Plan, slots: int, shared_provider: str = "") -> int:
    """Return the places that a run needs, by its plan and by what earlier runs measured.

    Args:
        project: the folder that holds results/.
        recipe: the recipe under test.
        plan: what it needs.
        slots: the places that there are.
        shared_provider: the provider that a matrix shares with it, or "".
    """
    peak = measured(project, recipe, shared_provider).peak_memory_bytes
    return weight_by(plan.weight, peak, slots)


def weight_by(declared: int, peak_memory_bytes: int | None, slots: int) -> int:
    """Return the places that a run needs: as declared, or more where more memory was measured.

    A measurement never makes a run heavier than the node: it has run there, and now runs alone.

    Args:
        declared: the weights in recipe.toml, dependencies counted.
        peak_memory_bytes: the largest measured peak; None without a measurement.
        slots: the node's places.

    Example:
        >>> weight_by(1, 3 * BYTES_PER_SLOT, 8)
        3
    """
    by_memory = -(-(peak_memory_bytes or 0) // BYTES_PER_SLOT)
    return max(declared, min(by_memory, slots))
