"""Deploys an app: chooses the version, checks it, runs `docker stack deploy`, and waits."""

import socket
import tempfile
from dataclasses import dataclass

from lab.standins.abracli import converge, engine, envfile, lint, secrets, tags
from lab.standins.abracli.app import App
from lab.standins.abracli.compose import Compose, files_of, overlay
from lab.standins.abracli.logs import Fatal, debug, info, warn
from lab.standins.abracli.session import Session

DEFAULT_TIMEOUT_SECONDS = 300
_UNDEPLOY_SECONDS = 120


@dataclass(frozen=True)
class Deployed:
    """What is deployed for an app, according to the labels of its service `app`.

    Attributes:
        version: the label with the version, or "unknown".
        chaos: whether it was deployed with --chaos.
        chaos_version: the commit if it was deployed with --chaos, else "unknown".
    """

    version: str
    chaos: bool
    chaos_version: str


@dataclass(frozen=True)
class Flags:
    """The flags of deploy, upgrade and rollback."""

    chaos: bool = False
    force: bool = False
    no_domain_checks: bool = False
    no_converge_checks: bool = False
    ignore_env_version: bool = False


def deployed(app: App) -> Deployed | None:
    """Return what is deployed for the app, or None."""
    services = engine.of_stack("services", app.stack)
    if not services:
        return None
    labels: dict[str, str] = {}
    for service in services:
        if service["Spec"]["Name"] == f"{app.stack}_app":
            labels = service["Spec"].get("Labels") or {}
    prefix = f"coop-cloud.{app.stack}."
    return Deployed(
        labels.get(f"{prefix}version") or "unknown",
        labels.get(f"{prefix}chaos") == "true",
        labels.get(f"{prefix}chaos-version") or "unknown",
    )


def require_deployed(app: App) -> Deployed:
    """Return what is deployed for the app.

    Raises:
        Fatal: it is not deployed.
    """
    found = deployed(app)
    if found is None:
        raise Fatal(f"{app.name} is not deployed?")
    return found


def deploy(app: App, session: Session, flags: Flags, version: str = "") -> None:
    """Deploy an app.

    Args:
        app: the app.
        session: the flags of all commands.
        flags: the flags of this one.
        version: a version or commit; by default that of the .env file, else the latest, else HEAD.

    Raises:
        Fatal: it could not be deployed; the message has the reason.
    """
    if version and flags.chaos:
        raise Fatal("cannot use a version and --chaos together")
    pinned = "" if flags.ignore_env_version or version else app.pinned
    app.recipe.ensure(session, pinned, flags.chaos)
    if deployed(app) and not (flags.force or flags.chaos):
        raise Fatal(f"{app.name} is already deployed")
    chosen = _chosen_version(app, flags, version or pinned)
    put(app, session, flags, chosen)


def put(app: App, session: Session, flags: Flags, version: str) -> None:
    """Deploy a version, whatever is deployed now: used by deploy, upgrade and rollback."""
    if not flags.chaos:
        app.recipe.check_out(version)
        lint.require_no_errors(app.recipe)
    secrets.require_all(app)
    settings = app.settings()
    compose = Compose(files_of(app.recipe, settings), settings)
    for name in missing_settings(app):
        warn(f"env var {name} missing from {app.name}.env, check recipe .env.sample")
    if flags.no_domain_checks:
        warn("skipping domain checks")
    else:
        require_domain(app)
    timeout_seconds = timeout_of(app, compose)
    info(f"deploying {app.name}: {app.recipe.name} {version}{' (chaos)' if flags.chaos else ''}")
    session.confirm("proceed?")
    before = converge.states_of(app.stack)
    _stack_deploy(app, compose, settings, labels_for(app, version, flags.chaos), version)
    if flags.no_converge_checks:
        warn("skipping converge logic checks")
    else:
        info(f"waiting up to {timeout_seconds:g} s for {app.name} to converge")
        converge.wait_until_converged(app.stack, timeout_seconds, before)
        info("deploy succeeded")
    # Only a deployment that succeeded pins its version.
    envfile.write_version(app.path, app.recipe.name, version)


def undeploy(app: App) -> None:
    """Remove an app's stack from the Swarm; volumes and secrets are kept.

    Raises:
        Fatal: it is not deployed, or its containers do not end in time.
    """
    require_deployed(app)
    engine.run_docker(["stack", "rm", app.stack])
    converge.wait_until_gone(app.stack, _UNDEPLOY_SECONDS)
    info(f"undeployed {app.name}")


