"""`make bench`: a full run beside a shell script, and a matrix beside the least it could take.

`by-hand` runs custom-html and a script that does the same work in turn, on the same node, with
nothing between them. The script has no browser, so the suite is compared with and without its
browser stage. `matrix` runs recipes side by side; see `side_by_side`.
"""

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

from ccci.errors import CcciError
from tests.bench import side_by_side
from tests.bench.aims import aim_line
from tests.bench.runs import PROJECT, Broken, HandRun, SuiteRun, by_hand, suite

RATIO_AIM = 1.10
LAG_AIM_SECONDS = 0.5
START_AIM_SECONDS = 2.0
RESULT = PROJECT / "results" / "bench.json"
# A simple app, and one with a database that signs users in through another app.
MATRIX = ("custom-html", "gitea")


@dataclass(frozen=True)
class Comparison:
    """What the runs say together; every number is a median, but for the worst lag.

    Args:
        hand_seconds: the script.
        suite_seconds: the suite, all of it.
        browser_seconds: its browser stage.
        ratio: the suite without its browser stage, to the script.
        ratio_with_browser: all of the suite, to the script.
        harness_seconds: of the suite, what was spent on waiting for nobody.
        start_seconds: from the launch of robot to the first deployment.
        worst_lag_seconds: the longest from Docker's event to the line that tells it.
    """

    hand_seconds: float
    suite_seconds: float
    browser_seconds: float
    ratio: float
    ratio_with_browser: float
    harness_seconds: float
    start_seconds: float
    worst_lag_seconds: float


def compare(hands: list[HandRun], suites: list[SuiteRun]) -> Comparison:
    """Return what the runs say together."""
    hand = statistics.median(run.seconds for run in hands)
    whole = _median(suites, lambda run: run.seconds)
    without = _median(suites, lambda run: run.seconds - run.stages["browser"])
    return Comparison(
        hand_seconds=hand,
        suite_seconds=whole,
        browser_seconds=_median(suites, lambda run: run.stages["browser"]),
        ratio=without / hand,
        ratio_with_browser=whole / hand,
        harness_seconds=_median(suites, lambda run: run.harness_seconds),
        start_seconds=_median(suites, lambda run: run.start_seconds),
        worst_lag_seconds=max(lag for run in suites for lag in run.lags),
    )


def report(hands: list[HandRun], suites: list[SuiteRun], seen: Comparison) -> str:
    """Return the tables as text."""
    lines = ["", "seconds by stage (medians)", f"{'':14}{'by hand':>10}{'suite':>10}{'more':>10}"]
    for stage in suites[0].stages:
        hand = statistics.median(run.stages.get(stage, 0.0) for run in hands)
        robot = _median(suites, lambda run, stage=stage: run.stages[stage])  # type: ignore[misc]
        lines.append(f"{stage:14}{hand:10.1f}{robot:10.1f}{robot - hand:10.1f}")
    lines.append(
        f"{'all':14}{seen.hand_seconds:10.1f}{seen.suite_seconds:10.1f}"
        f"{seen.suite_seconds - seen.hand_seconds:10.1f}"
    )
    lines += ["", "what the suite waited for (medians)", f"{'':22}{'seconds':>10}{'calls':>8}"]
    for what in sorted(suites[0].waited, key=lambda one: -suites[0].waited[one]):
        waited = _median(suites, lambda run, what=what: run.waited.get(what, 0.0))  # type: ignore[misc]
        lines.append(f"{what:22}{waited:10.1f}{suites[0].calls[what]:8d}")
    held = _median(suites, lambda run: run.holding_seconds)
    lines.append(f"{'  of health: holding':22}{held:10.1f}         (the page must keep answering)")
    lines.append(f"{'the harness itself':22}{seen.harness_seconds:10.1f}")
    lines += ["", "abra's part of it (first run)", f"{'':22}{'seconds':>10}{'calls':>8}"]
    for command, calls in sorted(suites[0].abra.items(), key=lambda item: -sum(item[1])):
        lines.append(f"{command:22}{sum(calls):10.1f}{len(calls):8d}")
    lines += ["", *_aims(seen)]
    return "\n".join(lines)


def _aims(seen: Comparison) -> list[str]:
    return [
        aim_line("suite without browser stage, to by hand", seen.ratio, RATIO_AIM),
        f"       suite with its browser stage, to by hand: {seen.ratio_with_browser:.2f}",
        aim_line(
            "readiness noticed after, at worst", seen.worst_lag_seconds, LAG_AIM_SECONDS, " s"
        ),
        aim_line("robot launched to first deployment", seen.start_seconds, START_AIM_SECONDS, " s"),
    ]


def _median(suites: list[SuiteRun], of: Callable[[SuiteRun], float]) -> float:
    return statistics.median(of(run) for run in suites)


def main(argv: list[str] | None = None) -> int:
    """Run what was asked for and print what it took; 1 when a run was not green."""
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("part", nargs="?", choices=("by-hand", "matrix"), help="one of both only")
    parser.add_argument("recipes", nargs="*", default=MATRIX, help="those of the matrix")
    parser.add_argument("--times", type=int, default=2, help="how often by-hand is run (2)")
    parser.add_argument("--alone", action="store_true", help="matrix: each recipe alone before")
    options = parser.parse_args(argv)
    RESULT.parent.mkdir(exist_ok=True)
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    try:
        if options.part != "matrix":
            beside_by_hand(options.times)
        if options.part != "by-hand":
            side_by_side.measure(options.recipes, options.alone)
    except (Broken, CcciError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def beside_by_hand(times: int) -> None:
    """Run script and suite in turn, print what they took, and write all numbers into results/.

    Raises:
        Broken: a run was not green.
    """
    hands: list[HandRun] = []
    suites: list[SuiteRun] = []
    for number in range(1, times + 1):
        hands.append(by_hand())
        print(f"{number}  by hand  {hands[-1].seconds:6.1f} s", flush=True)
        suites.append(suite(RESULT.parent))
        print(f"{number}  suite    {suites[-1].seconds:6.1f} s", flush=True)
    seen = compare(hands, suites)
    print(report(hands, suites, seen))
    content = {
        "comparison": asdict(seen),
        "by_hand": [asdict(run) for run in hands],
        "suite": [{**asdict(run), "harness_seconds": run.harness_seconds} for run in suites],
    }
    RESULT.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    (RESULT.parent / "clock.json").unlink(missing_ok=True)
    print(f"\nall numbers: {RESULT}")


if __name__ == "__main__":
    sys.exit(main())
