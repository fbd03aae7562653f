"""From a request to a run and its verdict: started, followed, stopped, taken up after a crash."""

import os
import shutil
import signal
import subprocess
import time
import traceback
from collections.abc import Callable

from ccci.errors import CcciError, Misuse, NodeFailure
from ccci.loop.fetching import Refused
from ccci.loop.forge import Forge, ForgeUnreachable
from ccci.loop.preparing import Prepared, prepare, results_of
from ccci.loop.store import RUN_LOG, Request, State, Store
from ccci.node.state import ProcessIdentity, boot_id
from ccci.project import PROJECT
from ccci.results.clearance import CLEARED_FILE, MAY_BE_CLEARED
from ccci.results.store import read_results, was_cut_off
from ccci.run.run import new_run_id
from ccci.teardown.journal import Journal
from ccci.teardown.processes import marked
from ccci.teardown.sweep import sweep

# What a request keeps of its run: the project itself keeps only the newest runs of a recipe.
KEPT_FILES = (CLEARED_FILE, *MAY_BE_CLEARED)
MOST_ATTEMPTS = 2
_FETCH_SECONDS = 3600.0
_STOP_SECONDS = 300.0
_DISK_NEEDED_BYTES = 2 << 30
# All that a run gets of our environment: no token of the forge, and nothing by accident.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "MAX_TESTS", "ABRA", "TMPDIR")


