"""`python -m ccci.matrix [RECIPE...] [--shard 1/3] [--share keycloak]`: recipes through pabot."""

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
from ccci.matrix.ending import left_of
from ccci.matrix.outcome import MatrixOutcome, outcome_of, told, whole_of, write_outcome
from ccci.matrix.plan import Entry, Shard, longest_first, shard_of
from ccci.matrix.report import OUTPUT, ROOT, join, suite_name
from ccci.matrix.sharing import plan_sharing, shared_provider
from ccci.project import PROJECT
from ccci.results.store import MATRIX_VARIABLE, results_dir
from ccci.run.run import new_run_id


@click.command(help="Run recipes side by side; without names, all that are enrolled.")
@click.argument("recipes", nargs=-1)
@click.option("--shard", "part", default="1/1", help="the part of the matrix to run, as in 1/3")
@click.option("--share", default="", help="a provider to deploy once, for all that sign in there")
@click.option("--output", type=click.Path(path_type=Path), help="a folder for its report")
def main(recipes: tuple[str, ...], part: str, share: str, output: Path | None) -> None:
    """Run a matrix and end with 0 only when every recipe passed."""
    # pabot dies at once of a SIGTERM and leaves its suites behind; of a SIGINT it ends them first.
    signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    try:
        shard = Shard.parse(part)
        whole = longest_first(PROJECT, recipes)
        processes = default_slots()
        entries = shard_of(whole, shard)
        planned = [entry.recipe for entry in whole]
        part_of_it = [entry.recipe for entry in entries]
        sharing = plan_sharing(PROJECT, share, planned, part_of_it) if share else None
    except CcciError as error:
        raise click.ClickException(str(error)) from None
    if not entries:
        raise click.ClickException(f"Part {shard} has no recipe: there are fewer than parts.")
    matrix = new_run_id()
    folder = output.resolve() if output else results_dir(PROJECT) / "matrix" / matrix
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise click.ClickException(f"{folder} is not empty: name a folder for this matrix alone.")
    os.environ[MATRIX_VARIABLE] = matrix
    begun = time.monotonic()
    left: dict[str, str] = {}
    with ExitStack() as provider:
        try:
            if sharing:
                logs = folder / "services" / share
                held = shared_provider(PROJECT, sharing, matrix, logs, _tell_of(share))
                provider.enter_context(held)
            _run(entries, folder, min(len(entries), processes))
        except CcciError as error:
            left = {share: str(error)}
            click.echo(f"{share}: {error}", err=True)
        except KeyboardInterrupt:
            click.echo("interrupted before the recipes were begun", err=True)
        # At once, and whole: who interrupts the wait for the reapers has a report all the same.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _report(folder, matrix, shard, planned, entries, begun, left)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    left |= left_of(matrix)
    outcome = _report(folder, matrix, shard, planned, entries, begun, left)
    click.echo(told(outcome, folder))
    sys.exit(0 if outcome.verdict == "passed" else 1)


def _tell_of(share: str) -> Callable[[str], None]:
    return lambda words: click.echo(f"{share}: {words}")


def _run(entries: list[Entry], folder: Path, processes: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ordering = folder / "ordering.txt"
    names = [f"{ROOT}.{suite_name(entry.recipe)}" for entry in entries]
    # One line for a whole folder keeps it in one process, its __init__.robot included.
    ordering.write_text("".join(f"--suite {name}\n" for name in names), encoding="utf-8")
    # The report is made of the recipes' own results: pabot's leaves out what was killed.
    words = ["--processes", str(processes), "--ordering", str(ordering), "--no-rebot"]
    words += ["--pabotlibport", "0", "--outputdir", str(folder)]
    for name in names:
        words += ["--suite", name]
    os.chdir(folder)  # pabot leaves a file of its own in the current folder.
    pabot.main_program([*words, str(PROJECT / "suites")])


def _report(
    folder: Path,
    matrix: str,
    shard: Shard,
    planned: list[str],
    entries: list[Entry],
    begun: float,
    left: dict[str, str],
) -> MatrixOutcome:
    """Write the report of what is known by now; pabot's own exit code says less, and is unused."""
    found = [outcome_of(PROJECT, entry.recipe, matrix) for entry in entries]
    outputs = [PROJECT / one.run / OUTPUT for one in found if one.run]
    absent = join(folder, outputs, {one.recipe: one.reason for one in found})
    # Results whose log is not there prove nothing that anybody can look up.
    found = [
        replace(one, verdict="incomplete", reason=one.reason or "its output is not there")
        if one.recipe in absent
        else one
        for one in found
    ]
    outcome = whole_of(
        matrix,
        [str(shard)],
        planned,
        found,
        time.monotonic() - begun,
        time.process_time(),
        problems=[f"{recipe}: {what}" for recipe, what in left.items()],
    )
    write_outcome(folder, outcome)
    return outcome


if __name__ == "__main__":
    main()
