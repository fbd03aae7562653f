"""Judges a recipe's files in a process of its own, with limits on time and memory.

The files come from whoever opened a pull request. Whatever they do to the judge, its process is all
that they reach: the poller goes on, and the request is refused with a sentence.
"""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ccci.errors import NodeFailure
from ccci.loop.policy import violations
from ccci.printable import printable_lines
from ccci.project import PROJECT

_MOST_SENTENCES = 100
_OUT_OF_MEMORY, _BUG = 3, 4
_SMALLER = "Make .env.sample, abra.sh and the compose files smaller or simpler."


@dataclass(frozen=True)
class JudgeLimits:
    """What the judge may use.

    Attributes:
        seconds: of computing.
        waiting_seconds: in all; where the node is too busy to compute, they are over first.
        memory_bytes: of address space, of which Python itself takes about 100 MiB.
    """

    seconds: int = 10
    waiting_seconds: float = 30
    memory_bytes: int = 512 << 20


_LIMITS = JudgeLimits()


def judged(
    recipe: Path,
    before: Path | None,
    allowed: frozenset[str],
    run_sets: Mapping[str, tuple[str, ...]],
    limits: JudgeLimits = _LIMITS,
) -> list[str]:
    """Return what is wrong with the files of a recipe, and with those of the release before it.

    Args:
        recipe: the files under test.
        before: the files of the release that an upgrade starts from; None if there is none.
        allowed: the names of this project's approvals for the recipe.
        run_sets: variables that the run itself sets: see `settings_of_run`.
        limits: what the judge may use.

    Returns:
        a sentence for each violation; empty if there are none. Files that exceed a limit, or that
        make the judge fail, are a violation too: what cannot be judged is not deployed.

    Raises:
        NodeFailure: the node was too busy to judge them, or it killed the judge.

    Example:
        >>> judged(Path("gitea"), None, frozenset(), {})  # doctest: +SKIP
        ["compose.yml:12: service 'app' is privileged, which gives it control of the node. ..."]
    """
    order = {
        "recipe": str(recipe),
        "before": str(before or ""),
        "allowed": sorted(allowed),
        "run_sets": dict(run_sets),
    }
    # At the second limit on computing the kernel kills; at the first one it says why.
    bounds = [f"--cpu={limits.seconds}:{limits.seconds + 1}", f"--as={limits.memory_bytes}"]
    try:
        done = subprocess.run(
            ["prlimit", *bounds, "--core=0", sys.executable, "-m", "ccci.loop.judging"],
            cwd=PROJECT, env={"PATH": os.environ.get("PATH", os.defpath)},
            input=json.dumps(order).encode(), capture_output=True,
            timeout=limits.waiting_seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise NodeFailure(
            f"The recipe's files could not be checked within {limits.waiting_seconds:g} s, because "
            "this node is too busy."
        ) from None
    if done.returncode == 0:
        return [str(sentence) for sentence in json.loads(done.stdout)]
    # A traceback is for the log of the poller, and may quote the recipe.
    print(printable_lines(done.stderr.decode("utf-8", "replace")), file=sys.stderr, flush=True)
    return [_why_not_judged(done.returncode, limits)]


def _why_not_judged(code: int, limits: JudgeLimits) -> str:
    if code == -signal.SIGXCPU:
        return f"The recipe's files took longer than {limits.seconds} s to check. {_SMALLER}"
    if code == _OUT_OF_MEMORY:
        most = limits.memory_bytes >> 20
        return f"The recipe's files took more than {most} MiB of memory to check. {_SMALLER}"
    if code == -signal.SIGKILL:
        raise NodeFailure("The check of the recipe's files was killed: is the node out of memory?")
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return (
        f"The recipe's files could not be checked: the check ended with {how}, which is a mistake "
        "in this project. The traceback is in the poller's log."
    )


def _sentences(
    recipe: Path,
    before: Path | None,
    allowed: frozenset[str],
    run_sets: Mapping[str, tuple[str, ...]],
) -> list[str]:
    found = [str(one) for one in violations(recipe, allowed, before, run_sets)]
    if before:
        earlier = violations(before, allowed, run_sets=run_sets)
        found += [f"the release before it: {one}" for one in earlier]
    more = len(found) - _MOST_SENTENCES
    return [*found[:_MOST_SENTENCES], *([f"There are {more} more."] if more > 0 else [])]


def main() -> int:
    """Judge what the order on stdin names, and write the sentences to stdout as JSON."""
    order = json.load(sys.stdin)
    before = Path(order["before"]) if order["before"] else None
    try:
        run_sets = {name: tuple(values) for name, values in order["run_sets"].items()}
        recipe, allowed = Path(order["recipe"]), frozenset(order["allowed"])
        found = _sentences(recipe, before, allowed, run_sets)
        json.dump(found, sys.stdout)
    except MemoryError:
        return _OUT_OF_MEMORY
    except Exception:  # noqa: BLE001  Whatever it is, the poller must be told and go on.
        traceback.print_exc()
        return _BUG
    return 0


if __name__ == "__main__":
    sys.exit(main())
