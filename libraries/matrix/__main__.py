"""`python -m matrix [RECIPE...] [--shard 1/3]`: the recipes through pabot, within the budget."""

import os
import signal
import sys
import time
from pathlib import Path

import click
from pabot import pabot

from ccci.budget import default_slots
from ccci.errors import CcciError, Misuse
from ccci.results import MATRIX_VARIABLE
from ccci.run import new_run_id
from matrix.outcome import outcome_of, write_outcome
from matrix.plan import Entry, longest_first, shard_of

PROJECT = Path(__file__).resolve().parents[2]


@click.command(help="Run recipes side by side; without names, all that are enrolled.")
@click.argument("recipes", nargs=-1)
@click.option("--shard", default="1/1", help="the part of the matrix to run, as in 1/3")
def main(recipes: tuple[str, ...], shard: str) -> None:
    """Run a matrix and end with 0 only when every recipe passed."""
    try:
        entries = shard_of(longest_first(PROJECT, recipes), *_numbers(shard))
    except CcciError as error:
        raise click.ClickException(str(error)) from None
    if not entries:
        raise click.ClickException(f"Part {shard} has no recipe: there are fewer than parts.")
    folder = PROJECT / "results" / "matrix" / new_run_id()
    os.environ[MATRIX_VARIABLE] = folder.name
    begun = time.monotonic()
    _run(entries, folder)
    outcomes = [outcome_of(PROJECT, entry.recipe, folder.name) for entry in entries]
    verdict = write_outcome(folder, outcomes, time.monotonic() - begun)
    for one in outcomes:
        click.echo(f"{one.recipe:<20} {one.verdict:<11} {one.seconds:7.1f} s  {one.reason}")
    click.echo(f"Matrix:  {verdict}\nLog:     {folder}/log.html\nReport:  {folder}/report.html")
    sys.exit(0 if verdict == "passed" else 1)


def _run(entries: list[Entry], folder: Path) -> None:
    folder.mkdir(parents=True)
    ordering = folder / "ordering.txt"
    # One line for a whole folder keeps it in one process, its __init__.robot included.
    lines = [f"--suite Suites.{_suite_name(entry.recipe)}" for entry in entries]
    ordering.write_text("\n".join(lines) + "\n", encoding="utf-8")
    # pabot dies at once of a SIGTERM and leaves its suites behind; of a SIGINT it ends them first.
    signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    words = ["--processes", str(min(len(entries), default_slots())), "--ordering", str(ordering)]
    words += ["--pabotlibport", "0", "--outputdir", str(folder), "--xunit", "xunit.xml"]
    for entry in entries:
        words += ["--suite", f"Suites.{_suite_name(entry.recipe)}"]
    os.chdir(folder)  # pabot leaves a file of its own in the current folder.
    code = pabot.main_program([*words, str(PROJECT / "suites")])
    click.echo(f"pabot ended with {code}; the verdict is read from each recipe's own results.")


def _suite_name(recipe: str) -> str:
    """Robot's name of a suite's folder: words begin with a capital, hyphens stay."""
    return "-".join(word.capitalize() for word in recipe.split("-"))


def _numbers(shard: str) -> tuple[int, int]:
    number, _, count = shard.partition("/")
    if not (number.isdecimal() and count.isdecimal()):
        raise Misuse(f"SHARD is {shard!r}: it must be a part and their number, as in 1/3.")
    return int(number), int(count)


if __name__ == "__main__":
    main()
