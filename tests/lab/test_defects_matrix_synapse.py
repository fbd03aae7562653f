"""matrix-synapse, broken on purpose: each defect turns the suite red at the stage meant for it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.suite_runs import changed_recipe, leftovers_of, start_suite

pytestmark = [pytest.mark.lab, pytest.mark.heavy]


@dataclass(frozen=True)
class Defect:
    """One thing broken in the head, the stage that must notice it, and a word of its message.

    `before` are stages that run first and stay green; `file` is the one that is changed.
    """

    name: str
    change: Callable[[str], str]
    stage: str
    message: str
    before: tuple[str, ...] = ()
    file: str = "compose.yml"


def replaced(*pairs: tuple[str, str]) -> Callable[[str], str]:
    """Return a change of pieces of text, each of which must be there."""

    def change(text: str) -> str:
        for old, new in pairs:
            assert old in text, f"{old!r} is not in the file"
            text = text.replace(old, new)
        return text

    return change


def without(*words: str) -> Callable[[str], str]:
    """Return a change that drops the lines with a word."""
    return lambda text: "".join(
        line for line in text.splitlines(True) if not any(word in line for word in words)
    )


CONFIG = "homeserver.yaml.tmpl"

DEFECTS = [
    Defect(
        "the database sorts by a language",
        without("POSTGRES_INITDB_ARGS"),
        "install",
        "Service app",
    ),
    Defect(
        "other servers are sent to no address",
        without("serve_server_wellknown"),
        "functional",
        "404 != 200",
        before=("install",),
        file=CONFIG,
    ),
    Defect(
        "the signing key lies outside the volume",
        replaced(
            ("KEY=/data/signing.key", "KEY=/tmp/keys/signing.key"),
            (
                '    chown "$OWNER" /data\n',
                "    install -d -o 991 -g 991 /tmp/keys\n"
                '    sed "s|/data/signing.key|$KEY|" /homeserver.yaml > /tmp/homeserver.yaml\n'
                '    chown "$OWNER" /tmp/homeserver.yaml\n'
                "    export SYNAPSE_CONFIG_PATH=/tmp/homeserver.yaml\n",
            ),
        ),
        "restart",
        "!= ed25519:",
        before=("install",),
        file="entrypoint.sh",
    ),
    Defect(
        "the media lie outside the volume",
        replaced(("media_store_path: /data/media_store", "media_store_path: /tmp/media_store")),
        "restart",
        "it is not there",
        before=("install",),
        file=CONFIG,
    ),
    Defect(
        "a restarted database leaves dead connections",
        replaced(("        end_without_database &\n", "")),
        "restart",
        "Internal server error",
        before=("install",),
        file="entrypoint.sh",
    ),
    Defect(
        "the dump is not made",
        without("backupbot.backup.pre-hook"),
        "backup",
        "promised by a label and not there",
    ),
    Defect(
        "the dump leaves the sessions out",
        replaced(("pg_dump ", "pg_dump --exclude-table-data=access_tokens ")),
        "backup",
        "Expected a session of @otto-",
        file="pg_backup.sh",
    ),
    Defect(
        "the upgrade takes another volume",
        replaced(("- data:/data", "- files:/data"), ("\n  data:\n", "\n  files:\n")),
        "upgrade",
        "!= ed25519:",
    ),
]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: str(defect.name))
def test_the_suite_turns_red_at_the_right_stage(defect: Defect, tmp_path: Path) -> None:
    source = changed_recipe(tmp_path, defect.change, recipe="matrix-synapse", file=defect.file)
    stages = [word for stage in (*defect.before, defect.stage) for word in ("--suite", stage)]
    run = start_suite(*stages, "--variable", f"RECIPE_SOURCE:{source}", "suites/matrix-synapse")
    assert run.finish(900) != 0
    results = run.results("matrix-synapse")
    assert results["verdict"] == "failed", run.output
    wanted = {**dict.fromkeys(defect.before, "passed"), defect.stage: "failed"}
    assert {stage: results["stages"][stage] for stage in wanted} == wanted, run.output
    assert defect.message in run.output
    assert leftovers_of(run.stack, run.run_id) == []


def test_the_app_itself_can_move() -> None:
    """From the release with the older Synapse, which another one's database schema follows."""
    run = start_suite(
        "--suite", "upgrade", "--variable", "UPGRADE_FROM:1.0.0+v1.149.1", "suites/matrix-synapse"
    )
    assert run.finish(900) == 0, run.output
    assert run.results("matrix-synapse")["stages"]["upgrade"] == "passed"