class Dispatch:
    """Brings each request one step on, as often as it is asked to."""

    def __init__(self, forge: Forge, store: Store, tell: Callable[[str], None]) -> None:
        """Take the forge, the store, and who is told what happens, in a sentence."""
        self._forge, self._store, self._tell = forge, store, tell
        self._children: list[subprocess.Popen[bytes]] = []

    def step(self) -> bool:
        """Follow what runs and begin what may begin; tell whether something settled."""
        # A child that nobody asks about stays a zombie.
        self._children = [child for child in self._children if child.poll() is None]
        settled = [self._follow(one) for one in self._store.requests("running", "stopping")]
        for request in self._store.requests("queued"):
            if len(self._store.requests("running", "stopping")) >= self._forge.settings.runs:
                break
            if not self._is_in_the_way(request):
                self._begin(request)
        return any(settled)

    def _is_in_the_way(self, request: Request) -> bool:
        """Tell whether an older request for the same is still being torn down."""
        return any(
            (one.repository, one.pull_request, one.recipe)
            == (request.repository, request.pull_request, request.recipe)
            for one in self._store.requests("running", "stopping")
        )

    def _begin(self, request: Request) -> None:
        free = shutil.disk_usage(self._store.path.parent).free
        if free < _DISK_NEEDED_BYTES:
            # Without what is free now: that changes all the time, and the comment with it.
            words = f"It waits for disk: {_DISK_NEEDED_BYTES >> 20} MiB must be free"
            self._wait(request, words, request.failing_since)
            return
        try:
            prepared = prepare(self._forge, request, self._store.folder_of(request))
        except Refused as refused:
            self._end(request, "refused", str(refused))
        except Misuse as misuse:
            self._end(request, "broken", str(misuse))
        except (NodeFailure, OSError) as failure:
            self._put_off(request, failure)
        except Exception as error:  # noqa: BLE001  A fault of ours must not end all other requests.
            where = f"{request.recipe} #{request.pull_request}"
            self._tell(f"{where} could not be begun: {traceback.format_exc()}")
            kind = type(error).__name__
            words = f"It could not be begun ({kind}); the poller's log says where."
            self._end(request, "broken", words)
        else:
            self._start(request, prepared)

    def _put_off(self, request: Request, failure: Exception) -> None:
        """Try again later: for an hour, which begins anew where the forge itself is away."""
        since = request.failing_since or time.time()
        if self._is_away(request):
            since = 0.0
        elif time.time() - since > _FETCH_SECONDS:
            self._end(request, "broken", f"It could not be fetched for an hour: {failure}")
            return
        self._wait(request, f"It waits for the forge or the node: {failure}", since)

    def _is_away(self, request: Request) -> bool:
        try:
            self._forge.default_branch(request.recipe)
        except ForgeUnreachable:
            return True
        except CcciError:
            return False  # It answered, whatever it said.
        return False

    def _end(self, request: Request, state: State, words: str) -> None:
        """End a request before its run; that an earlier one was cut off is said all the same."""
        self._store.move(request.id, state, f"{request.note} {words}".strip())

    def _start(self, request: Request, prepared: Prepared) -> None:
        run_id = new_run_id()
        if not self._store.begin(request.id, run_id):
            return
        results = PROJECT / "results" / request.recipe / run_id
        variables = {
            "RECIPE": request.recipe,
            "RECIPE_SOURCE": str(prepared.recipe),
            "HEAD": request.hash,
            "PR": str(request.pull_request),
        }
        words = [str(PROJECT / ".venv" / "bin" / "robot"), "--outputdir", str(results)]
        words += ["--xunit", "xunit.xml"]
        for name, value in variables.items():
            words += ["--variable", f"{name}:{value}"]
        words.append(str(prepared.suite))
        # A session of its own: the run goes on when the poller is stopped or dies.
        with (self._store.folder_of(request) / RUN_LOG).open("wb") as log:
            child = subprocess.Popen(
                words, cwd=PROJECT, env=_environment(run_id), stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._children.append(child)
        # That an earlier attempt was cut off is said until the end.
        self._store.say(request.id, f"{request.note} {prepared.note}".strip())
        self._store.began(request.id, ProcessIdentity.of(child.pid))
        self._tell(f"{request.recipe} #{request.pull_request}: run {run_id} begins")

    def _follow(self, request: Request) -> bool:
        process = request.process
        if process is None:
            # Killed between the note and the start, or the note of the process: found by its mark.
            process = _first_of(request.run_id)
            if process:
                self._store.began(request.id, process)
        if process and process.alive():
            if request.state == "stopping":
                self._stop(request, process)
            return False
        journal = _journal(request.run_id)
        if journal and not journal.is_closed():
            reaper = journal.reaper()
            if not (reaper and reaper.alive()):
                sweep(report=self._tell)
            return False
        self._settle(request)
        return True

    def _stop(self, request: Request, process: ProcessIdentity) -> None:
        """Ask a run to end, once a look; one that does not is killed, and its reaper takes over."""
        late = time.time() - request.changed > _STOP_SECONDS
        asked = self._store.folder_of(request) / f"asked-to-stop-{request.run_id}"
        if late or not asked.exists():
            asked.touch()
            os.kill(process.pid, signal.SIGKILL if late else signal.SIGTERM)

    def _settle(self, request: Request) -> None:
        """Note what became of a run that is over and torn down."""
        results = results_of(request)
        for name in KEPT_FILES:
            (self._store.folder_of(request) / name).unlink(missing_ok=True)
            if (results / name).exists():
                shutil.copy2(results / name, self._store.folder_of(request) / name)
        found = read_results(self._store.folder_of(request))
        where = f"{request.recipe} #{request.pull_request}: run {request.run_id}"
        if request.state == "stopping":
            self._store.move(request.id, "stopped" if request.ending == "stopped" else "superseded")
            self._tell(f"{where} was {request.ending}")
        elif found and not was_cut_off(found):
            self._store.move(request.id, "done")
            self._tell(f"{where}: {found.verdict}")
        elif request.attempts < MOST_ATTEMPTS:
            why = "a reboot" if _by_reboot(request) else "the end of its process"
            note = f"Attempt {request.attempts} was cut off by {why}; it is run again."
            self._store.move(request.id, "queued", note)
            self._tell(f"{where}: {note}")
        else:
            note = f"It was cut off {request.attempts} times."
            self._store.move(request.id, "done" if found else "broken", note)
            self._tell(f"{where}: {note} See {self._store.folder_of(request) / RUN_LOG}")

    def _wait(self, request: Request, what: str, failing_since: float) -> None:
        self._store.wait(request.id, what, failing_since)
        if request.waits != what:
            self._tell(f"{request.recipe} #{request.pull_request}: {what}")


def _by_reboot(request: Request) -> bool:
    return request.process is not None and request.process.boot_id != boot_id()


def _environment(run_id: str) -> dict[str, str]:
    ours = ("CCCI_STATE_DIR", "CCCI_SERVER_FILE")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _ENVIRONMENT or name in ours or name.startswith("DOCKER_")
    }
    return {**kept, "CCCI_RUN_ID": run_id}


def _first_of(run_id: str) -> ProcessIdentity | None:
    """The oldest process that carries a run's id: Robot's own, which starts all others."""
    found = [ProcessIdentity.of(one.pid) for one in marked(run_id)]
    return min(found, key=lambda one: one.start_ticks, default=None)


def _journal(run_id: str) -> Journal | None:
    try:
        return Journal.load(run_id)
    except CcciError:
        return None
