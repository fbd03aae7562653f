"""The dashboard in a real browser: narrow and wide, light and dark."""

import os
import subprocess
import sys
from pathlib import Path

from ccci.dashboard.pages import make_pages
from ccci.project import PROJECT
from tests.unit.dashboard.past_results import NOW, all_kinds_of_runs


def test_the_pages_in_a_browser(tmp_path: Path) -> None:
    results, pages = tmp_path / "results", tmp_path / "results" / "dashboard"
    enrolled = all_kinds_of_runs(results)
    make_pages(results, pages, enrolled, NOW)
    badges = sorted((pages / "badges").iterdir())
    images = "".join(f'<p>{path.stem} <img src="badges/{path.name}"></p>' for path in badges)
    (pages / "badges.html").write_text(f"<!DOCTYPE html><title>Badges</title>{images}")
    done = subprocess.run(
        [
            sys.executable, "-m", "robot", "--outputdir", str(tmp_path), "--pythonpath", ".",
            "--variable", f"PAGES:{pages}", "tests/unit/dashboard/dashboard_pages",
        ],
        cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{tmp_path}/log.html"
