"""`abra app new | ls | ps | check | config | services | remove`."""

import click

from lab.standins.abracli import app as apps
from lab.standins.abracli import deploy, listing, newapp, secrets, table, volumes
from lab.standins.abracli.cli_secret import PASS, refuse_store, show_generated
from lab.standins.abracli.cobra import command, flag, option
from lab.standins.abracli.logs import Fatal, info, warn
from lab.standins.abracli.recipe import fetch_recipe
from lab.standins.abracli.session import Session

APP = click.Group("app", help="Manage apps.")
_MACHINE = ("--machine", "-m", "print machine-readable output")
_CHAOS = ("--chaos", "-C", "ignore uncommitted recipes changes")


@command(
    APP, "new", 1, 2, "<recipe> [version]", option("--domain", "-D", "domain name for app"),
    option("--server", "-s", "specify server for new app"), flag(*_CHAOS),
    flag("--secrets", "-S", "automatically generate secrets"), flag(*PASS),
)  # fmt: skip
def new(
    session: Session, arguments: list[str], domain: str, server: str, chaos: bool, secrets: bool,
    **store: bool,
) -> None:  # fmt: skip
    """Create a new app."""
    refuse_store(store["pass"])
    recipe = fetch_recipe(arguments[0], session)
    version = arguments[1] if len(arguments) > 1 else ""
    app = newapp.create(recipe, session, domain, server, chaos, version)
    required = newapp.secrets_of(app)
    if secrets:
        show_generated(newapp.generate(app), machine=False)
    elif required:
        warn(f"{app.name} requires secrets: run 'abra app secret generate -a {app.name}'")
    info(f"new app '{app.name}' created, run 'abra app deploy {app.name}'")


@command(
    APP, "ls list", 0, 0, "", flag(*_MACHINE),
    flag("--status", "-S", "show app deployment status"),
    option("--server", "-s", "show apps of a specific server"),
    option("--recipe", "-r", "show apps of a specific recipe"),
)  # fmt: skip
def ls(
    session: Session, arguments: list[str], machine: bool, status: bool, server: str, recipe: str
) -> None:
    """List all apps."""
    found = [
        app
        for app in apps.all_apps()
        if (not server or app.server == server) and (not recipe or app.recipe.name == recipe)
    ]
    content = listing.servers(found, status)
    if machine:
        table.as_json(content)
        return
    columns = ["server", "recipe", "domain"]
    columns += ["status", "chaos", "version", "upgrade"] if status else []
    rows = [[one[name] for name in columns] for part in content.values() for one in part["apps"]]
    table.show([name.upper() for name in columns], rows)


@command(APP, "ps", 1, 1, "<domain>", flag(*_MACHINE), flag(*_CHAOS))
def ps(session: Session, arguments: list[str], machine: bool, chaos: bool) -> None:
    """Check app deployment status."""
    app = apps.load(arguments[0])
    app.recipe.ensure(session, app.pinned, chaos)
    found = listing.tasks(app, deploy.require_deployed(app))
    if machine:
        table.as_json(found)
        return
    columns = ["service", "image", "created", "status", "state", "ports"]
    table.show([n.upper() for n in columns], [[row[n] for n in columns] for row in found.values()])


@command(APP, "check", 1, 1, "<domain>", flag(*_CHAOS))
def check(session: Session, arguments: list[str], chaos: bool) -> None:
    """Compare the app's .env with the recipe's .env.sample."""
    app = apps.load(arguments[0])
    app.recipe.ensure(session, app.pinned, chaos)
    missing = deploy.missing_settings(app)
    present = sorted(app.file.values)
    rows = [[name, "✅"] for name in present] + [[name, "❌"] for name in missing]
    table.show(["RECIPE ENV SAMPLE", "APP ENV"], rows)
    for name in missing:
        warn(f"{name} missing from {app.name}.env")


@command(APP, "config", 1, 1, "<domain>")
def config(session: Session, arguments: list[str]) -> None:
    """Edit app config; not supported here, as it opens an editor."""
    app = apps.load(arguments[0])
    raise Fatal(f"the lab's abra does not open $EDITOR: edit {app.path}")


@command(APP, "services", 1, 1, "<domain>", flag(*_CHAOS))
def services(session: Session, arguments: list[str], chaos: bool) -> None:
    """Display all services of a deployed app."""
    app = apps.load(arguments[0])
    app.recipe.ensure(session, app.pinned, chaos)
    deploy.require_deployed(app)
    table.show(["SERVICE (SHORT)", "SERVICE (LONG)"], listing.service_names(app))


@command(
    APP, "remove rm", 1, 1, "<domain>",
    flag("--force", "-f", "perform action without further prompt"),
)  # fmt: skip
def remove(session: Session, arguments: list[str], force: bool) -> None:
    """Remove all app data, locally and remotely."""
    app = apps.load(arguments[0])
    if deploy.deployed(app):
        raise Fatal(f"{app.name} is still deployed. Run 'abra app undeploy {app.name}'")
    if not force:
        session.confirm(f"remove all data and config of {app.name}?")
    secrets.remove(app, list(secrets.on_server(app)))
    volumes.remove(app, volumes.of_app(app))
    app.path.unlink()
    info(f"{app.name} removed")
