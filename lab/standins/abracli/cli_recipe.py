"""`abra recipe fetch | lint | versions | list`."""

import click

from lab.standins.abracli import lint as linting
from lab.standins.abracli import paths, table, terminal
from lab.standins.abracli import recipe as recipes
from lab.standins.abracli.cobra import command, flag, option
from lab.standins.abracli.logs import Fatal, info, warn
from lab.standins.abracli.recipe import recipe_named
from lab.standins.abracli.session import Session

RECIPE = click.Group("recipe", help="Manage recipes.")
_MACHINE = ("--machine", "-m", "print machine-readable output")


@command(
    RECIPE, "fetch", 0, 1, "[recipe | --all]", flag("--all", "-a", "fetch all recipes"),
    flag("--force", "-f", "force re-fetch"),
)  # fmt: skip
def fetch(session: Session, arguments: list[str], all: bool, force: bool) -> None:
    """Clone recipes locally."""
    if bool(arguments) == all:
        raise Fatal("give either a recipe or --all/-a")
    for name in arguments or sorted(recipes.catalogue()):
        recipes.fetch_recipe(name, session, force)
        info(f"{name} fetched")


@command(RECIPE, "lint", 1, 1, "<recipe>", flag("--chaos", "-C", "ignore uncommitted changes"))
def lint(session: Session, arguments: list[str], chaos: bool) -> None:
    """Lint a recipe and print a table; the exit code is 0 even if a rule is violated."""
    terminal.require()
    recipe = recipe_named(arguments[0])
    recipe.ensure(session, "", chaos)
    found = linting.verdicts(recipe)
    rows = []
    for verdict in found:
        rule, ok = verdict.rule, verdict.satisfied
        satisfied = "-" if ok is None else "✅" if ok else "❌"
        skipped = "✅" if ok is None else "-"
        rows.append([rule.ref, rule.text, rule.severity, satisfied, skipped, rule.remedy])
    table.show(["REF", "RULE", "SEVERITY", "SATISFIED", "SKIPPED", "HOW TO FIX"], rows)
    if any(v.satisfied is False and v.rule.severity == "error" for v in found):
        warn(f"critical errors present in {recipe.name} config")


@command(RECIPE, "versions v", 1, 1, "<recipe>", flag(*_MACHINE))
def versions(session: Session, arguments: list[str], machine: bool) -> None:
    """List the versions of a recipe, newest first."""
    recipe = recipe_named(arguments[0])
    recipe.require()
    rows = [row for tag in reversed(recipe.versions()) for row in recipes.images_at(recipe, tag)]
    if machine:
        table.as_json(rows)
    else:
        names = ["version", "service", "image", "tag"]
        table.show([n.upper() for n in names], [[row[n] for n in names] for row in rows])
    if not rows:
        warn(f"{recipe.name} has no published versions?")


@command(
    RECIPE, "list ls", 0, 0, "", flag(*_MACHINE), option("--pattern", "-p", "filter by recipe"),
)  # fmt: skip
def list_(session: Session, arguments: list[str], machine: bool, pattern: str) -> None:
    """List the recipes in the catalogue and in ABRA_DIR."""
    known = recipes.catalogue()
    local = {path.parent.name for path in paths.recipes_dir().glob("*/.git")}
    names = ["name", "category", "status", "healthcheck", "backups", "email", "tests", "sso"]
    rows = []
    for name in sorted({*known, *local}):
        if pattern.lower() not in name.lower():
            continue
        entry = known.get(name, {})
        features = entry.get("features")
        facts = {**entry, **(features if isinstance(features, dict) else {}), "name": name}
        rows.append({key: str(facts.get(key, "")) for key in names})
    if machine:
        table.as_json(rows)
    else:
        table.show([n.upper() for n in names], [[row[n] for n in names] for row in rows])
