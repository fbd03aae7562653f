"""Apps that take all they can get: the run fails and names the limit; nobody else notices."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.lab.suite_runs import SuiteRun, changed_recipe, leftovers_of, start_suite

pytestmark = [pytest.mark.lab, pytest.mark.heavy]

GIB = 1024**3
# Where Docker keeps what containers write.
DISK = "/var/lib"
# The web server starts first, so that the app is healthy while it takes what it can.
GREEDY = {
    "a fork bomb": (
        "bomb() { bomb | bomb & }; bomb; sleep 600",
        "Service app asked for more processes or threads than it may have: limit 2048.",
    ),
    "a memory eater": (
        "tail /dev/zero",
        "Service app was killed for its memory: limit 2 GiB.",
    ),
    "a memory eater whose parent survives": (
        "(tail /dev/zero); sleep 600",
        "Service app was killed for its memory: limit 2 GiB.",
    ),
    "a log flood": ("yes", "Service app logged too much: limit 32 MiB."),
    "a disk filler": (
        "fallocate --length 5G /tmp/filler; sleep 600",
        "Service app filled the disk, its own layer or its volumes: limit 4 GiB.",
    ),
    "a disk filler whose file is in no folder": (
        "exec 3>/tmp/filler; rm /tmp/filler; fallocate --length 5G /proc/self/fd/3; sleep 600",
        "Service app filled the disk, its own layer or its volumes: limit 4 GiB.",
    ),
    "a disk filler in the list of hosts": (
        "head -c 5G /dev/zero >> /etc/hosts; sleep 600",
        "Service app filled the disk, its own layer or its volumes: limit 4 GiB.",
    ),
    "a disk filler in its volume": (
        "fallocate --length 5G /usr/share/nginx/html/filler; sleep 600",
        "Service app filled the disk, its own layer or its volumes: limit 4 GiB.",
    ),
}


@dataclass
class Peaks:
    """The most that the node had of each, until the end of the block."""

    memory: int = 0
    processes: int = 0
    disk: int = 0

    def measure(self) -> None:
        self.memory = max(self.memory, psutil.virtual_memory().used)
        self.processes = max(self.processes, len(psutil.pids()))
        self.disk = max(self.disk, psutil.disk_usage(DISK).used)


@pytest.fixture
def grown() -> Iterator[Peaks]:
    """Give what the node's use grows by, measured five times a second."""
    before, peaks, over = Peaks(), Peaks(), threading.Event()
    before.measure()

    def watch() -> None:
        while not over.wait(0.2):
            now = Peaks()
            now.measure()
            peaks.memory = max(peaks.memory, now.memory - before.memory)
            peaks.processes = max(peaks.processes, now.processes - before.processes)
            peaks.disk = max(peaks.disk, now.disk - before.disk)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield peaks
    over.set()
    thread.join()


def started(source: Path, *arguments: str) -> SuiteRun:
    return start_suite(*arguments, "--variable", f"RECIPE_SOURCE:{source}", "suites/custom-html")


def greedy(folder: Path, name: str) -> Path:
    folder.mkdir()
    command = f"nginx; {GREEDY[name][0]}"
    line = f'    image: nginx:1.26.3\n    command: ["sh", "-c", "{command}"]\n'
    return changed_recipe(folder, lambda text: text.replace("    image: nginx:1.26.3\n", line))


def test_each_fails_by_its_limit_and_a_run_beside_them_stays_green(
    tmp_path: Path, grown: Peaks
) -> None:
    sources = {name: greedy(tmp_path / str(n), name) for n, name in enumerate(GREEDY)}
    beside = start_suite("suites/custom-html")
    for name, (_, sentence) in GREEDY.items():
        began = time.monotonic()
        run = started(sources[name], "--suite", "install", "--suite", "functional")
        assert run.finish(150) != 0, name
        assert run.results()["verdict"] == "failed", run.output
        assert sentence in run.output, run.output
        assert leftovers_of(run.stack, run.run_id) == [], name
        print(f"\n{name}: {time.monotonic() - began:.0f} s; so far {grown}", flush=True)
    assert beside.finish() == 0, beside.output
    # The share of one app, and what the tests themselves use.
    assert grown.memory < 2 * GIB + 2 * GIB, grown
    assert grown.processes < 2048 + 500, grown
    # A disk takes some more until it is measured, and until the containers have ended.
    assert grown.disk < 4 * GIB + 8 * GIB, grown


def test_more_replicas_than_the_share_has_room_for_are_not_deployed(tmp_path: Path) -> None:
    source = changed_recipe(
        tmp_path,
        lambda text: text.replace("    deploy:\n", "    deploy:\n      replicas: 100000\n"),
    )
    run = started(source, "--suite", "install")
    assert run.finish(60) != 0
    assert run.results()["verdict"] == "failed", run.output
    assert "The compose files ask for 100000 tasks" in run.output
    assert leftovers_of(run.stack, run.run_id) == []
