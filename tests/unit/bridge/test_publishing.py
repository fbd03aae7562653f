"""What a run leaves beside its verdict: how far it was, its wait, and what may leave the node."""

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from ccci.bridge import publishing
from ccci.budget.places import POLL_SECONDS, Budget
from ccci.errors import Misuse
from ccci.loop.gate import cleared
from ccci.node.server import Server
from ccci.recipe.checkout import Checkout
from ccci.results.clearance import MAY_BE_CLEARED, read_clearance
from ccci.results.credentials import REDACTED
from ccci.results.progress import read_progress
from ccci.results.store import PROVIDER_GONE, RunFacts, read_results, was_cut_off
from ccci.run import starting
from ccci.run.run import RunOptions

SECRET = "a-value-that-nobody-may-see"
LIBRARY = """\
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

from ccci.bridge import publishing
from ccci.results.credentials import CredentialStore

HERE = Path(__file__).parent

def begin(output, with_store, holder_lives=True, overdue="", death=""):
    publishing.prepare("shop", HERE, Path(output))
    publishing.show_progress("install", {"start": 0.5}, 1)
    if with_store:
        store = CredentialStore(HERE / "store.json")
        store.put("owner", "SECRET")
        sharing = SimpleNamespace(
            provider="keycloak", holder=SimpleNamespace(alive=lambda: holder_lives))
        publishing._published.run = SimpleNamespace(
            record=SimpleNamespace(
                credentials=store, journal=SimpleNamespace(overdue=lambda: overdue)),
            share=SimpleNamespace(sharing=sharing))
        if overdue:
            publishing.interrupted()
        # The listener of a run calls this at the end of each test that failed.
        publishing.test_failed(datetime.now(), lambda: death)
""".replace("SECRET", SECRET)
SUITE = f"""\
*** Settings ***
Library    begins.py
*** Test Cases ***
A Visitor Reads The Page
    Begin    ${{OUTPUT DIR}}    ${{WITH STORE}}    ${{HOLDER LIVES}}    ${{OVERDUE}}    ${{DEATH}}
    Log    the app says {SECRET}
    Should Be Equal    ${{WORKS}}    yes
"""


