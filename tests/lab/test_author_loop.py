"""What an author does all day: keep an app up, run chosen stages against it, try words."""

import subprocess
from pathlib import Path

import pytest

from ccci.node.server import load_server
from ccci.teardown.journal import Journal
from ccci.web.http import Client
from tests.lab.suite_runs import (
    LAB_RECIPES,
    PROJECT,
    RESULTS,
    changed_recipe,
    leftovers_of,
    start_suite,
)

pytestmark = pytest.mark.lab
# Such tests run one after the other: an attached run takes the app that is kept for its own.
KEPT = pytest.mark.xdist_group("kept")


def end(run_id: str) -> str:
    done = subprocess.run(
        [".venv/bin/python", "-m", "ccci.teardown.sweep", "--end", run_id],
        cwd=PROJECT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout


@KEPT
@pytest.mark.side_by_side
def test_a_kept_app_can_be_attached_to_and_ended() -> None:
    # A name of its own: a person may have kept an app of any recipe on this machine.
    recipe = ("--variable", "RECIPE:attached-html", "suites/generic")
    source = ("--variable", f"RECIPE_SOURCE:{LAB_RECIPES / 'custom-html'}")
    kept = start_suite("--variable", "KEEP:1", "--suite", "install", *source, *recipe)
    assert kept.finish() == 0, kept.output
    domain = Journal.load(kept.run_id).names("domain")[0]
    server = load_server()
    assert f"kept: {server.url_of(domain)} until" in kept.output
    assert f"make end RUN={kept.run_id}" in kept.output
    assert Client(server).request("GET", server.url_of(domain) + "/").status == 200

    attached = start_suite("--variable", "ATTACH:1", "--suite", "restart", *recipe)
    assert attached.finish() == 0, attached.output
    assert f"deploying {domain}" not in attached.output
    results = attached.results("attached-html")
    assert results["stages"]["restart"] == "passed"
    # Nobody saw the other stages, so the whole is not called passed.
    assert results["verdict"] == "incomplete"
    assert Client(server).request("GET", server.url_of(domain) + "/").status == 200

    end(kept.run_id)
    assert leftovers_of(kept.stack, kept.run_id) == []
    late = start_suite("--variable", "ATTACH:1", "--suite", "restart", *recipe)
    assert late.finish(60) != 0
    assert "There is no kept app of 'attached-html' to attach to" in late.output


@KEPT
@pytest.mark.side_by_side
def test_on_failure_keeps_what_failed_and_nothing_else(tmp_path: Path) -> None:
    source = changed_recipe(
        tmp_path, lambda text: text.replace(".version=1.1.0+1.26.3", ".version=1.2.0+1.27.9")
    )
    arguments = ["--variable", "KEEP:on-failure", "--suite", "functional"]
    failed = start_suite(*arguments, "--variable", f"RECIPE_SOURCE:{source}", "suites/custom-html")
    assert failed.finish() != 0
    assert "kept: https://" in failed.output
    end(failed.run_id)
    assert leftovers_of(failed.stack, failed.run_id) == []
    passed = start_suite(*arguments, "suites/custom-html")
    assert passed.finish() == 0, passed.output
    assert leftovers_of(passed.stack, passed.run_id) == []


def test_a_recipe_without_a_folder_gets_the_generic_stages() -> None:
    source = LAB_RECIPES / "custom-html"
    run = start_suite(
        "--variable", "RECIPE:plain-html", "--variable", f"RECIPE_SOURCE:{source}", "suites/generic"
    )
    assert run.finish() == 0, run.output
    results = run.results("plain-html")
    assert results["verdict"] == "passed"
    assert results["facts"]["generic"] is True
    assert results["stages"]["functional"] == "not run"
    assert leftovers_of(run.stack, run.run_id) == []


@pytest.mark.side_by_side
def test_every_known_word_passes_and_fails(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials.toml"
    credentials.write_text("[smtp]\npassword = 'a-password-nobody-has'\n")
    credentials.chmod(0o600)
    run = start_suite(
        "--variable", "RECIPE:custom-html", "--variable", f"CREDENTIALS FILE:{credentials}",
        "tests/lab/vocabulary",
    )  # fmt: skip
    assert run.finish() == 0, run.output
    assert leftovers_of(run.stack, run.run_id) == []
    log = (RESULTS / "custom-html" / run.run_id / "output.xml").read_text()
    assert "a-password-nobody-has" not in log
