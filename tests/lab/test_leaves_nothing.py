"""However a run ends, nothing of it is left, and nobody else is disturbed."""

import base64
import binascii
import json
import re
import signal
import zlib
from pathlib import Path

import pytest

from ccci.node.state import state_dir
from ccci.results.credentials import holds_secret
from ccci.teardown.journal import all_runs
from ccci.waiting import Look, wait_for
from tests.lab.suite_runs import (
    RESULTS,
    changed_recipe,
    leftovers_of,
    start_suite,
    wait_until_reaped,
)

pytestmark = pytest.mark.lab

# Where in each stage the run is killed: when it says this.
MOMENTS = [
    ("install", "waiting for app: 0/1"),
    ("functional", "A Published File Is Fetched"),
    ("browser", "The Page Renders"),
    ("restart", "restarting app"),
    ("backup", "backing up"),
    ("backup", "removing its volumes"),
    ("backup", "restoring snapshot"),
    ("upgrade", "The Head Takes Over"),
    ("teardown", "tearing down"),
]


@pytest.mark.side_by_side
@pytest.mark.parametrize(("stage", "words"), MOMENTS)
def test_killed_in_any_stage_it_leaves_nothing(stage: str, words: str) -> None:
    stages = ["--suite", stage] if stage != "teardown" else ["--suite", "install"]
    run = start_suite(*stages, "suites/custom-html")
    run.wait_for_words(words)
    run.kill(signal.SIGKILL)
    assert run.finish() == -signal.SIGKILL
    wait_until_reaped(run.run_id)
    assert leftovers_of(run.stack, run.run_id) == []
    assert run.results()["verdict"] == "incomplete"


@pytest.mark.side_by_side
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_tears_itself_down(how: signal.Signals) -> None:
    run = start_suite("--suite", "backup", "suites/custom-html")
    run.wait_for_words("backing up")
    run.kill(how)
    assert run.finish(120) != 0
    wait_until_reaped(run.run_id)
    assert leftovers_of(run.stack, run.run_id) == []
    assert run.results()["verdict"] == "incomplete"
    assert run.results()["stages"]["backup"] == "incomplete"


def test_two_runs_of_one_recipe_side_by_side() -> None:
    """Both are green, witness included: neither takes the other for a stranger."""
    one, two = start_suite("suites/custom-html"), start_suite("suites/custom-html")
    assert (one.finish(), two.finish()) == (0, 0), one.output + two.output
    assert one.stack != two.stack
    for run in (one, two):
        assert run.results()["verdict"] == "passed"
        assert leftovers_of(run.stack, run.run_id) == []


@pytest.mark.side_by_side
def test_a_canary_secret_is_in_no_artefact(tmp_path: Path) -> None:
    """The app prints its secret and dies: the secret stands in the failure that is reported."""
    source = changed_recipe(
        tmp_path, _with_a_leaking_secret, "SECRET_CANARY_VERSION=v1 # length=32\n"
    )
    run = start_suite(
        "--suite", "install", "--variable", f"RECIPE_SOURCE:{source}", "suites/custom-html"
    )
    run.wait_for_words("deploying")
    store = state_dir() / "runs" / run.run_id / "store" / "credentials.json"
    canary = next(iter(json.loads(store.read_text()).values()))
    assert len(canary) >= 20
    assert run.finish() != 0
    assert "<secret>" in run.output
    artefacts = {"the terminal": run.output, **_texts(run.run_id)}
    assert "&lt;secret&gt;" in artefacts["output.xml"]
    found = [name for name, text in artefacts.items() if holds_secret(text, [canary])]
    assert found == []


def _with_a_leaking_secret(compose: str) -> str:
    compose = compose.replace(
        "    image: nginx:1.26.3\n",
        "    image: nginx:1.26.3\n    secrets: [canary]\n"
        '    command: ["sh", "-c", "cat /run/secrets/canary; exit 3"]\n',
    )
    return compose + (
        "\nsecrets:\n  canary:\n    external: true\n"
        "    name: ${STACK_NAME}_canary_${SECRET_CANARY_VERSION}\n"
    )


def _texts(run_id: str) -> dict[str, str]:
    """Every artefact as text, what log.html packs unpacked."""
    texts = {}
    for path in (RESULTS / "custom-html" / run_id).rglob("*"):
        if path.is_file():
            texts[path.name] = path.read_bytes().decode("utf-8", "replace")
    for name in ("log.html", "report.html"):
        for packed in re.findall(r'"\*?([A-Za-z0-9+/]{40,}={0,2})"', texts[name]):
            try:
                texts[name] += zlib.decompress(base64.b64decode(packed)).decode("utf-8", "replace")
            except (zlib.error, binascii.Error):
                continue
    return texts


def test_a_run_that_cannot_begin_says_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    started = set()
    cases = {
        ("--variable", "RECIPE:no-such-recipe"): "Recipe 'no-such-recipe' does not exist",
        ("--variable", "RECIPE:Bad_Name"): "cannot be a recipe's name",
        ("--variable", "RECIPE:custom-html", "--variable", "HEAD:nowhere"): "has no commit",
        ("--variable", "RECIPE:custom-html", "--variable", "PR:x"): "PR is 'x'",
        ("--variable", "RECIPE:custom-html", "--variable", "KEEP:maybe"): "KEEP is 'maybe'",
        (): "No recipe was given",
    }
    for arguments, sentence in cases.items():
        run = start_suite(*arguments, "suites/generic")
        started.add(run.process.pid)
        assert run.finish(60) != 0
        assert sentence in run.output, run.output
        assert "Traceback" not in run.output
    run = start_suite("suites/custom-html", DOCKER_HOST="tcp://127.0.0.1:9")
    started.add(run.process.pid)
    assert run.finish(60) != 0
    assert "The Docker daemon does not answer" in run.output
    servers = {
        "domain = 'lab.test'\nhttps_port = 9\n[names]\n'*.lab.test' = '127.0.0.1'":
            "Traefik does not answer",
        "domain = 'lab.test'\n[names]\n'*.lab.test' = '127.0.0.1'": "certificate",
        "domain = 'lab.test'\nsentinal = 'x'": "key 'sentinal'",
    }  # fmt: skip
    for text, sentence in servers.items():
        named = tmp_path / "server.toml"
        named.write_text(text)
        run = start_suite("suites/custom-html", CCCI_SERVER_FILE=str(named))
        started.add(run.process.pid)
        assert run.finish(60) != 0
        assert sentence in run.output, run.output
    wait_for("no run that could not begin to be left open", lambda: _none_dead(started), 30)


@pytest.mark.side_by_side
def test_an_image_that_cannot_be_had_says_nothing_of_the_recipe(tmp_path: Path) -> None:
    source = changed_recipe(tmp_path, lambda text: text.replace("nginx:1.26.3", "no-such-app:0.1"))
    run = start_suite(
        "--suite", "install", "--variable", f"RECIPE_SOURCE:{source}", "suites/custom-html"
    )
    assert run.finish() != 0
    assert "Incomplete: Image no-such-app:0.1 is not available" in run.output
    assert run.results()["verdict"] == "incomplete"
    assert run.results()["stages"]["install"] == "incomplete"
    assert leftovers_of(run.stack, run.run_id) == []


def _none_dead(started: set[int]) -> Look:
    """Look at the dead runs of these processes; tell what those that are not clean left."""
    dead = {
        run.run_id: run.left() or [f"{entry.kind} {entry.name}" for entry in run.entries()]
        for run in all_runs()
        if run.is_dead() and (owner := run.owner()) and owner.pid in started
    }
    return Look(not dead, str(dead))
