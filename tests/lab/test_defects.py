"""A suite that stays green over a defect is a defect itself: custom-html, broken on purpose."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ccci.project import PROJECT
from tests.lab.suite_runs import changed_recipe, leftovers_of, start_suite

pytestmark = pytest.mark.lab


@dataclass(frozen=True)
class Defect:
    """One thing broken in the head, the stage that must notice it, and a word of its message."""

    name: str
    change: Callable[[str], str]
    stage: str
    message: str


def replaced(old: str, new: str) -> Callable[[str], str]:
    """Return a change of one piece of text."""
    return lambda text: text.replace(old, new)


def without(word: str) -> Callable[[str], str]:
    """Return a change that drops the lines with a word."""
    return lambda text: "".join(line for line in text.splitlines(True) if word not in line)


DEFECTS = [
    Defect(
        "the volume is not mounted",
        replaced("    volumes:\n      - content:/usr/share/nginx/html\n", ""),
        "restart",
        "404 != 200",
    ),
    Defect("the backup label is lost", without("backupbot."), "backup", "backupbot.backup"),
    Defect(
        "the proxy is led to the wrong port",
        replaced("loadbalancer.server.port=80", "loadbalancer.server.port=81"),
        "install",
        "Look at the router's labels",
    ),
    Defect(
        "the upgrade loses the data",
        lambda text: text.replace("- content:", "- pages:").replace("\n  content:", "\n  pages:"),
        "upgrade",
        "404 != 200",
    ),
    Defect(
        "the image crash-loops",
        replaced("    image: nginx:1.26.3\n", '    image: nginx:1.26.3\n    command: ["false"]\n'),
        "install",
        "crash-loops: 3 tasks died",
    ),
    Defect(
        "the label moves and the app does not",
        replaced(".version=1.1.0+1.26.3", ".version=1.2.0+1.27.9"),
        "functional",
        "nginx/1.26.3 != nginx/1.27.9",
    ),
]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: str(defect.name))
def test_the_suite_turns_red_at_the_right_stage(defect: Defect, tmp_path: Path) -> None:
    source = changed_recipe(tmp_path, defect.change)
    run = start_suite("--variable", f"RECIPE_SOURCE:{source}", "suites/custom-html")
    assert run.finish() != 0
    results = run.results()
    assert results["verdict"] == "failed"
    first = next(stage for stage, verdict in results["stages"].items() if verdict != "passed")
    assert first == defect.stage, run.output
    assert results["stages"][first] == "failed"
    assert defect.message in run.output
    assert leftovers_of(run.stack, run.run_id) == []


def test_an_upgrade_that_does_not_move_is_noticed(tmp_path: Path) -> None:
    """abra says that all is well, and the previous release still runs."""
    abra = tmp_path / "abra"
    real = PROJECT / "lab" / "standins" / "abra"
    # An upgrade is the only deployment over a running app, and so the only one with -f.
    abra.write_text(f'#!/bin/sh\ncase " $* " in *" deploy "*" -f "*) exit 0;; esac\n{real} "$@"\n')
    abra.chmod(0o755)
    run = start_suite("--suite", "upgrade", "suites/custom-html", ABRA=str(abra))
    assert run.finish() != 0
    assert run.results()["stages"]["upgrade"] == "failed"
    assert "Expected the label of the deployed version to be the head's" in run.output


def test_the_app_itself_can_move(tmp_path: Path) -> None:
    """From the release with the older nginx, the data comes along."""
    run = start_suite(
        "--suite", "upgrade", "--variable", "UPGRADE_FROM:1.0.0+1.22.1", "suites/custom-html"
    )
    assert run.finish() == 0, run.output
    assert run.results()["stages"]["upgrade"] == "passed"
