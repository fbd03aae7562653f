"""Writes results of invented runs, in the format of real ones, for tests of the dashboard."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from ccci.results.clearance import CLEARED_FILE, MAY_BE_CLEARED
from ccci.results.store import RESULTS_FILE, RunFacts, RunResults, Verdict, write_results
from ccci.stage_names import STAGES

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
COMMIT = "f550d94eb8a4447e57d65b6890f79c067b9c712e"
NO_PAGES = "The app has no page of its own: people use it with a client, and tests with its API."
_SECONDS = {"install": 38.95, "functional": 9.84, "browser": 21.4, "restart": 31.2, "backup": 92.9}
_LETTERS = {"p": "passed", "f": "failed", "o": "opted out", "i": "incomplete", "-": "not run"}


def past_run(
    results: Path,
    recipe: str,
    stages: str = "ppppppp",
    ago: timedelta = timedelta(hours=1),
    *,
    verdict: Verdict | None = None,
    seconds: float = 214.2,
    reason: str = "",
    tests: dict[str, int] | None = None,
    **facts: Any,
) -> Path:
    """Write the results and the log of a run; return its folder.

    Args:
        results: the folder of all results.
        recipe: the name of the recipe.
        stages: the first letter of the verdict on each stage; "-" is "not run".
        ago: how long before `NOW` the run started.
        verdict: the verdict of the run; by default, it follows from the stages.
        seconds: the duration of the run.
        reason: why the run is incomplete.
        tests: the number of tests by verdict.
        facts: other fields of `RunFacts`.
    """
    started = NOW - ago
    run_id = f"{started:%Y%m%d-%H%M%S}-{hashlib.sha256(recipe.encode()).hexdigest()[:4]}"
    verdicts = {stage: _LETTERS[letter] for stage, letter in zip(STAGES, stages, strict=True)}
    counted = set(verdicts.values())
    if "generic" in facts:
        counted = {verdicts[stage] for stage in STAGES if stage not in ("functional", "browser")}
    default: Verdict = "failed" if "failed" in counted else "passed"
    if default == "passed" and {"not run", "incomplete"} & counted:
        default = "incomplete"
    defaults = RunFacts(
        run_id,
        recipe,
        head=COMMIT,
        head_release="1.2.0+26.8.0",
        upgraded_from="1.1.0+26.7.3",
        domain=f"{recipe}-pr0-f550d94.lab.test",
        abra="abra version 0.13.0-lab",
        opt_outs={stage: NO_PAGES for stage in STAGES if verdicts[stage] == "opted out"},
        stage_seconds={
            stage: _SECONDS.get(stage, 12.3)
            for stage in STAGES
            if verdicts[stage] not in ("not run", "opted out")
        },
        downtime_seconds={"restart": 4.2, "upgrade": 12.0, "restore": 1.0},
        started=f"{started:%Y-%m-%dT%H:%M:%SZ}",
    )
    outcome = RunResults(
        replace(defaults, **facts),
        verdict or default,
        cast(dict[str, Verdict], verdicts),
        tests or {"passed": 27, "failed": 0, "opted out": 0},
        seconds,
        reason,
        peak_memory_bytes=759160832,
        overhead_cpu_seconds=3.2,
    )
    folder = results / recipe / run_id
    write_results(folder, outcome)
    write_log(folder, [stage for stage in STAGES if verdicts[stage] != "not run"])
    return folder


def write_log(folder: Path, stages: Iterable[str]) -> None:
    """Write Robot's output.xml, log.html and report.html, as far as the pages need them."""
    suites = "".join(
        f'<suite id="s1-s{number}" name="{stage.capitalize()}"></suite>\n'
        for number, stage in enumerate(stages, 1)
    )
    (folder / "output.xml").write_text(f'<robot><suite id="s1" name="Keycloak">{suites}</suite>')
    for name in ("log.html", "report.html"):
        text = f"<!DOCTYPE html><title>{name} of {folder.name}</title><p>{name}</p>"
        (folder / name).write_text(text)


def clear_all(folder: Path) -> None:
    """Record that no credential was found in any file of a run."""
    cleared = {}
    for name in MAY_BE_CLEARED:
        if (folder / name).exists():
            content = (folder / name).read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            cleared[name] = {"sha256": digest, "size_bytes": len(content)}
    found = {"credentials": 3, "cleared": cleared, "withheld": {}, "reason": ""}
    (folder / CLEARED_FILE).write_text(json.dumps(found))


def all_kinds_of_runs(results: Path) -> list[str]:
    """Write runs of every kind that a page can show; return the names of the enrolled recipes."""
    days = timedelta(days=1)
    for number in range(14):
        stages = "ppppfpp" if number in (5, 9) else "ipppppp" if number == 7 else "ppppppp"
        past_run(results, "keycloak", stages, number * days / 2, seconds=190.0 + 9 * number)
    past_run(results, "custom-html", ago=3 * days, seconds=70)
    past_run(
        results, "custom-html", "ppppfpp", timedelta(minutes=4), pull_request=12, seconds=63.0,
        head="75826aeb8a4447e57d65b6890f79c067b9c712e0", head_release="1.3.0+1.29.2",
    )  # fmt: skip
    past_run(results, "gitea", ago=2 * days, seconds=169.0, abra="abra version 0.13.0-beta")
    past_run(results, "gitea", "p-p----", timedelta(minutes=50), seconds=51.0)
    past_run(results, "matrix-synapse", "ppopppp", timedelta(hours=5), seconds=121.0)
    past_run(results, "n8n", ago=75 * days, seconds=140.0)
    past_run(
        results, "plain-html", "p--pppp", timedelta(hours=30), seconds=44.0, generic=True,
        head_release="", upgraded_from="",
    )  # fmt: skip
    past_run(
        results, "ghost", "iiiiiii", timedelta(hours=2), seconds=0.6, head="", abra="",
        head_release="", upgraded_from="",
        reason="Parent suite setup failed: Incomplete: The node has no more space on its disk: "
        "/var/lib/docker is full.",
    )  # fmt: skip
    broken = past_run(results, "discourse", ago=timedelta(hours=3))
    (broken / RESULTS_FILE).write_text('{"facts": {"run_id": ')
    return ["custom-html", "discourse", "ghost", "gitea", "immich", "keycloak", "matrix-synapse",
            "n8n"]  # fmt: skip
