"""A matrix, watched from outside: how long it takes beside the least that it could take.

No order of the recipes ends before the longest of them does, nor before the budget has carried all
of them: the greater of the two is the bound.
"""

import json
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ccci.budget.places import Budget, Holder, default_slots
from ccci.results.store import RESULTS_FILE
from ccci.run.run import new_run_id
from tests.bench.aims import aim_line
from tests.bench.runs import PROJECT, Broken

RATIO_AIM = 1.15
RESULT = PROJECT / "results" / "bench-matrix.json"
_LOOK_SECONDS = 0.25
_MIB = 1024**2


@dataclass(frozen=True)
class Share:
    """What one recipe's run had of the node.

    Args:
        recipe: its name.
        weight: the places that it held, dependencies counted.
        held_seconds: for how long, from the moment it got them to its last breath.
        waited_seconds: how long it waited for them.
        overhead_cpu_seconds: the processor's time of the harness.
        robot_peak_bytes: the greatest resident memory of its robot process, by the kernel's count.
        apps_peak_bytes: of its apps together; None where it was not measured.
    """

    recipe: str
    weight: int
    held_seconds: float
    waited_seconds: float
    overhead_cpu_seconds: float
    robot_peak_bytes: int
    apps_peak_bytes: int | None


@dataclass(frozen=True)
class MatrixRun:
    """One matrix.

    Args:
        slots: the node's places.
        wall_seconds: from the launch of the command to its end.
        shares: of each recipe.
        own_cpu_seconds: the processor's time of the matrix's own process.
        foreign_slot_seconds: what runs of others held meanwhile; more than nothing spoils the
            measurement.
    """

    slots: int
    wall_seconds: float
    shares: tuple[Share, ...]
    own_cpu_seconds: float
    foreign_slot_seconds: float


def bound_seconds(shares: Sequence[Share], slots: int) -> float:
    """Return the least that a matrix could take: the longest, or all of them through the budget.

    Args:
        shares: of each recipe.
        slots: the node's places.
    """
    longest = max(share.held_seconds for share in shares)
    return max(longest, sum(share.weight * share.held_seconds for share in shares) / slots)


@dataclass
class _Seen:
    """One request for a share, as it was seen while it was there."""

    holder: Holder
    begun: float | None = None
    last: float = 0.0
    robot_peak_bytes: int = 0


@dataclass
class _Watch:
    """Looks at the budget again and again, in a thread of its own, until it is told to end."""

    slots: int
    seen: dict[str, _Seen] = field(default_factory=dict)
    _end: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._look_on)
        self._thread.start()

    def end(self) -> None:
        self._end.set()
        self._thread.join()

    def _look_on(self) -> None:
        budget = Budget(self.slots)
        while not self._end.wait(_LOOK_SECONDS):
            for holder in budget.holders():
                found = self.seen.setdefault(holder.who, _Seen(holder))
                found.holder, found.last = holder, time.time()
                found.robot_peak_bytes = max(found.robot_peak_bytes, _peak_of(holder.pid))
                if holder.holds:
                    found.begun = holder.since


