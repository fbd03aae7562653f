"""`python -m ccci.repeat RECIPE [--times 20] [--busy]`."""

import sys
from collections import Counter
from contextlib import ExitStack

import click

from ccci.errors import CcciError
from ccci.interrupts import hear_interrupts
from ccci.matrix.plan import longest_first
from ccci.project import PROJECT
from ccci.repeat.busy import busy_cores
from ccci.repeat.running import OneRun, run_once


@click.command(help="Test a recipe several times in a row.")
@click.argument("recipe")
@click.option("--times", type=click.IntRange(min=1), default=20, help="how often (20)")
@click.option("--busy", is_flag=True, help="keep every core busy beside the runs")
def main(recipe: str, times: int, busy: bool) -> None:
    """Repeat a full run; the exit code is 0 only if every run passed."""
    hear_interrupts()
    try:
        longest_first(PROJECT, [recipe])
    except CcciError as error:
        raise click.ClickException(str(error)) from None
    found: list[OneRun] = []
    beside = ""
    with ExitStack() as load:
        if busy:
            beside = f", beside {load.enter_context(busy_cores())} busy processes"
        click.echo(f"{times} full runs of {recipe}{beside}")
        try:
            for number in range(1, times + 1):
                found.append(run_once(PROJECT, recipe))
                click.echo(line_of(number, times, found[-1]))
        except KeyboardInterrupt:
            click.echo("interrupted")
    click.echo(summary(recipe, times, beside, found))
    sys.exit(0 if [one.outcome.verdict for one in found] == ["passed"] * times else 1)


def line_of(number: int, times: int, one: OneRun) -> str:
    """Return what a terminal shows of one run."""
    outcome = one.outcome
    first = f"{number:3} of {times}  {outcome.verdict:<10}  {one.seconds:6.1f} s  {outcome.run}"
    more = [*([outcome.reason] if outcome.reason else []), *one.failures]
    return "\n".join([first.rstrip(), *(f"           {line}" for line in more)])


def summary(recipe: str, times: int, beside: str, found: list[OneRun]) -> str:
    """Return the last line: how many runs had which verdict, and how long they took.

    Example:
        >>> summary("n8n", 10, ", beside 2 busy processes", [])
        'n8n: 0 of 10 passed, beside 2 busy processes'
    """
    verdicts = Counter(one.outcome.verdict for one in found)
    text = f"{recipe}: {verdicts.pop('passed', 0)} of {times} passed"
    text += "".join(f", {count} {verdict}" for verdict, count in sorted(verdicts.items()))
    if found:
        seconds = sorted(one.seconds for one in found)
        text += f"; {seconds[0]:.0f} to {seconds[-1]:.0f} s"
    return text + beside


if __name__ == "__main__":
    main()