def run(
    folder: Path,
    with_store: bool,
    holder_lives: bool = True,
    works: bool = True,
    overdue: str = "",
    death: str = "",
) -> Path:
    """Run a suite as a run does, up to its very end, and return the folder of its results."""
    (folder / "begins.py").write_text(LIBRARY)
    (folder / "1__install.robot").write_text(SUITE)
    results = folder / "results" / "shop" / "20260101-080000-ab12"
    done = subprocess.run(
        [sys.executable, "-m", "robot", "--outputdir", results, "--xunit", "xunit.xml",
         "--variable", f"WITH STORE:{'yes' if with_store else ''}",
         "--variable", f"WORKS:{'yes' if works else 'no'}",
         "--variable", f"HOLDER LIVES:{'yes' if holder_lives else ''}",
         "--variable", f"OVERDUE:{overdue}",
         "--variable", f"DEATH:{death}",
         folder / "1__install.robot"],
        env={"CCCI_RUN_ID": results.name, "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return results


def test_a_run_says_how_far_it_is_and_clears_its_files(tmp_path: Path) -> None:
    results = run(tmp_path, with_store=True)
    progress = read_progress(results)
    assert progress
    assert (progress.stage, progress.ended, progress.failed) == ("install", {"start": 0.5}, 1)
    may = cleared(results)
    assert [path.name for path in may] == list(MAY_BE_CLEARED)
    assert read_clearance(results).credentials == 1
    for path in may:
        assert SECRET not in path.read_text(encoding="utf-8")
    assert REDACTED.strip("<>") in (results / "log.html").read_text(encoding="utf-8")


def test_a_run_that_never_began_made_no_credential_and_clears_its_files(tmp_path: Path) -> None:
    results = run(tmp_path, with_store=False)
    assert [path.name for path in cleared(results)] == list(MAY_BE_CLEARED)
    assert read_clearance(results).credentials == 0


@pytest.mark.parametrize("works", [True, False])
def test_whose_provider_was_taken_away_neither_passed_nor_failed(
    tmp_path: Path, works: bool
) -> None:
    told = {}
    for lives in (True, False):
        folder = tmp_path / str(lives)
        folder.mkdir()
        told[lives] = read_results(run(folder, with_store=True, holder_lives=lives, works=works))
    without, gone = told[True], told[False]
    assert without and without.stages["install"] == ("passed" if works else "failed")
    assert not was_cut_off(without)
    assert gone and gone.verdict == "incomplete" and gone.reason == PROVIDER_GONE
    assert gone.stages["install"] == ("passed" if works else "incomplete")
    assert was_cut_off(gone)


def test_a_failure_after_the_death_of_a_dependency_says_nothing_of_the_recipe(
    tmp_path: Path,
) -> None:
    death = "The dependency 'gitea' did not stay up."
    found = read_results(run(tmp_path, with_store=True, works=False, death=death))
    assert found
    assert (found.verdict, found.reason) == ("incomplete", death)
    assert found.stages["install"] == "incomplete"


def test_a_run_that_took_too_long_failed_and_is_not_run_again(tmp_path: Path) -> None:
    results = run(tmp_path, with_store=True, works=False, overdue="The run took longer than 9 s.")
    found = read_results(results)
    assert found
    assert (found.verdict, found.reason) == ("failed", "The run took longer than 9 s.")
    assert found.stages["install"] == "failed"
    assert not was_cut_off(found)


@pytest.fixture
def _node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a run three places, and something in place of Docker, abra and the reaper."""
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("CCCI_RUN_ID", "20260101-080000-ab12")
    monkeypatch.setenv("MAX_TESTS", "3")
    for name, stand_in in {
        "load_server": lambda: Server(domain="lab.test"),
        "SwarmView": lambda: SimpleNamespace(client=None),
        "Client": lambda server: None,
        "_check_prerequisites": lambda *_: None,
        "_require_fit": lambda *_: None,
        "reaper": SimpleNamespace(start=lambda *_: None, entrust=lambda *_: None),
        "find_abra": lambda _, folder: SimpleNamespace(version=lambda: "0.13", abra_dir=folder),
        "check_out": lambda recipe, source, into, head: Checkout(into, recipe, "f" * 40, (), None),
        "_BUDGET_SECONDS": 20,
    }.items():
        monkeypatch.setattr(starting, name, stand_in)
    monkeypatch.setattr("ccci.run.run.Witness.before", lambda *_: None)
    monkeypatch.setattr("ccci.run.run.Neighbours.before", lambda *_: None)
    monkeypatch.setattr("docker.from_env", lambda: None)
    monkeypatch.setattr("ccci.swarm.limit_watch.LimitWatch.start", lambda *_: None)
    memory = SimpleNamespace(start=lambda: None)
    monkeypatch.setattr(publishing, "MemoryWatch", lambda client, stacks: memory)
    monkeypatch.setattr(publishing, "DaemonWatch", lambda: SimpleNamespace(start=lambda: None))


@pytest.mark.usefixtures("_node")
def test_a_run_waits_for_room_for_all_its_apps_and_says_how_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for recipe, settings in (("shop", 'requires = ["mail"]'), ("mail", "weight = 2")):
        (tmp_path / "recipes" / recipe).mkdir(parents=True)
        (tmp_path / "recipes" / recipe / "recipe.toml").write_text(settings)
    facts = RunFacts("20260101-080000-ab12", "shop")
    monkeypatch.setattr(publishing, "_published", publishing._Published(facts))
    others = Budget(3).take(1, "somebody else")

    def tell(words: str) -> None:
        if words.startswith("waiting for 3 of 3 places"):
            others.release()

    begun = time.monotonic()
    run = starting.start_run(RunOptions("shop", tmp_path), tell)
    publishing.describe(run)
    noted = publishing._published.facts
    assert noted and noted.own_copy
    assert POLL_SECONDS <= noted.waited_seconds < time.monotonic() - begun + 0.01
    assert run.share.lease and run.share.lease.holder.weight == 3
    run.share.lease.release()


@pytest.mark.parametrize("above", [0, 1, -1])
def test_robot_may_not_write_where_other_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, above: int
) -> None:
    """Else every file of the project, or of the home folder, would be searched and copied."""
    monkeypatch.chdir(tmp_path)
    output = (tmp_path, *tmp_path.parents)[above]
    with pytest.raises(Misuse, match="alone with --outputdir"):
        publishing.prepare("shop", tmp_path / "project", output)
    assert not list(tmp_path.iterdir())