def labels_for(app: App, version: str, chaos: bool) -> dict[str, str]:
    """Return the labels that abra sets on the service `app`."""
    prefix = f"coop-cloud.{app.stack}."
    labels = {f"{prefix}recipe": app.recipe.name, f"{prefix}chaos": str(chaos).lower()}
    if chaos:
        # The label with the version stays that of the compose file.
        return {**labels, f"{prefix}chaos-version": version}
    return {**labels, f"{prefix}version": version}


def timeout_of(app: App, compose: Compose) -> float:
    """Return how many seconds to wait; TIMEOUT has an effect only if the recipe's label uses it."""
    label = compose.labels().get(f"coop-cloud.{app.stack}.timeout")
    if not label:
        return DEFAULT_TIMEOUT_SECONDS
    try:
        return float(label)
    except ValueError:
        raise Fatal(f"timeout label of {app.name} is not a number of seconds: {label}") from None


def missing_settings(app: App) -> list[str]:
    """Return the settings in the recipe's .env.sample that are not in the app's .env file."""
    sample = app.recipe.path / ".env.sample"
    if not sample.exists():
        return []
    return [name for name in envfile.read(sample).values if name not in app.file.values]


def require_domain(app: App) -> None:
    """Raise if the app's domain does not resolve to an IPv4 address."""
    if not app.file.values.get("DOMAIN"):
        warn("skipping domain checks, no DOMAIN=... configured for app")
        return
    try:
        socket.getaddrinfo(app.domain, None, socket.AF_INET)
    except (OSError, UnicodeError):
        raise Fatal(
            f"unable to resolve an ipv4 address for {app.domain}? "
            "--no-domain-checks/-D skips this check"
        ) from None


def _chosen_version(app: App, flags: Flags, named: str) -> str:
    if flags.chaos:
        return app.recipe.chaos_version()
    if named:
        return named
    versions = app.recipe.versions()
    return versions[-1] if versions else app.recipe.head()


def _stack_deploy(
    app: App, compose: Compose, settings: dict[str, str], labels: dict[str, str], version: str
) -> None:
    variables = {**settings, "TYPE": f"{app.recipe.name}:{version}"}
    extra = overlay(compose, labels, variables)
    with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
        file.write(extra)
        file.flush()
        # Relative paths in any of the files are relative to the folder of the first one.
        files = [str(path) for path in compose.files] + ([file.name] if extra else [])
        arguments = ["stack", "deploy", "--resolve-image", "always"]
        arguments += [argument for name in files for argument in ("-c", name)]
        output = engine.run_docker([*arguments, app.stack], variables, str(app.recipe.path))
    for line in output.splitlines():
        debug(line)


def upgrade(
    app: App, session: Session, flags: Flags, version: str = "", notes: bool = False
) -> None:
    """Deploy a later version, by default the latest.

    Raises:
        Fatal: the app is not deployed, or the given version is not later.
    """
    _move(app, session, flags, version, up=True, notes=notes)


def rollback(app: App, session: Session, flags: Flags, version: str = "") -> None:
    """Deploy an earlier version, by default the previous one.

    Raises:
        Fatal: the app is not deployed, or the given version is not earlier.
    """
    _move(app, session, flags, version, up=False)


def _move(
    app: App, session: Session, flags: Flags, named: str, up: bool, notes: bool = False
) -> None:
    word = "upgrade" if up else "downgrade"
    app.recipe.ensure(session, app.pinned)
    now = require_deployed(app).version
    if not tags.is_version(now):
        raise Fatal(f"cannot determine the deployed version of {app.name}: label says '{now}'")
    versions = app.recipe.versions()
    possible = tags.newer(versions, now) if up else tags.older(versions, now)
    if flags.force and now in versions:
        possible = [now, *possible] if up else [*possible, now]
    if named:
        if named not in versions:
            raise Fatal(f"{app.recipe.name} has no version '{named}'")
        if named not in possible:
            raise Fatal(f"{named} is not a {word} for {now}?")
    elif not possible:
        info(f"no available {word}s, you're on {'latest' if up else 'the oldest'} ({now})")
        return
    chosen = named or possible[-1]
    note = app.recipe.path / "release" / chosen
    if notes:
        app.recipe.check_out(chosen)
        if note.is_file():
            print(note.read_text(encoding="utf-8"))
    put(app, session, flags, chosen)
