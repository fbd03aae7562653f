"""`python -m ccci.matrix [RECIPE...] [--shard 1/3] [--share keycloak]`: runs recipes with pabot."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click
from pabot import pabot

from ccci.budget.places import default_slots
from ccci.errors import CcciError
from ccci.matrix.leftovers import leftovers_of
from ccci.matrix.outcome import MatrixOutcome, outcome_of, summary, whole_of, write_outcome
from ccci.matrix.plan import Entry, Shard, longest_first, shard_of
from ccci.matrix.report import OUTPUT, ROOT, join, suite_name
from ccci.matrix.sharing import plan_sharing, shared_provider
from ccci.project import PROJECT
from ccci.results.modes import closed_folder
from ccci.results.store import MATRIX_VARIABLE, results_dir
from ccci.run.run import new_run_id


@click.command(help="Test recipes in parallel; by default all enrolled recipes.")
@click.argument("recipes", nargs=-1)
@click.option("--shard", "part", default="1/1", help="the part of the matrix to run, as in 1/3")
@click.option("--share", default="", help="a provider that recipes with sign-in share")
@click.option("--output", type=click.Path(path_type=Path), help="the folder for the report")
def main(recipes: tuple[str, ...], part: str, share: str, output: Path | None) -> None:
    """Run a matrix; the exit code is 0 only if every recipe passed."""
    # On SIGTERM pabot dies and leaves its suites running; on SIGINT it ends them first.
    signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    try:
        shard = Shard.parse(part)
        whole = longest_first(PROJECT, recipes)
        processes = default_slots()
        entries = shard_of(whole, shard)
        planned = [entry.recipe for entry in whole]
        in_this_part = [entry.recipe for entry in entries]
        sharing = plan_sharing(PROJECT, share, planned, in_this_part) if share else None
    except CcciError as error:
        raise click.ClickException(str(error)) from None
    if not entries:
        raise click.ClickException(
            f"Part {shard} has no recipe: there are more parts than recipes."
        )
    matrix = new_run_id()
    folder = output.resolve() if output else results_dir(PROJECT) / "matrix" / matrix
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise click.ClickException(f"{folder} is not empty: name a folder for this matrix only.")
    os.environ[MATRIX_VARIABLE] = matrix
    started = time.monotonic()
    problems: dict[str, str] = {}
    with ExitStack() as provider:
        try:
            if sharing:
                logs = folder / "services" / share
                deployed = shared_provider(PROJECT, sharing, matrix, logs, _log_of(share))
                provider.enter_context(deployed)
            _run(entries, folder, min(len(entries), processes))
        except CcciError as error:
            problems = {share: str(error)}
            click.echo(f"{share}: {error}", err=True)
        except KeyboardInterrupt:
            click.echo("interrupted before the first recipe was started", err=True)
        # Written now and without interruption: if the wait for the reapers is interrupted, there is
        # a report already.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _report(folder, matrix, shard, planned, entries, started, problems)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    problems |= leftovers_of(matrix)
    outcome = _report(folder, matrix, shard, planned, entries, started, problems)
    click.echo(summary(outcome, folder))
    sys.exit(0 if outcome.verdict == "passed" else 1)


def _log_of(share: str) -> Callable[[str], None]:
    return lambda line: click.echo(f"{share}: {line}")


def _run(entries: list[Entry], folder: Path, processes: int) -> None:
    closed_folder(folder)
    ordering = folder / "ordering.txt"
    names = [f"{ROOT}.{suite_name(entry.recipe)}" for entry in entries]
    # One line for a folder makes pabot run it in one process, with its __init__.robot.
    ordering.write_text("".join(f"--suite {name}\n" for name in names), encoding="utf-8")
    # The report is made from the recipes' own results: pabot's report omits processes that were
    # killed.
    arguments = ["--processes", str(processes), "--ordering", str(ordering), "--no-rebot"]
    arguments += ["--pabotlibport", "0", "--outputdir", str(folder)]
    for name in names:
        arguments += ["--suite", name]
    os.chdir(folder)  # pabot writes a file of its own into the current folder.
    pabot.main_program([*arguments, str(PROJECT / "suites")])


def _report(
    folder: Path,
    matrix: str,
    shard: Shard,
    planned: list[str],
    entries: list[Entry],
    started: float,
    problems: dict[str, str],
) -> MatrixOutcome:
    """Write the report with what is known by now; pabot's exit code is not used."""
    found = [outcome_of(PROJECT, entry.recipe, matrix) for entry in entries]
    outputs = [PROJECT / one.run / OUTPUT for one in found if one.run]
    absent = join(folder, outputs, {one.recipe: one.reason for one in found})
    # Results without a log cannot be checked by anybody.
    found = [
        replace(one, verdict="incomplete", reason=one.reason or "its output.xml is missing")
        if one.recipe in absent
        else one
        for one in found
    ]
    outcome = whole_of(
        matrix,
        [str(shard)],
        planned,
        found,
        time.monotonic() - started,
        time.process_time(),
        problems=[f"{recipe}: {problem}" for recipe, problem in problems.items()],
    )
    write_outcome(folder, outcome)
    return outcome


if __name__ == "__main__":
    main()
