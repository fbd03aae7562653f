"""Starts the run of a request, follows it, stops it, and resumes it after a crash."""

import os
import shutil
import signal
import subprocess
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from ccci.errors import CcciError, Misuse, NodeFailure
from ccci.loop.backoff import Backoff
from ccci.loop.fetching import Refused
from ccci.loop.forge import Forge, ForgeUnreachable
from ccci.loop.preparing import Prepared, prepare, results_of
from ccci.loop.store import RUN_LOG, Request, State, Store
from ccci.node.environment import kept_environment
from ccci.node.state import ProcessIdentity, boot_id
from ccci.project import PROJECT
from ccci.results.clearance import CLEARED_FILE, MAY_BE_CLEARED
from ccci.results.store import read_results, was_cut_off
from ccci.run.run import new_run_id
from ccci.teardown.journal import Journal
from ccci.teardown.processes import marked
from ccci.teardown.sweep import sweep

# Copied to the folder of the request: results/ keeps only the newest runs of a recipe.
KEPT_FILES = (CLEARED_FILE, *MAY_BE_CLEARED)
MOST_ATTEMPTS = 2
_FETCH_SECONDS = 3600.0
_STOP_SECONDS = 300.0
_DISK_NEEDED_BYTES = 2 << 30
# The only variables that a run gets from the poller's environment: no token of the forge is here.
_ENVIRONMENT = (
    "PATH", "HOME", "LANG", "LC_ALL", "TZ", "MAX_TESTS", "ABRA", "TMPDIR", "CCCI_STATE_DIR",
    "CCCI_SERVER_FILE",
)  # fmt: skip


