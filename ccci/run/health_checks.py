"""Each health check of a deployed app must be able to fail."""

from ccci.deploy.driver import AppDriver
from ccci.errors import RecipeFailure
from ccci.swarm.alone import Command, exit_code_alone
from ccci.swarm.health_check import HealthCheck, health_check_of

_LET_GO = "health check cannot fail"


def check_health_checks_can_fail(driver: AppDriver) -> str:
    """Fail when a health check says healthy where no app runs; return what was seen.

    Args:
        driver: the app's, deployed.

    Raises:
        RecipeFailure: one does; the sentence names the service and the command. `[let_go]` of
            recipe.toml excuses it, by `app: health check cannot fail`.
        NodeFailure: Docker did not run one.
    """
    swarm, journal = driver.target.swarm, driver.record.journal
    broken, seen = [], []
    for service in driver.services():
        if not service.running:
            continue
        name = service.short_name
        check = health_check_of(swarm.container_of(service).attrs["Config"])
        if check is None:
            seen.append(f"{name} has no health check.")
            continue
        driver.record.tell(f"trying the health check of {name} where nothing runs")
        container = f"ccci-{journal.run_id}-health-of-{name}"
        journal.record("container", container)
        command = Command(check.command, check.seconds)
        code = exit_code_alone(swarm, service, command, container, journal.run_id)
        if code == 0 and f"{name}: {_LET_GO}" not in driver.config.let_go:
            broken.append(_sentence(name, check))
        ended = "does not end in time" if code is None else f"ends with {code}"
        seen.append(f"{name}: where nothing runs, '{check}' {ended}.")
    if broken:
        raise RecipeFailure("Expected each health check to be able to fail:\n" + "\n".join(broken))
    return "\n".join(seen)


def _sentence(service: str, check: HealthCheck) -> str:
    return (
        f"the health check of service '{service}', '{check}', says healthy in a container in which "
        "nothing else runs. So the Swarm sends people to an app that is not there, waits for "
        "nothing when it updates, and rolls no broken update back. Let the check ask the app: its "
        f"port, or a command of its own; mend 'healthcheck' of service '{service}' in the compose "
        f"file, or the script that it calls. If it cannot be helped, name '{service}: {_LET_GO}' "
        "in [let_go] of recipe.toml with the reason."
    )
