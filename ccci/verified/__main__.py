"""`python -m ccci.verified RECIPES...`: records what the last green run of a recipe ran on."""

import sys

import click

from ccci.errors import CcciError
from ccci.project import PROJECT
from ccci.verified.choosing import choose_run, own_head
from ccci.verified.file import verified_path, write_verified
from ccci.verified.making import audited, recorded_before, verified_of


@click.command(help="Write recipes/<recipe>/verified.toml from the newest full run that passed.")
@click.argument("recipes", nargs=-1, required=True)
def main(recipes: tuple[str, ...]) -> None:
    """Record each recipe, or say why not; the exit code is 0 only if all were recorded."""
    failed = False
    for recipe in dict.fromkeys(recipes):
        try:
            _record(recipe)
        except CcciError as error:
            click.echo(f"{recipe}: {error}", err=True)
            failed = True
    sys.exit(1 if failed else 0)


def _record(recipe: str) -> None:
    chosen = choose_run(PROJECT, recipe, own_head(PROJECT, recipe))
    audit, without = audited(PROJECT, recipe, chosen.results.facts.head)
    if without:
        audit = recorded_before(PROJECT, recipe, chosen.results.facts.head)
    verified = verified_of(chosen.results, audit)
    path = verified_path(PROJECT, recipe)
    write_verified(path, verified)
    for run in chosen.passed_over:
        click.echo(f"{recipe}: passed over the newer run {run.run}: {run.why}")
    score = f"audit {audit.caught} of {audit.defects}, {audit.date}" if audit else "no audit"
    score += f" (of a new one: {without})" if without else ""
    click.echo(
        f"{recipe}: {path.relative_to(PROJECT)} from run {verified.run}: {verified.version}, "
        f"images {verified.origins}, {len(verified.tests)} tests, level {verified.level}; {score}"
    )


if __name__ == "__main__":
    main()
