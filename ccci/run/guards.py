"""What guards a live deployment, to be compared with that of another version of the app."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ccci.database.finding import ServiceSeen
from ccci.deploy.driver import AppDriver
from ccci.recipe.compose import fill_in, services_in
from ccci.recipe.own_network import SHARED_NETWORK
from ccci.run.damaged_dumps import Outcome, restores_of_damaged_dumps
from ccci.run.hooks_alone import hooks_that_fail_alone
from ccci.swarm.service_guards import ServiceGuards, service_guards
from ccci.web.page_guards import PageGuards, page_guards

# As of backup-bot-two, and of the bot before it.
_NAMES_A_PATH = re.compile(r"backupbot\.backup\.(?:path|volumes\.[^.]+\.path)")


@dataclass(frozen=True)
class Guards:
    """What guards an app.

    Attributes:
        services: of each service, by its name in the compose file.
        pages: of its pages.
        log_drivers: service to the log driver that the compose files give it. A run gives every
            service another one, so that this cannot be seen in the deployment.
        failing_hooks: whether each hook of the backup bot fails where nothing runs, by its service
            and label.
        dumped: the databases of which a backup label names what is saved, such as a dump.
        damaged_dumps: what a restore of each database does over a dump that is damaged.
    """

    services: dict[str, ServiceGuards] = field(default_factory=dict)
    pages: PageGuards = field(default_factory=PageGuards)
    log_drivers: Mapping[str, str] = field(default_factory=dict)
    failing_hooks: dict[str, bool] = field(default_factory=dict)
    dumped: frozenset[str] = frozenset()
    damaged_dumps: dict[str, Outcome] = field(default_factory=dict)


def guards_of(driver: AppDriver) -> Guards:
    """Look at an app as it is deployed now.

    Args:
        driver: the app's.

    Raises:
        NodeFailure: a service has its container on another node, or the app cannot be reached.
    """
    target, app = driver.target, driver.app
    proxies = {SHARED_NETWORK, target.network}
    paths = list(dict.fromkeys(("/", driver.config.health_path)))
    return Guards(
        service_guards(target.swarm, app.stack, proxies),
        page_guards(target.client, app.url, paths),
        _log_drivers(driver),
        hooks_that_fail_alone(driver),
        _dumped(driver),
        restores_of_damaged_dumps(driver),
    )


def _dumped(driver: AppDriver) -> frozenset[str]:
    return frozenset(
        service.short_name
        for service in driver.services()
        if ServiceSeen(service.short_name, service.image, {}).kind_by_image
        and any(map(_NAMES_A_PATH.fullmatch, service.labels))
    )


def _log_drivers(driver: AppDriver) -> dict[str, str]:
    services, settings = services_in(driver.compose_files()), driver.settings()
    found = {}
    for service, parts in services.items():
        drivers = [str((part.get("logging") or {}).get("driver") or "") for part in parts]
        named = [fill_in(one, settings) for one in drivers if one]
        if named:
            found[service] = named[-1]
    return found
