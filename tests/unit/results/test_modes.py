"""Results are for their owner and its group, whatever the umask; the dashboard is for everybody."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from ccci.apps import App
from ccci.dashboard.writing import publish
from ccci.results.artefacts import save_logs
from ccci.results.clearance import clear
from ccci.results.modes import close, closed_folder
from ccci.results.progress import write_progress
from ccci.results.store import RunFacts, RunResults, write_results
from ccci.swarm.view import SwarmView


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct, autouse=True)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def too_open(folder: Path) -> list[str]:
    """Return what others may read or enter, or the group may write."""
    places = [folder, *folder.rglob("*")]
    return [
        f"{one.relative_to(folder.parent)} {one.stat().st_mode & 0o777:o}"
        for one in places
        if not one.is_symlink() and one.stat().st_mode & (0o027 if one.is_dir() else 0o137)
    ]


def test_whatever_is_written_into_results_is_closed(tmp_path: Path) -> None:
    run = closed_folder(tmp_path / "results" / "shop" / "1")
    write_progress(run, "install", {}, 0)
    swarm = SimpleNamespace(
        services=lambda stack: [SimpleNamespace(short_name="app")],
        last_log_lines=lambda service, lines: "a line",
    )
    app = cast(App, SimpleNamespace(stack="shop"))
    save_logs(cast(SwarmView, swarm), app, run / "services" / "shop", [])
    (run / "log.html").write_text("as Robot writes it")
    (run / "browser").mkdir()
    (run / "browser" / "page.png").write_text("as a browser writes it")
    write_results(run, RunResults(RunFacts("1", "shop"), "passed", {}, {}, 1.0))
    clear(run, {})
    assert too_open(tmp_path / "results") == []
    assert (run / "services" / "shop" / "app.log").read_text() == "a line\n"


def test_what_was_open_before_is_closed_without_following_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("x")
    outside.chmod(0o644)
    run = tmp_path / "run"
    (run / "deep").mkdir(parents=True)
    (run / "deep" / "file").write_text("x")
    (run / "link").symlink_to(outside)
    close(run)
    assert too_open(run) == []
    assert outside.stat().st_mode & 0o777 == 0o644


def test_the_pages_of_the_dashboard_can_be_read_by_a_web_server(tmp_path: Path) -> None:
    pages: dict[str, str] = {"index.html": "one", "badges/shop.svg": "two"}
    publish(tmp_path / "web", pages, for_everybody=True)
    assert (tmp_path / "web" / "badges").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "web" / "badges" / "shop.svg").stat().st_mode & 0o777 == 0o644
    publish(tmp_path / "dashboard", pages)
    assert too_open(tmp_path / "dashboard") == []


def test_a_run_that_robot_starts_with_an_open_umask_leaves_closed_files(tmp_path: Path) -> None:
    results = tmp_path / "results" / "shop" / "20260101-080000-ab12"
    (tmp_path / "begins.py").write_text(
        "from pathlib import Path\n"
        "from ccci.bridge import publishing\n"
        "def begin(output):\n"
        "    publishing.prepare('shop', Path(__file__).parent, Path(output))\n"
    )
    suite = tmp_path / "1__install.robot"
    suite.write_text(
        "*** Settings ***\nLibrary    begins.py\n"
        "*** Test Cases ***\nA Visitor\n    Begin    ${OUTPUT DIR}\n"
    )
    subprocess.run(
        [sys.executable, "-m", "robot", "--outputdir", str(results), "--xunit", "xunit.xml",
         str(suite)],
        env={**os.environ, "CCCI_RUN_ID": results.name}, check=True, capture_output=True,
    )  # fmt: skip
    assert (results / "results.json").exists()
    assert (results / "log.html").exists()
    assert too_open(tmp_path / "results") == []
