"""What the end of a run leaves beside its results: how far it was, and what may leave the node."""

import subprocess
import sys
from pathlib import Path

import pytest

from ccci.clearance import MAY_BE_CLEARED, read_clearance
from ccci.credentials import REDACTED
from ccci.progress import read_progress
from ccci.results import PROVIDER_GONE, read_results, was_cut_off
from loop.gate import cleared

SECRET = "a-value-that-nobody-may-see"
LIBRARY = """\
from pathlib import Path
from types import SimpleNamespace

from bridge import publishing
from ccci.credentials import CredentialStore

HERE = Path(__file__).parent

def begin(output, with_store, holder_lives=True):
    publishing.prepare("shop", HERE, Path(output))
    publishing.show_progress("install", {"start": 0.5}, 1)
    if with_store:
        store = CredentialStore(HERE / "store.json")
        store.put("owner", "SECRET")
        publishing._published.run = SimpleNamespace(credentials=store, sharing=SimpleNamespace(
            provider="keycloak", holder=SimpleNamespace(alive=lambda: holder_lives)))
""".replace("SECRET", SECRET)
SUITE = f"""\
*** Settings ***
Library    begins.py
*** Test Cases ***
A Visitor Reads The Page
    Begin    ${{OUTPUT DIR}}    ${{WITH STORE}}    ${{HOLDER LIVES}}
    Log    the app says {SECRET}
    Should Be Equal    ${{WORKS}}    yes
"""


def run(folder: Path, with_store: bool, holder_lives: bool = True, works: bool = True) -> Path:
    """Run a suite as a run does, up to its very end, and return the folder of its results."""
    (folder / "begins.py").write_text(LIBRARY)
    (folder / "1__install.robot").write_text(SUITE)
    results = folder / "results" / "shop" / "20260101-080000-ab12"
    done = subprocess.run(
        [sys.executable, "-m", "robot", "--outputdir", results, "--xunit", "xunit.xml",
         "--variable", f"WITH STORE:{'yes' if with_store else ''}",
         "--variable", f"WORKS:{'yes' if works else 'no'}",
         "--variable", f"HOLDER LIVES:{'yes' if holder_lives else ''}",
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
