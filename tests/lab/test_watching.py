"""An app that falls over after a while, on a real Swarm: a soak sees what a short run does not."""

from pathlib import Path

import pytest

from ccci.recipe.defects import Change, Defect
from tests.lab.suite_runs import broken_recipe, leftovers_of, start_suite

pytestmark = pytest.mark.lab

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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([run_as(f"timeout 40 {SERVE}; exit 0"), ANY], "ended with exit code 0"),
        ([run_as(f"{AWAY}exec {SERVE}"), ANSWERS], "was not answered well from"),
    ],
    ids=["ends with 0 every 40 s", "502 for 12 s of every 30 s"],
)
def test_what_falls_over_after_a_while_is_red(
    changes: list[Change], message: str, tmp_path: Path
) -> None:
    defect = Defect(name="it falls over", stage="restart", message=message, changes=changes)
    source = broken_recipe(tmp_path, "custom-html", defect)
    run = start_suite(
        *("--suite", "install", "--suite", "restart", "--variable", "SOAK:60"),
        *("--variable", f"RECIPE_SOURCE:{source}", "suites/custom-html"),
    )
    assert run.finish() != 0
    results = run.results()
    assert results["verdict"] == "failed", run.output
    assert message in run.output
    assert leftovers_of(run.stack, run.run_id) == []
