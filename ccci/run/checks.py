"""What must be true of a deployed app: images, tasks, secrets, how often it was deployed."""

from collections.abc import Callable, Iterable, Mapping

from ccci.deploy.driver import AppDriver
from ccci.errors import RecipeFailure
from ccci.results.credentials import holds_secret
from ccci.swarm.meant import USUAL, Meant
from ccci.swarm.view import Service

# head; head again, empty, for the restore; the previous release.
COLD_DEPLOYMENTS_OF_A_FULL_RUN = 3
# A shorter one is in a log by chance.
_LEAST_SECRET = 8
# Of each service, the newest.
_LOG_LINES = 20_000


def check_images(services: Iterable[Service], expected: Mapping[str, str]) -> None:
    """Fail unless each service runs the image its compose file names.

    Where the compose file pins a digest, the digests are compared: it wins over a tag beside it.

    Args:
        services: those that run.
        expected: service to image, as the compose files name them.

    Raises:
        RecipeFailure: one runs another image, is missing, or is not in the compose files.
    """
    seen = {}
    for service in services:
        pinned = "@" in expected.get(service.short_name, "")
        seen[service.short_name] = f"{service.image}@{service.digest}" if pinned else service.image
    if {name: _compared(image) for name, image in seen.items()} != {
        name: _compared(image) for name, image in expected.items()
    }:
        raise RecipeFailure(f"Expected the images {expected}; the services run {seen}.")


def _compared(image: str) -> str:
    """Return an image reference without the tag beside a digest, which may not be kept."""
    name, _, digest = image.partition("@")
    if not digest:
        return image
    folder, _, last = name.rpartition("/")
    return f"{folder}/{last.partition(':')[0]}@{digest}"


def check_no_task_restarted(
    services: Iterable[Service], last_log_lines: Callable[[Service], str], meant: Meant = USUAL
) -> None:
    """Fail when a task died since the app was deployed.

    Args:
        services: the app's.
        last_log_lines: returns what a service logged last.
        meant: which of them may end.

    Raises:
        RecipeFailure: one did; the sentence has its exit code and the service's last log lines.
    """
    for service in services:
        dead = meant.deaths_of(service)
        if dead:
            raise RecipeFailure(
                f"Expected no task of {service.short_name} to be restarted; {len(dead)} died, "
                f"the last with exit code {dead[0].exit_code} ({dead[0].message}).\n"
                f"{last_log_lines(service)}"
            )


def check_secrets_unchanged(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Fail when a secret was replaced, added or removed; return what was compared.

    Args:
        before: the name or place of each secret to its identity or digest, at the restart.
        now: the same, after it.

    Raises:
        RecipeFailure: one did; the sentence names it, and never its value.
    """
    changed = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    if changed:
        raise RecipeFailure(
            "Expected each secret to be the same after the restart; changed: "
            f"{', '.join(changed)}. An entrypoint that makes a secret itself must keep it in a "
            "volume, or take the recipe's."
        )
    seen = [name for name in now if " of " in name]
    if not seen:
        return (
            "Nothing to compare: no container has a secret that can be read, as a file of the "
            "Swarm or as a variable that is named for one."
        )
    return f"Compared as the containers see them: {', '.join(sorted(seen))}."


def check_logs(driver: AppDriver) -> None:
    """Fail when a service logged a secret that was made for this app.

    Args:
        driver: the app's.

    Raises:
        RecipeFailure: one did; the sentence names service and secret, never its value. `[let_go]`
            of recipe.toml excuses a secret in a log.
    """
    made = {
        name: value
        for name, value in driver.record.credentials.below(driver.app.domain).items()
        if len(value) >= _LEAST_SECRET
    }
    found = {}
    for service in driver.services():
        log = driver.target.swarm.last_log_lines(service, lines=_LOG_LINES)
        for name, value in made.items():
            word = f"{service.short_name}: log of {name}"
            if holds_secret(log, [value]) and word not in driver.config.let_go:
                found[word] = f"'{name}' is in the log of service '{service.short_name}'"
    if found:
        raise RecipeFailure(
            "Expected no secret of the app in a log, where many can read it: "
            f"{'; '.join(found.values())}. Look for 'set -x' and for a command that shows its "
            "arguments. If it must be so, name it in [let_go] of recipe.toml, as "
            f'"{next(iter(found))}", with the reason.'
        )


def check_deployments_of_full_run(
    app: AppDriver,
    dependencies: Mapping[str, AppDriver],
    failed_dependencies: Iterable[str],
    opted_out: Iterable[str],
    after_failures: bool,
) -> None:
    """Fail unless a full run made three cold deployments, one upgrade, and no other.

    Each dependency must have been deployed once. All that went through abra counts, whether a
    stage, a test or an install step asked for it; apps of a test's own do not.

    Args:
        app: the app under test.
        dependencies: recipe to app.
        failed_dependencies: the recipes of those that did not deploy.
        opted_out: the stages that the recipe opted out of.
        after_failures: something failed before, so that some may never have been reached.

    Raises:
        RecipeFailure: there were more, or fewer.
    """
    left_out = {"backup", "upgrade"} & set(opted_out)
    cold = COLD_DEPLOYMENTS_OF_A_FULL_RUN - len(left_out)
    over = 0 if "upgrade" in left_out else 1
    _check_deployments(app, "the app under test", cold, over, after_failures)
    failed = set(failed_dependencies)
    for recipe, driver in dependencies.items():
        _check_deployments(driver, f"the dependency '{recipe}'", 1, 0, recipe in failed)


def _check_deployments(
    driver: AppDriver, whose: str, cold: int, over: int, may_be_fewer: bool
) -> None:
    """Fail unless an app was deployed so often: cold, and over a running one."""
    expected, made = cold + over, driver.deployments
    more = driver.cold_deployments > cold or made > expected
    fewer = driver.cold_deployments < cold or made < expected
    if more or (fewer and not may_be_fewer):
        raise RecipeFailure(
            f"Expected {expected} deployments of {whose} in a full run, {cold} of them cold; "
            f"{made} were made, {driver.cold_deployments} of them cold. A test or an install step "
            "that deploys for itself makes more; a stage that was left out makes fewer."
        )
