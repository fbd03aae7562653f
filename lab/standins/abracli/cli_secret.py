"""`abra app secret generate | insert | ls | rm`."""

from pathlib import Path

import click

from lab.standins.abracli import app as apps
from lab.standins.abracli import secrets, table
from lab.standins.abracli.app import App
from lab.standins.abracli.cobra import command, flag
from lab.standins.abracli.engine import EngineError
from lab.standins.abracli.logs import Fatal, info, warn
from lab.standins.abracli.session import Session

_MACHINE = ("--machine", "-m", "print machine-readable output")
_CHAOS = ("--chaos", "-C", "ignore uncommitted recipes changes")
PASS = ("--pass", "-p", "save generated secrets in a local pass store")
_ALL = ("--all", "-a", "all secrets of the app")


def add_to(group: click.Group) -> None:
    """Add `secret` to `abra app`."""
    secret = click.Group("secret", help="Manage app secrets.")
    group.add_command(secret)

    @command(
        secret, "generate", 1, 3, "<domain> [secret version | --all]",
        flag(*_ALL), flag(*_MACHINE), flag(*_CHAOS), flag(*PASS),
    )  # fmt: skip
    def generate(
        session: Session, arguments: list[str], all: bool, machine: bool, chaos: bool, **store: bool
    ) -> None:
        """Generate app secrets."""
        refuse_store(store["pass"])
        app = _load(arguments[0], session, chaos)
        if len(arguments) == 2 or (len(arguments) == 3) == all:
            raise Fatal("give either a secret and its version, or --all/-a")
        known = secrets.required(app)
        if all:
            chosen = [one for one in known if one.generate]
            for one in known:
                if not one.generate:
                    warn(f"skipping {one.name} (#generate=false): insert it")
        else:
            chosen = [one for one in known if one.name == arguments[1]]
            if not chosen:
                raise Fatal(f"{arguments[1]} doesn't exist in the env config?")
            if chosen[0].version != arguments[2]:
                raise Fatal(
                    f"{arguments[1]} is at {chosen[0].version} in the .env, not {arguments[2]}"
                )
        show_generated(secrets.generate(app, chosen), machine)

    @command(
        secret, "insert i", 4, 4, "<domain> <secret> <version> <data>",
        flag("--file", "-f", "treat input as a file"),
        flag("--trim", "-t", "trim input"), flag(*_CHAOS),
    )  # fmt: skip
    def insert(session: Session, arguments: list[str], file: bool, trim: bool, chaos: bool) -> None:
        """Insert a secret; with -f from a file, as all users can see the value of an argument."""
        app = _load(arguments[0], session, chaos)
        _, name, version, value = arguments
        known = [one.name for one in secrets.required(app)]
        if name not in known:
            raise Fatal(f"no secret {name} available for recipe {app.recipe.name}?")
        if file:
            try:
                value = Path(value).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise Fatal(f"reading secret from file: {error}") from None
        try:
            secrets.store(app, name, version, value.strip() if trim else value)
        except EngineError as error:
            if error.status != 409:
                raise
            raise Fatal(f"{app.stack}_{name}_{version} already exists") from None
        info(f"{app.stack}_{name}_{version} successfully stored on server")

    @command(secret, "ls list", 1, 1, "<domain>", flag(*_MACHINE), flag(*_CHAOS))
    def ls(session: Session, arguments: list[str], machine: bool, chaos: bool) -> None:
        """List the app's secrets."""
        app = _load(arguments[0], session, chaos)
        existing = secrets.on_server(app)
        rows = [
            [one.name, one.version, one.full_name, str(one.full_name in existing).lower()]
            for one in secrets.required(app)
        ]
        headings = ["NAME", "VERSION", "GENERATED NAME", "CREATED ON SERVER"]
        if machine:
            names = [heading.lower().replace(" ", "-") for heading in headings]
            table.as_json([dict(zip(names, row, strict=True)) for row in rows])
        elif rows:
            table.show(headings, rows)
        else:
            warn(f"no secrets stored for {app.name}")

    @command(secret, "rm remove", 1, 2, "<domain> [secret | --all]", flag(*_ALL), flag(*_CHAOS))
    def rm(session: Session, arguments: list[str], all: bool, chaos: bool) -> None:
        """Remove secrets from the server."""
        app = _load(arguments[0], session, chaos)
        if (len(arguments) == 2) == all:
            raise Fatal("give either a secret or --all/-a")
        chosen = [one for one in secrets.required(app) if all or one.name == arguments[1]]
        existing = secrets.on_server(app)
        names = [one.full_name for one in chosen if one.full_name in existing]
        if not names:
            what = "no secrets to remove?" if all else f"{arguments[1]} doesn't exist on server?"
            raise Fatal(what)
        session.confirm(f"remove {', '.join(names)}?")
        secrets.remove(app, names)
        for name in names:
            info(f"removed {name} from server")


def refuse_store(given: bool) -> None:
    """Raise if --pass was given: the lab has no pass store."""
    if given:
        raise Fatal("the lab's abra has no pass store: do not use --pass/-p")


def show_generated(generated: dict[str, str], machine: bool) -> None:
    """Print generated values. They are not printed again later."""
    if machine:
        table.as_json([{"name": name, "value": value} for name, value in generated.items()])
        return
    if not generated:
        warn("no secrets generated?")
        return
    table.show(["NAME", "VALUE"], [[name, value] for name, value in generated.items()])
    warn("generated secrets are not shown again, please take note of them now")


def _load(name: str, session: Session, chaos: bool) -> App:
    app = apps.load(name)
    app.recipe.ensure(session, app.pinned, chaos)
    return app