def matrix(recipes: Sequence[str]) -> MatrixRun:
    """Run a matrix, as a person would, and watch the budget meanwhile.

    Raises:
        Broken: it was not green.
    """
    folder = PROJECT / "results" / "matrix" / new_run_id()
    script = '. .venv/bin/activate && exec python -m ccci.matrix "$@"'
    watch = _Watch(default_slots())
    try:
        begun = time.monotonic()
        done = subprocess.run(
            ["bash", "-c", script, "matrix", *recipes, "--output", str(folder)],
            cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        wall = time.monotonic() - begun
    finally:
        watch.end()
    if done.returncode:
        raise Broken(f"the matrix ended with {done.returncode}:\n{done.stdout[-1500:]}")
    found: dict[str, Any] = json.loads((folder / RESULTS_FILE).read_text(encoding="utf-8"))
    shares = tuple(_share_of(one, watch.seen) for one in found["recipes"])
    harness = sum(share.overhead_cpu_seconds for share in shares)
    mine = {_request_of(one) for one in found["recipes"]}
    foreign = sum(
        (one.last - one.begun) * one.holder.weight
        for who, one in watch.seen.items()
        if who not in mine and one.begun is not None
    )
    return MatrixRun(
        watch.slots, wall, shares, float(found["overhead_cpu_seconds"]) - harness, foreign
    )


def report(run: MatrixRun, alone: Sequence[Share]) -> str:
    """Return the table and the aims as text.

    Args:
        run: of all recipes together.
        alone: each recipe in a matrix of its own, or nothing.
    """
    lines = [
        f"\na matrix on {run.slots} places",
        f"{'':20}{'weight':>7}{'waited s':>10}{'held s':>9}{'harness':>10}{'robot':>9}{'apps':>9}",
        f"{'':20}{'':26}{'cpu s':>10}{'MiB':>9}{'MiB':>9}",
    ]
    for one in run.shares:
        apps = "?" if one.apps_peak_bytes is None else f"{one.apps_peak_bytes / _MIB:.0f}"
        lines.append(
            f"{one.recipe:20}{one.weight:7d}{one.waited_seconds:10.1f}{one.held_seconds:9.1f}"
            f"{one.overhead_cpu_seconds:10.1f}{one.robot_peak_bytes / _MIB:9.0f}{apps:>9}"
        )
    lines.append(f"{'the matrix itself':46}{run.own_cpu_seconds:10.1f}")
    lines += ["", f"wall time {run.wall_seconds:.1f} s"]
    lines.append(_ratio_line("by what each recipe took in it", run, run.shares))
    if alone:
        lines.append(_ratio_line("by what each takes alone", run, alone))
    if run.foreign_slot_seconds:
        lines.append(
            f"NOT ALONE: runs of others held {run.foreign_slot_seconds:.0f} place seconds meanwhile"
        )
    return "\n".join(lines)


def measure(recipes: Sequence[str], with_alone: bool) -> None:
    """Run the matrix, print what it took, and write all numbers into results/.

    Args:
        recipes: which; none are all that are enrolled.
        with_alone: run each of them alone before.

    Raises:
        Broken: a matrix was not green.
    """
    alone: list[Share] = []
    for recipe in recipes if with_alone else ():
        alone += matrix([recipe]).shares
        print(f"   alone  {alone[-1].held_seconds:6.1f} s  {recipe}", flush=True)
    run = matrix(recipes)
    print(report(run, alone))
    RESULT.parent.mkdir(exist_ok=True)
    content = {
        "matrix": asdict(run),
        "bound_seconds": bound_seconds(run.shares, run.slots),
        "alone": [asdict(share) for share in alone],
        "load": os.getloadavg()[0],
    }
    RESULT.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"\nall numbers: {RESULT}")


def _ratio_line(what: str, run: MatrixRun, shares: Sequence[Share]) -> str:
    bound = bound_seconds(shares, run.slots)
    return aim_line(f"to the bound of {bound:.1f} s, {what}", run.wall_seconds / bound, RATIO_AIM)


def _request_of(outcome: dict[str, Any]) -> str:
    """Return the name under which a recipe's run asked for its share."""
    return f"{outcome['recipe']} {Path(outcome['run']).name}"


def _share_of(outcome: dict[str, Any], seen: dict[str, _Seen]) -> Share:
    found = seen.get(_request_of(outcome))
    if found is None or found.begun is None:
        raise Broken(f"{outcome['recipe']} was never seen to hold a share of the budget")
    return Share(
        recipe=outcome["recipe"],
        weight=found.holder.weight,
        held_seconds=found.last - found.begun,
        waited_seconds=float(outcome["waited_seconds"]),
        overhead_cpu_seconds=float(outcome["overhead_cpu_seconds"]),
        robot_peak_bytes=found.robot_peak_bytes,
        apps_peak_bytes=outcome["peak_memory_bytes"],
    )


def _peak_of(pid: int) -> int:
    """Return the greatest resident memory that a process ever had; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    lines = [line.split() for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0][1]) * 1024 if lines else 0
