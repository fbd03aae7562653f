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
_PASS = ("--pass", "-p", "save generated secrets in a local pass store")
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
        session: Session, words: list[str], all: bool, machine: bool, chaos: bool, **store: bool
    ) -> None:
        """Generate app secrets."""
        refuse_store(store["pass"])
        app = _load(words[0], session, chaos)
        if len(words) == 2 or (len(words) == 3) == all:
            raise Fatal("give either a secret and its version, or --all/-a")
        known = secrets.wanted(app)
        if all:
            chosen = [one for one in known if one.generate]
            for one in known:
                if not one.generate:
                    warn(f"skipping {one.name} (#generate=false): insert it")
        else:
            chosen = [one for one in known if one.name == words[1]]
            if not chosen:
                raise Fatal(f"{words[1]} doesn't exist in the env config?")
            if chosen[0].version != words[2]:
                raise Fatal(f"{words[1]} is at {chosen[0].version} in the .env, not {words[2]}")
        made = secrets.generate(app, chosen)
        show_generated(made, machine)

    @command(
        secret, "insert i", 4, 4, "<domain> <secret> <version> <data>",
        flag("--file", "-f", "treat input as a file"),
        flag("--trim", "-t", "trim input"), flag(*_CHAOS),
    )  # fmt: skip
    def insert(session: Session, words: list[str], file: bool, trim: bool, chaos: bool) -> None:
        """Insert a secret, from a file with -f: a value as an argument is seen by everyone."""
        app = _load(words[0], session, chaos)
        _, name, version, value = words
        known = [one.name for one in secrets.wanted(app)]
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
    def ls(session: Session, words: list[str], machine: bool, chaos: bool) -> None:
        """List the app's secrets."""
        app = _load(words[0], session, chaos)
        there = secrets.on_server(app)
        rows = [
            [one.name, one.version, one.full_name, str(one.full_name in there).lower()]
            for one in secrets.wanted(app)
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
    def rm(session: Session, words: list[str], all: bool, chaos: bool) -> None:
        """Remove secrets from the server."""
        app = _load(words[0], session, chaos)
        if (len(words) == 2) == all:
            raise Fatal("give either a secret or --all/-a")
        wanted = [one for one in secrets.wanted(app) if all or one.name == words[1]]
        there = secrets.on_server(app)
        names = [one.full_name for one in wanted if one.full_name in there]
        if not names:
            raise Fatal("no secrets to remove?" if all else f"{words[1]} doesn't exist on server?")
        session.confirm(f"remove {', '.join(names)}?")
        secrets.remove(app, names)
        for name in names:
            info(f"removed {name} from server")


def refuse_store(wanted: bool) -> None:
    """Raise when --pass was given: the lab has no pass store."""
    if wanted:
        raise Fatal("the lab's abra has no pass store: leave --pass/-p out")


def show_generated(made: dict[str, str], machine: bool) -> None:
    """Print generated values, this once."""
    if machine:
        table.as_json([{"name": name, "value": value} for name, value in made.items()])
        return
    if not made:
        warn("no secrets generated?")
        return
    table.show(["NAME", "VALUE"], [[name, value] for name, value in made.items()])
    warn("generated secrets are not shown again, please take note of them now")


def _load(name: str, session: Session, chaos: bool) -> App:
    app = apps.load(name)
    app.recipe.ensure(session, app.pinned, chaos)
    return app
