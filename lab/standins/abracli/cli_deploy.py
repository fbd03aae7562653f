"""`abra app deploy | upgrade | rollback | undeploy | restart`."""

import click

from lab.standins.abracli import app as apps
from lab.standins.abracli import deploy as deploying
from lab.standins.abracli import restart as restarting
from lab.standins.abracli.cobra import command, flag
from lab.standins.abracli.deploy import Flags
from lab.standins.abracli.session import Session

_FORCE = ("--force", "-f", "perform action without further prompt")
_CHAOS = ("--chaos", "-C", "ignore uncommitted recipes changes")
_NO_DOMAIN = ("--no-domain-checks", "-D", "disable public DNS checks")
_NO_CONVERGE = ("--no-converge-checks", "-c", "disable converge logic checks")


def add_to(group: click.Group) -> None:
    """Add the commands to `abra app`."""

    # The last flag has two names: that of 2025's documentation, and that of version 0.13.
    @command(
        group, "deploy", 1, 2, "<domain> [version]", flag(*_CHAOS), flag(*_FORCE),
        flag(*_NO_DOMAIN), flag(*_NO_CONVERGE),
        flag("--ignore-env-version", "-i", "deploy the latest version"),
        flag("--latest", "-l", "deploy the latest version"),
    )  # fmt: skip
    def deploy(
        session: Session,
        arguments: list[str],
        latest: bool,
        ignore_env_version: bool,
        **flags: bool,
    ) -> None:
        """Deploy an app."""
        chosen = Flags(ignore_env_version=latest or ignore_env_version, **flags)
        deploying.deploy(apps.load(arguments[0]), session, chosen, *arguments[1:])

    @command(
        group, "upgrade", 1, 2, "<domain> [version]", flag(*_FORCE), flag(*_NO_DOMAIN),
        flag(*_NO_CONVERGE), flag("--releasenotes", "-r", "only show release notes"),
    )  # fmt: skip
    def upgrade(session: Session, arguments: list[str], releasenotes: bool, **flags: bool) -> None:
        """Upgrade an app."""
        version = arguments[1] if len(arguments) > 1 else ""
        deploying.upgrade(apps.load(arguments[0]), session, Flags(**flags), version, releasenotes)

    @command(
        group, "rollback", 1, 2, "<domain> [version]", flag(*_FORCE), flag(*_NO_DOMAIN),
        flag(*_NO_CONVERGE),
    )  # fmt: skip
    def rollback(session: Session, arguments: list[str], **flags: bool) -> None:
        """Roll an app back to a previous version."""
        deploying.rollback(apps.load(arguments[0]), session, Flags(**flags), *arguments[1:])

    @command(
        group, "undeploy", 1, 1, "<domain>",
        flag("--prune", "-p", "prune unused containers, networks, and dangling images"),
    )  # fmt: skip
    def undeploy(session: Session, arguments: list[str], prune: bool) -> None:
        """Undeploy an app; its volumes and secrets are kept."""
        app = apps.load(arguments[0])
        deploying.require_deployed(app)
        session.confirm(f"undeploy {app.name}?")
        deploying.undeploy(app)
        if prune:
            restarting.remove_stopped_containers(app)

    @command(
        group, "restart", 1, 2, "<domain> [service]", flag(*_CHAOS),
        flag("--all-services", "-a", "restart all services"),
    )  # fmt: skip
    def restart(session: Session, arguments: list[str], all_services: bool, chaos: bool) -> None:
        """Restart a service of an app, or all of them."""
        app = apps.load(arguments[0])
        app.recipe.ensure(session, app.pinned, chaos)
        restarting.restart(app, arguments[1] if len(arguments) > 1 else "", all_services)
