"""A small project with one recipe, results of its runs, and what is recorded of them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from ccci.results.store import UsedImage, write_results
from ccci.results.store import read_results as read
from ccci.results.suite_fingerprint import fingerprint_of_suite
from tests.unit.dashboard.past_results import COMMIT, past_run

TESTS = ["1__install: The App Answers", "2__functional: A Thing Is Sold"]
IMAGES = [
    UsedImage("nginx:1.29.2", "sha256:" + "a" * 64, "pulled", ["1.1.0+26.7.3", "head"]),
    UsedImage("shop:26.8.0", "sha256:" + "b" * 64, "built by the lab", ["head"]),
    UsedImage("shop:26.7.3", "sha256:" + "c" * 64, "was there", ["1.1.0+26.7.3"]),
]


def small_project(root: Path) -> Path:
    """Write the recipe `shop` and its suite; return the project."""
    for name, text in {
        "suites/shop/2__functional.robot": "*** Test Cases ***\nA Thing Is Sold\n    Sell\n",
        "suites/shop/tests.txt": "# Made\n" + "\n".join(TESTS) + "\n",
        "recipes/shop/recipe.toml": "weight = 1\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def run_of_shop(
    project: Path, stages: str = "ppppppp", ago: timedelta = timedelta(hours=1), **facts: Any
) -> Path:
    """Write the results of a run of `shop` that may be recorded, unless `facts` say otherwise."""
    known: dict[str, Any] = {
        "own_copy": True,
        "suite": fingerprint_of_suite(project, "shop"),
        "head": COMMIT,
        "head_version": "1.2.0+26.8.0",
        "images": IMAGES,
        "waited_seconds": 14.0,
    }
    folder = past_run(project / "results", "shop", stages, ago, **(known | facts))
    results = read(folder)
    assert results
    write_results(folder, replace(results, passed_tests=TESTS))
    return folder
