"""The dashboard as people see it: in a real browser, narrow and wide, light and dark."""

import os
import subprocess
import sys
from pathlib import Path

from ccci.dashboard.pages import make_pages
from ccci.project import PROJECT
from tests.unit.dashboard.past_results import NOW, everything_at_once

# Kept: the log with the pictures is there to be looked at. No run is ever called so.
OUTPUT = PROJECT / "results" / "own-tests" / "dashboard"


def test_the_pages_in_a_browser(tmp_path: Path) -> None:
    results, pages = tmp_path / "results", tmp_path / "results" / "dashboard"
    enrolled = everything_at_once(results)
    make_pages(results, pages, enrolled, NOW)
    badges = sorted((pages / "badges").iterdir())
    shown = "".join(f'<p>{path.stem} <img src="badges/{path.name}"></p>' for path in badges)
    (pages / "badges.html").write_text(f"<!DOCTYPE html><title>Badges</title>{shown}")
    done = subprocess.run(
        [
            sys.executable, "-m", "robot", "--outputdir", str(OUTPUT), "--pythonpath", ".",
            "--variable", f"PAGES:{pages}", "tests/unit/dashboard/dashboard_pages",
        ],
        cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{OUTPUT}/log.html"
