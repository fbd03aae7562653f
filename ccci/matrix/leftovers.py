"""What the runs of a matrix have left on the node, once their processes have ended."""

from collections.abc import Mapping
from contextlib import suppress

from ccci.teardown.journal import Journal, all_runs
from ccci.waiting import Look, TooLate, wait_for

# A reaper's teardown takes seconds. The rest is for a busy node.
REAPED_SECONDS = 180.0


def leftovers_of(matrix: str, within_seconds: float = REAPED_SECONDS) -> Mapping[str, str]:
    """Wait until every run of a matrix is torn down; return what is left over, by recipe.

    A run that was interrupted or killed is torn down by its reaper, which outlives the matrix.

    Args:
        matrix: the id of the matrix.
        within_seconds: how long to wait at most.
    """
    runs = [run for run in all_runs() if matrix in run.names("matrix")]

    def look() -> Look:
        waiting = _open(runs)
        return Look(not waiting, ", ".join(run.run_id for run in waiting))

    with suppress(TooLate):  # Runs that are not torn down in time are returned below.
        wait_for("every run of the matrix to be torn down", look, within_seconds)
    still_open = {run.recipe(): f"run {run.run_id} is not torn down yet" for run in _open(runs)}
    left = {run.recipe(): f"left over: {'; '.join(run.left())}" for run in runs if run.left()}
    return {**left, **still_open}


def _open(runs: list[Journal]) -> list[Journal]:
    """Return the runs that are not closed, without those that are kept on purpose."""
    return [run for run in runs if not run.is_closed() and not run.kept_until()]
