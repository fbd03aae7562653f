"""A crowd of real processes that take shares of one budget, and what was seen of it.

`python -m tests.unit.budget.budget_crowd PLAN LOG` forks the processes and kills some with SIGKILL.
Each writes into LOG what it does, with the time of a clock that all processes share. The budget
itself is not asked: whoever reads the log sees what it allowed.
"""

import json
import os
import random
import signal
import sys
import time
import traceback
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ccci.budget import places

# How often a victim is looked for that still does what is wanted when it is stopped.
_TRIES = 50


@dataclass(frozen=True)
class Kind:
    """Some workers of one kind.

    Args:
        count: how many.
        lightest: of the shares that they ask for.
        heaviest: the same.
        rounds: how often each asks.
        hold_seconds: how long each holds its share at most; less at random.
    """

    count: int
    lightest: int
    heaviest: int
    rounds: int
    hold_seconds: float


@dataclass(frozen=True)
class Plan:
    """What a crowd does.

    Args:
        seed: of everything that is random.
        slots: the whole budget.
        kinds: who is in the crowd.
        kills: how many are killed; each has a successor.
    """

    seed: int
    slots: int
    kinds: tuple[Kind, ...]
    kills: int = 0

    def to_json(self) -> str:
        """Return the plan as one word of a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Read back what `to_json` gave."""
        found = json.loads(text)
        return cls(**{**found, "kinds": tuple(Kind(**one) for one in found["kinds"])})


@dataclass(frozen=True)
class Stay:
    """One request, as its own process and its killer told it. Times are of a monotonic clock.

    Args:
        who: the process and its round.
        weight: the share.
        asked: before it asked.
        waited: when it was told to wait, so that it was in the queue by then; None: never.
        begun: after it got its share; None: it never did.
        ended: before it gave the share back, or before it was killed.
        killed: it was.
    """

    who: str
    weight: int
    asked: int
    waited: int | None = None
    begun: int | None = None
    ended: int | None = None
    killed: bool = False


def stays_in(log: Path) -> list[Stay]:
    """Return what stands in a log."""
    stays: dict[str, Stay] = {}
    for line in log.read_text().splitlines():
        what, who, weight, at = line.split()
        moment = int(at)
        if what == "asks":
            stays[who] = Stay(who, int(weight), moment)
            continue
        stay = stays[who]
        if what == "waits" and stay.waited is None:
            stays[who] = replace(stay, waited=moment)
        elif what == "begins":
            stays[who] = replace(stay, begun=moment)
        elif what == "ends":
            stays[who] = replace(stay, ended=moment)
        elif what == "killed" and stay.ended is None:
            stays[who] = replace(stay, ended=moment, killed=True)
    return list(stays.values())


def most_at_once(stays: list[Stay]) -> int:
    """Return the greatest sum of shares held at one instant.

    What is logged is never longer than what was held, so that a sum that is too great is no
    accident of the observation.
    """
    steps: list[tuple[int, int]] = []
    for stay in stays:
        if stay.begun is not None and stay.ended is not None and stay.begun < stay.ended:
            steps += [(stay.begun, stay.weight), (stay.ended, -stay.weight)]
    held = most = 0
    for _, change in sorted(steps):
        held += change
        most = max(most, held)
    return most


def overtaken(stays: list[Stay], slots: int) -> list[tuple[Stay, Stay]]:
    """Return each request that was in the queue, and one that asked later and went before it.

    Only those count that cannot be live side by side: of these the log tells the order exactly.
    """
    return [
        (first, later)
        for first in stays
        if first.waited is not None and first.ended is not None
        for later in stays
        if later.asked > first.waited
        and later.weight + first.weight > slots
        and later.begun is not None
        and later.begun < first.ended
    ]


class _Crowd:
    """The parent of the workers, and their killer."""

    def __init__(self, plan: Plan, log: Path) -> None:
        self._plan = plan
        self._path = log
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._random = random.Random(plan.seed)
        self._living: dict[int, Kind] = {}

    def run(self) -> int:
        """Let the crowd work to its end; 0 when everybody who was not killed ended well."""
        for kind in self._plan.kinds:
            for _ in range(kind.count):
                self._start(kind)
        for _ in range(self._plan.kills):
            time.sleep(self._random.uniform(0.0, 0.12))
            self._kill_one()
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in self._living]
        return max(codes)

    def _start(self, kind: Kind) -> None:
        seed = self._random.random()
        pid = os.fork()
        if pid:
            self._living[pid] = kind
            return
        code = 1
        try:
            self._work(kind, random.Random(seed))
            code = 0
        finally:
            if code:
                traceback.print_exc()
            os._exit(code)

    def _work(self, kind: Kind, by_chance: random.Random) -> None:
        shares = places.Budget(self._plan.slots)
        for number in range(kind.rounds):
            who = f"{os.getpid()}.{number}"
            weight = by_chance.randint(kind.lightest, kind.heaviest)
            self._note("asks", who, weight)
            with shares.take(
                weight,
                who,
                lambda wait, who=who: self._note("waits", who, wait.weight),  # type: ignore[misc]
                deadline_seconds=60,
            ):
                self._note("begins", who, weight)
                time.sleep(by_chance.uniform(0.0, kind.hold_seconds))
                self._note("ends", who, weight)

    def _kill_one(self) -> None:
        """Kill one that holds, waits, or just asks; by chance, as far as there is one."""
        wanted = self._random.choice(("begins", "waits", "asks"))
        for left in reversed(range(_TRIES)):
            last = self._last_words()
            chosen = [pid for pid in self._living if last.get(pid, ("", "", 0))[0] == wanted]
            victim = self._random.choice(chosen or [pid for pid in self._living if pid in last])
            os.kill(victim, signal.SIGSTOP)
            stopped = os.WIFSTOPPED(os.waitpid(victim, os.WUNTRACED)[1])
            # On a busy machine it has often gone on since that look: what it does now counts.
            what, name, share = self._last_words()[victim]
            if stopped and chosen and what != wanted and left:
                os.kill(victim, signal.SIGCONT)
                continue
            if stopped:
                self._note("killed", name, share)
                os.kill(victim, signal.SIGKILL)
                os.waitpid(victim, 0)
            self._start(self._living.pop(victim))
            return

    def _last_words(self) -> dict[int, tuple[str, str, int]]:
        """Return what each worker noted last: what, who, weight."""
        last: dict[int, tuple[str, str, int]] = {}
        for line in self._path.read_text().splitlines():
            what, who, weight, _ = line.split()
            last[int(who.partition(".")[0])] = (what, who, int(weight))
        return last

    def _note(self, what: str, who: str, weight: int) -> None:
        # One short write to a file that only grows: lines of several processes never mix.
        os.write(self._log, f"{what} {who} {weight} {time.monotonic_ns()}\n".encode())


if __name__ == "__main__":
    # More looks a second than a run takes: more of them meet.
    places.POLL_SECONDS = 0.01
    sys.exit(_Crowd(Plan.from_json(sys.argv[1]), Path(sys.argv[2])).run())
