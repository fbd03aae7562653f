"""What an app puts into its volumes leads no backup, restore or look of a run out of them.

Which links do so, and what may stand in place of a marker: tests/unit/backup, test_markers.py.
"""

import re
from pathlib import Path

import pytest

from tests.lab.suite_runs import changed_recipe, leftovers_of, start_suite

pytestmark = [pytest.mark.lab, pytest.mark.side_by_side]

HTML = "/usr/share/nginx/html"
# `x` is a folder while the seed is there, and a link in a deployment that has not been restored.
LINK_ON_A_FRESH_DEPLOYMENT = (
    "if [ -e ccci-marker ]; then [ -L x ] && rm x; mkdir -p x; echo own > x/file; "
    "else [ -L x ] || ln -s /var/lib/docker/volumes x; fi"
)


def planting(what: str) -> str:
    """Return lines of a compose file: beside nginx, the app does this all the time."""
    every = f"cd {HTML}; while sleep 0.1; do {what}; done & exec nginx -g 'daemon off;'"
    return f'    command: ["sh", "-c", "{every}"]\n'


def failing_run(folder: Path, stage: str, what: str, label: str = HTML) -> str:
    """Run a stage of custom-html, whose app does something all the time; return what it said.

    Args:
        folder: where the changed recipe is made.
        stage: the stage, which must fail.
        what: the shell commands of the app.
        label: what it promises to back up.
    """
    image = "    image: nginx:1.26.3\n"
    source = changed_recipe(
        folder,
        lambda compose: compose.replace(image, image + planting(what)).replace(
            f"backup.path={HTML}", f"backup.path={label}"
        ),
    )
    run = start_suite(
        "--suite", stage, "--variable", f"RECIPE_SOURCE:{source}", "suites/custom-html"
    )
    assert run.finish() != 0, run.output
    assert run.results()["stages"][stage] == "failed", run.output
    assert leftovers_of(run.stack, run.run_id) == []
    return run.output


def test_a_backup_through_a_link_fails_before_the_bot_is_called(tmp_path: Path) -> None:
    link = "[ -L x ] || ln -s /var/lib/docker/volumes x"
    said = failing_run(tmp_path, "backup", link, label=f"{HTML}/x/other_data")
    assert "on its way is the link 'x' in volume" in said
    assert "which leads to '/var/lib/docker/volumes'" in said
    assert not re.search(r"snapshot \w+ holds", said), "the bot was called"


def test_a_restore_through_a_link_fails_before_the_bot_is_called(tmp_path: Path) -> None:
    said = failing_run(tmp_path, "backup", LINK_ON_A_FRESH_DEPLOYMENT)
    assert "Nothing was restored: since the backup the app has put the link 'x' in volume" in said
    assert "which leads to '/var/lib/docker/volumes'" in said


def test_links_that_are_on_no_promised_way_are_harmless(tmp_path: Path) -> None:
    image = "    image: nginx:1.26.3\n"
    links = "[ -L a ] || ln -s /dev/stdout a; [ -L b ] || ln -s /usr/share b; [ -L c ] || ln -s a c"
    source = changed_recipe(
        tmp_path, lambda compose: compose.replace(image, image + planting(links))
    )
    run = start_suite(
        "--suite", "backup", "--variable", f"RECIPE_SOURCE:{source}", "suites/custom-html"
    )
    run.finish()
    assert run.results()["stages"]["backup"] == "passed", run.output


def test_a_marker_that_was_replaced_is_told_in_a_sentence(tmp_path: Path) -> None:
    plain = "[ $(stat -c %s ccci-marker 2>/dev/null || echo 0) = 1024 ]".replace("$", "$$")
    said = failing_run(
        tmp_path, "restart", f"if {plain}; then rm ccci-marker; mkfifo ccci-marker; fi"
    )
    assert "was replaced. " in said and "it is a named pipe" in said
