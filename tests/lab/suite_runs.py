"""Runs suites from outside, as a person would: start, watch, kill, look at what is left."""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker

from ccci.apps import stack_name
from ccci.node.state import state_dir
from ccci.project import PROJECT
from ccci.recipe.defects import Defect, break_recipe
from ccci.swarm.view import SwarmView
from ccci.teardown.journal import Journal
from ccci.waiting import Look, TooLate, wait_for

# Apart from what recipes are judged by: most of these are broken on purpose.
RESULTS = PROJECT / "results" / "own-tests"
LAB_RECIPES = state_dir() / "lab" / "abra" / "recipes"


@dataclass
class SuiteRun:
    """One robot process, its terminal output, and what it left."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        """What it has said so far."""
        return "".join(self.lines)

    @property
    def run_id(self) -> str:
        """The run's identity, from its own words."""
        found = re.search(r"  run (\S+)  ", self.output)
        assert found, f"the run never began:\n{self.output}"
        return found.group(1)

    @property
    def stack(self) -> str:
        """The stack of the app under test, from its own words."""
        found = re.search(r"  (\S+)  run \S+  ", self.output)
        assert found, f"the run never began:\n{self.output}"
        return stack_name(found.group(1))

    def wait_for_words(self, words: str, within_seconds: float = 400) -> None:
        """Wait until it says these words; it may have to wait for its places on the node first."""

        def look() -> Look:
            assert self.process.poll() is None, f"it ended before {words!r}:\n{self.output}"
            return Look(words in self.output, self.lines[-1] if self.lines else "nothing yet")

        with self._ended_if_late():
            wait_for(f"the run to say {words!r}", look, within_seconds, every_seconds=0.05)

    def finish(self, within_seconds: float = 400) -> int:
        """Wait for its end and return its exit code."""
        with self._ended_if_late():
            code = self.process.wait(within_seconds)
        wait_for("the end of its output", self._drained, 10)
        return code

    @contextmanager
    def _ended_if_late(self) -> Iterator[None]:
        """End the run of a test that gives up: it would go on, and might keep its app for hours."""
        try:
            yield
        except (TooLate, subprocess.TimeoutExpired) as late:
            # Its reaper tears it down. After SIGTERM it might keep its app all the same.
            self.kill(signal.SIGKILL)
            raise AssertionError(f"{late}; it said:\n{self.output}") from None

    def kill(self, how: signal.Signals) -> None:
        """Send a signal: SIGKILL to robot alone, others to all of its group as a terminal does."""
        if how == signal.SIGKILL:
            self.process.kill()
        else:
            os.killpg(self.process.pid, how)

    def results(self, recipe: str = "custom-html") -> dict[str, Any]:
        """Return its results.json."""
        path = RESULTS / recipe / self.run_id / "results.json"
        content: dict[str, Any] = json.loads(path.read_text())
        return content

    def _drained(self) -> Look:
        return Look(not self.reader.is_alive(), "still coming")

    reader: threading.Thread = field(default_factory=threading.Thread)


