"""What a matrix waits for when its recipes' processes have ended: that nothing of them is left."""

from collections.abc import Mapping
from contextlib import suppress

from ccci.teardown.journal import Journal, all_runs
from ccci.waiting import Look, TooLate, wait_for

# A reaper's teardown takes seconds; the rest is for a node that was busy enough to be interrupted.
REAPED_SECONDS = 180.0


def left_of(matrix: str, within_seconds: float = REAPED_SECONDS) -> Mapping[str, str]:
    """Wait until every run of a matrix is torn down; return recipe to what is left of it.

    A run that was interrupted or killed is torn down by its reaper, which outlives the matrix.

    Args:
        matrix: its identity.
        within_seconds: how long to wait at most.
    """
    mine = [run for run in all_runs() if matrix in run.names("matrix")]

    def look() -> Look:
        waiting = _open(mine)
        return Look(not waiting, ", ".join(run.run_id for run in waiting))

    with suppress(TooLate):  # What is late is told below, by its name.
        wait_for("every run of the matrix to be torn down", look, within_seconds)
    still = {run.recipe(): f"run {run.run_id} is not torn down yet" for run in _open(mine)}
    left = {run.recipe(): f"left over: {'; '.join(run.left())}" for run in mine if run.left()}
    return {**left, **still}


def _open(runs: list[Journal]) -> list[Journal]:
    """Return the runs that are not closed; one that was kept on purpose ends later."""
    return [run for run in runs if not run.is_closed() and not run.kept_until()]
