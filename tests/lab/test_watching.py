"""An app that falls over after a while, on a real Swarm: a soak sees what a short run does not."""

from pathlib import Path

import pytest

from ccci.recipe.defects import Change, Defect
from tests.lab.suite_runs import SuiteRun, broken_recipe, leftovers_of, start_suite

pytestmark = [pytest.mark.lab, pytest.mark.side_by_side]

IMAGE = "    image: nginx:1.26.3\n"


def run_as(command: str) -> Change:
    """Return the change by which the server runs a shell command."""
    return Change.model_validate(
        {"replace": IMAGE, "with": f'{IMAGE}    command: ["sh", "-c", "{command}"]\n'}
    )


ANSWERS = Change.model_validate(
    {
        "file": "nginx.conf.tmpl",
        "replace": "    location / {\n",
        "with": "    location / {\n        if (-f /tmp/away) { return 502; }\n",
    }
)
AWAY = "(while sleep 18; do touch /tmp/away; sleep 12; rm /tmp/away; done) & "
SERVE = "nginx -g 'daemon off;'"
ANY = Change.model_validate({"replace": "condition: on-failure", "with": "condition: any"})


def test_what_falls_over_after_a_while_is_red(tmp_path: Path) -> None:
    falls = {
        "ended with exit code 0": [run_as(f"timeout 40 {SERVE}; exit 0"), ANY],
        "was not answered well from": [run_as(f"{AWAY}exec {SERVE}"), ANSWERS],
    }
    # Both at once, since each waits for most of its time.
    runs = {
        message: soaked(tmp_path / str(number), message, changes)
        for number, (message, changes) in enumerate(falls.items())
    }
    for message, run in runs.items():
        assert run.finish() != 0
        results = run.results()
        assert results["verdict"] == "failed", run.output
        assert message in run.output
        assert leftovers_of(run.stack, run.run_id) == []


def soaked(folder: Path, message: str, changes: list[Change]) -> SuiteRun:
    """Start a run that looks at a broken app for a minute."""
    defect = Defect(name="it falls over", stage="restart", message=message, changes=changes)
    folder.mkdir()
    source = broken_recipe(folder, "custom-html", defect)
    return start_suite(
        *("--suite", "install", "--suite", "restart", "--variable", "SOAK:60"),
        *("--variable", f"RECIPE_SOURCE:{source}", "suites/custom-html"),
    )