def start_suite(*arguments: str, **environment: str) -> SuiteRun:
    """Start `robot` with these arguments in the activated environment."""
    process = subprocess.Popen(
        ["bash", "-c", '. .venv/bin/activate && exec robot "$@"', "robot", *arguments],
        cwd=PROJECT,
        env={**os.environ, "CCCI_RESULTS_DIR": str(RESULTS), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    run = SuiteRun(process)
    run.reader = threading.Thread(target=_read, args=(run,), daemon=True)
    run.reader.start()
    return run


def broken_recipe(folder: Path, recipe: str, defect: Defect) -> Path:
    """Return a copy of one of the lab's recipes whose head has a defect.

    Args:
        folder: where the copy is made.
        recipe: the recipe.
        defect: what is broken.
    """
    target = _cloned(folder, recipe)
    break_recipe(defect, target)
    _commit(target)
    return target


def changed_recipe(
    folder: Path,
    change: Callable[[str], str],
    more_settings: str = "",
    recipe: str = "custom-html",
    file: str = "compose.yml",
) -> Path:
    """Return a copy of one of the lab's recipes whose head has another compose file.

    Args:
        folder: where the copy is made.
        change: from the compose file to the changed one.
        more_settings: lines for the end of `.env.sample`.
        recipe: the recipe.
        file: the file to change instead of the compose file.
    """
    target = _cloned(folder, recipe)
    changed = target / file
    before = changed.read_text()
    after = change(before)
    assert after != before, f"the change left {file} as it was"
    changed.write_text(after)
    with (target / ".env.sample").open("a") as sample:
        sample.write(more_settings)
    _commit(target)
    return target


def oldest_release(recipe: str) -> str:
    """Return the oldest release of one of the lab's recipes."""
    tags = _git("tag", "--sort=creatordate", at=LAB_RECIPES / recipe)
    return tags.splitlines()[0]


def wait_until_reaped(run_id: str, within_seconds: float = 240) -> None:
    """Wait until a run's journal is closed and nothing is left of it."""
    journal = Journal.load(run_id)
    wait_for(
        f"run {run_id} to be torn down",
        lambda: Look(journal.is_closed(), str([e.kind for e in journal.entries()][-3:])),
        within_seconds,
    )
    assert journal.left() == []


def leftovers_of(stack: str, run_id: str) -> list[str]:
    """Return whatever a run left on the node, of all its stacks: it must be nothing."""
    left = [one for each in {stack, *Journal.load(run_id).stacks()} for one in _left_of(each)]
    folder = state_dir() / "runs" / run_id
    left += [str(path) for path in folder.rglob("*.env")]
    left += [str(path) for name in ("store", "abra", "browser", "files")
             if (path := folder / name).exists()]  # fmt: skip
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"CCCI_RUN_ID={run_id}".encode() in environ.read_bytes():
                left.append(f"process {environ.parent.name}")
        except OSError:
            continue
    return left


def copied_project(folder: Path) -> Path:
    """Return a copy of this project, to be changed; see `start_suite_of`."""
    project = folder / "project"
    # The works too: they find recipes/ and resources/ beside themselves.
    for part in ("ccci", "libraries", "resources", "suites", "recipes"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / part, project / part, symlinks=True, ignore=ignored)
    return project


def start_suite_of(project: Path, recipe: str, *arguments: str) -> SuiteRun:
    """Start the suite of a recipe with the works of a copied project."""
    imports = [project, *(project / part for part in ("libraries", "resources", "recipes"))]
    return start_suite(
        *("--outputdir", str(project.parent / "output"), *arguments),
        str(project / "suites" / recipe),
        PYTHONPATH=":".join(map(str, imports)),
    )


def _left_of(stack: str) -> list[str]:
    client: Any = docker.from_env()
    label = {"label": f"com.docker.stack.namespace={stack}"}
    left = [f"service {one['Spec']['Name']}" for one in client.api.services(filters=label)]
    left += [f"container {c.name}" for c in client.containers.list(all=True, filters=label)]
    left += [f"volume {v.name}" for v in client.volumes.list() if v.name.startswith(f"{stack}_")]
    left += [f"network {n.name}" for n in client.networks.list() if n.name.startswith(f"{stack}_")]
    left += [f"secret {s.name}" for s in client.secrets.list() if s.name.startswith(f"{stack}_")]
    left += [f"config {c.name}" for c in client.configs.list() if c.name.startswith(f"{stack}_")]
    return left + [f"snapshot {one}" for one in snapshots_of(stack)]


def snapshots_of(stack: str) -> list[str]:
    """Return the snapshots of a stack in the backup bot's repository."""
    swarm = SwarmView()
    bot = swarm.container_of(swarm.services("backup_lab_test")[0])
    listed = bot.exec_run(["restic", "snapshots", "--json", "--no-lock", "--host", stack])
    assert listed.exit_code == 0, listed.output
    return [one["short_id"] for one in json.loads(listed.output)]


def _cloned(folder: Path, recipe: str) -> Path:
    target = folder / recipe
    _git("clone", "--quiet", str(LAB_RECIPES / recipe), str(target), at=folder)
    return target


def _commit(target: Path) -> None:
    _git("add", "--all", at=target)
    author = ["-c", "user.name=A test", "-c", "user.email=test@lab.test"]
    _git(*author, "commit", "--quiet", "-m", "Break it on purpose", at=target)


def _git(*arguments: str, at: Path) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=at, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout


def _read(run: SuiteRun) -> None:
    assert run.process.stdout
    for line in run.process.stdout:
        run.lines.append(line)
