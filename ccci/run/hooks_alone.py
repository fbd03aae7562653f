"""Hooks of the backup bot, each tried where nothing of the app runs: there it must fail.

Not every honest hook does, such as one that removes a file. So nothing here judges:
`ccci.run.losses` compares what a hook of the head does with what that of the release did.
"""

from ccci.deploy.driver import AppDriver
from ccci.review.hooks import hooks_in
from ccci.swarm.alone import Command, exit_code_alone

# As backup-bot-two runs a hook; an image may have no bash.
SHELL = 'if command -v bash >/dev/null; then exec bash -o pipefail -c "$0"; fi; eval "$0"'
# One that waits for its database for so long has not succeeded.
_SECONDS = 10.0


def hooks_that_fail_alone(driver: AppDriver) -> dict[str, bool]:
    """Return whether each hook of an app fails where nothing runs, by its service and label.

    Args:
        driver: the app's, deployed.

    Raises:
        NodeFailure: Docker did not run one.

    Example:
        ``hooks_that_fail_alone(driver)`` -> ``{"db: backupbot.backup.pre-hook": True}``
    """
    swarm, journal = driver.target.swarm, driver.record.journal
    found = {}
    for service in driver.services():
        hooks = hooks_in(service.labels) if service.running else {}
        for number, (label, hook) in enumerate(sorted(hooks.items())):
            container = f"ccci-{journal.run_id}-hook-{number}-of-{service.short_name}"
            journal.record("container", container)
            command = Command(("sh", "-c", SHELL, hook), _SECONDS, wants_secrets=True)
            code = exit_code_alone(swarm, service, command, container, journal.run_id)
            found[f"{service.short_name}: {label}"] = code != 0
    return found