class Dispatch:
    """Advances requests: starts those that may start, and follows those that run."""

    def __init__(self, forge: Forge, store: Store, log: Callable[[str], None]) -> None:
        """Take the forge and the store to work with.

        Args:
            forge: where the commits are fetched from.
            store: the requests.
            log: called with a line for each event.
        """
        self._forge, self._store, self._log = forge, store, log
        self._backoff = Backoff(store)
        self._children: list[subprocess.Popen[bytes]] = []

    def step(self) -> bool:
        """Advance each request by one step; return whether a run has finished."""
        # An ended child that is not polled stays as a zombie.
        self._children = [child for child in self._children if child.poll() is None]
        finished = [self._followed(one) for one in self._store.requests("running", "stopping")]
        for request in self._store.requests("queued"):
            if len(self._store.requests("running", "stopping")) >= self._forge.settings.runs:
                break
            is_due = self._backoff.is_due(f"request {request.id}", time.time())
            if is_due and not self._is_blocked(request):
                self._prepare_and_start(request)
        return any(finished)

    def _is_blocked(self, request: Request) -> bool:
        """Return whether an older request for the same recipe is still being torn down."""
        return any(
            (one.repository, one.pull_request, one.recipe)
            == (request.repository, request.pull_request, request.recipe)
            for one in self._store.requests("running", "stopping")
        )

    def _prepare_and_start(self, request: Request) -> None:
        free = shutil.disk_usage(self._store.path.parent).free
        if free < _DISK_NEEDED_BYTES:
            # Without the current number, as the comment would change whenever the number does.
            reason = f"Waiting for disk space: {_DISK_NEEDED_BYTES >> 20} MiB must be free"
            self._wait(request, reason, request.failing_since)
            return
        try:
            prepared = prepare(self._forge, request, self._store.folder_of(request))
        except Refused as refused:
            self._end(request, "refused", str(refused))
        except Misuse as misuse:
            self._end(request, "broken", str(misuse))
        except (NodeFailure, OSError) as failure:
            self._retry_later(request, failure)
        except Exception as error:  # noqa: BLE001  A bug here must not stop all other requests.
            self._end_with(request, error)
        else:
            self._try_to_start(request, prepared)

    def _try_to_start(self, request: Request, prepared: Prepared) -> None:
        try:
            self._start(request, prepared)
        except Exception as error:  # noqa: BLE001
            # If the run was claimed, the next cycle follows it, whether its process began or not.
            if self._store.request(request.id).state == "queued":
                self._retry_later(request, error)
            else:
                self._log(f"{_name(request)} failed to start: {error}")

    def _followed(self, request: Request) -> bool:
        """Follow a run; an error ends the request alone, when its run has ended anyway."""
        what = f"request {request.id}"
        if not self._backoff.is_due(what, time.time()):
            return False
        try:
            finished = self._follow(request)
        except Exception as error:  # noqa: BLE001  A bug here must not stop all other requests.
            is_alive = request.process is not None and request.process.alive()
            if self._backoff.failed(what, time.time()) and not is_alive:
                self._backoff.forget(what)
                self._end_with(request, error)
                return True
            self._log(f"{_name(request)}: {error}. It is tried again.")
            return False
        self._backoff.forget(what)
        return finished

    def _end_with(self, request: Request, error: Exception) -> None:
        """End a request with an error that nobody has foreseen."""
        self._log(f"{_name(request)}: {''.join(traceback.format_exception(error))}")
        kind = type(error).__name__
        note = f"Internal error ({kind}); the traceback is in the poller's log."
        self._end(request, "broken", note)

    def _retry_later(self, request: Request, failure: Exception) -> None:
        """Try again in the next cycle, for up to an hour; a forge that is down does not count."""
        since = request.failing_since or time.time()
        if self._forge_is_down(request):
            since = 0.0
        elif time.time() - since > _FETCH_SECONDS:
            self._end(request, "broken", f"Fetching the commit failed for an hour: {failure}")
            return
        # The time is counted above: that of a forge that is down does not count.
        self._backoff.failed(f"request {request.id}", time.time())
        self._wait(request, f"Waiting for the forge or the node: {failure}", since)

    def _forge_is_down(self, request: Request) -> bool:
        try:
            self._forge.default_branch(request.recipe)
        except ForgeUnreachable:
            return True
        except CcciError:
            return False  # It answered, if only with an error.
        return False

    def _end(self, request: Request, state: State, note: str) -> None:
        """End a request before its run; the note on an earlier attempt is kept."""
        self._store.set_state(request.id, state, f"{request.note} {note}".strip())
        self._backoff.forget(f"request {request.id}")

    def _start(self, request: Request, prepared: Prepared) -> None:
        run_id = new_run_id()
        if not self._store.start(request.id, run_id):
            return
        results = PROJECT / "results" / request.recipe / run_id
        variables = {
            "RECIPE": request.recipe,
            "RECIPE_SOURCE": str(prepared.recipe),
            "HEAD": request.commit,
            "PR": str(request.pull_request),
        }
        command = [str(PROJECT / ".venv" / "bin" / "robot"), "--outputdir", str(results)]
        command += ["--xunit", "xunit.xml"]
        for name, value in variables.items():
            command += ["--variable", f"{name}:{value}"]
        command.append(str(prepared.suite))
        # In its own session the run goes on when the poller is stopped or dies.
        with (self._store.folder_of(request) / RUN_LOG).open("wb") as log:
            os.fchmod(log.fileno(), 0o640)
            child = subprocess.Popen(
                command, cwd=PROJECT, env=_environment(run_id, prepared.docker_config),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        self._children.append(child)
        # The note on an earlier attempt is kept.
        self._store.set_note(request.id, f"{request.note} {prepared.note}".strip())
        self._store.set_process(request.id, ProcessIdentity.of(child.pid))
        self._log(f"{request.recipe} #{request.pull_request}: run {run_id} started")

    def _follow(self, request: Request) -> bool:
        process = request.process
        if process is None:
            # The poller was killed before it recorded the process, which may have been started.
            process = _first_process_of(request.run_id)
            if process:
                self._store.set_process(request.id, process)
        if process and process.alive():
            if request.state == "stopping":
                self._stop(request, process)
            return False
        journal = _journal(request.run_id)
        if journal and not journal.is_closed():
            reaper = journal.reaper()
            if not (reaper and reaper.alive()):
                sweep(report=self._log)
            return False
        self._finish(request)
        return True

    def _stop(self, request: Request, process: ProcessIdentity) -> None:
        """Send SIGTERM once, and SIGKILL after five minutes; then the reaper tears the run down."""
        late = time.time() - request.changed > _STOP_SECONDS
        asked = self._store.folder_of(request) / f"asked-to-stop-{request.run_id}"
        if late or not asked.exists():
            asked.touch()
            os.kill(process.pid, signal.SIGKILL if late else signal.SIGTERM)

    def _finish(self, request: Request) -> None:
        """Record the outcome of a run that has ended and is torn down."""
        results = results_of(request)
        for name in KEPT_FILES:
            (self._store.folder_of(request) / name).unlink(missing_ok=True)
            if (results / name).exists():
                shutil.copy2(results / name, self._store.folder_of(request) / name)
        found = read_results(self._store.folder_of(request))
        where = f"{request.recipe} #{request.pull_request}: run {request.run_id}"
        if request.state == "stopping":
            state: State = "stopped" if request.ending == "stopped" else "superseded"
            self._store.set_state(request.id, state)
            self._log(f"{where} was {request.ending}")
        elif found and not was_cut_off(found):
            self._store.set_state(request.id, "done")
            self._log(f"{where}: {found.verdict}")
        elif request.attempts < MOST_ATTEMPTS:
            cause = "the node was rebooted" if _by_reboot(request) else "its process died"
            note = f"Attempt {request.attempts} was cut off: {cause}. It is run again."
            self._store.set_state(request.id, "queued", note)
            self._log(f"{where}: {note}")
        else:
            note = f"The run was cut off {request.attempts} times."
            self._store.set_state(request.id, "done" if found else "broken", note)
            self._log(f"{where}: {note} See {self._store.folder_of(request) / RUN_LOG}")

    def _wait(self, request: Request, reason: str, failing_since: float) -> None:
        self._store.set_waiting_for(request.id, reason, failing_since)
        if request.waiting_for != reason:
            self._log(f"{request.recipe} #{request.pull_request}: {reason}")


def _name(request: Request) -> str:
    return f"{request.recipe} #{request.pull_request}"


def _by_reboot(request: Request) -> bool:
    return request.process is not None and request.process.boot_id != boot_id()


def _environment(run_id: str, docker_config: Path) -> dict[str, str]:
    logins = {"DOCKER_CONFIG": str(docker_config)}
    return {**kept_environment(*_ENVIRONMENT), **logins, "CCCI_RUN_ID": run_id}


def _first_process_of(run_id: str) -> ProcessIdentity | None:
    """Return the oldest process of a run: Robot's own, which starts all others."""
    found = [ProcessIdentity.of(one.pid) for one in marked(run_id)]
    return min(found, key=lambda one: one.start_ticks, default=None)


def _journal(run_id: str) -> Journal | None:
    try:
        return Journal.load(run_id)
    except CcciError:
        return None
