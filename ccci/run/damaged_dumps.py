"""Restore hooks of databases, each tried with a dump that cannot be loaded: there it must fail.

A server of the same image starts empty in a container of its own. Nothing of the app's is touched.
A hook that needs more than its own container fails there as well, so nothing here judges:
`ccci.run.losses` compares what the hook of the head does with what that of the release did.
"""

from collections.abc import Iterator

from ccci.backup.labels import promises_of
from ccci.database.finding import ServiceSeen
from ccci.database.servers import ServerKind
from ccci.deploy.driver import AppDriver
from ccci.errors import RecipeFailure
from ccci.review.hooks import hooks_in
from ccci.run.hooks_alone import SHELL
from ccci.swarm.alone import Command, exit_code_alone
from ccci.swarm.mounts import mounts_of
from ccci.swarm.view import Service

# The image's first server, which makes the database, does not listen to TCP.
_MYSQL_READY = "$(command -v mariadb-admin mysqladmin | head -n 1) --protocol=tcp --silent ping"
_READY: dict[ServerKind, str] = {
    "postgres": "pg_isready --quiet --host 127.0.0.1",
    "mariadb": _MYSQL_READY,
    "mysql": _MYSQL_READY,
}
# An error, and the line by which a script may tell that a dump is whole.
_MYSQL_DUMP = "SELECT nothing;\n-- Dump completed on 2026-01-01 12:00:00\n"
_DUMP: dict[ServerKind, str] = {
    "postgres": "SELECT 1/0;\n--\n-- PostgreSQL database dump complete\n--\n\n",
    "mariadb": _MYSQL_DUMP,
    "mysql": _MYSQL_DUMP,
}
_SCRIPT = """
ready=$1 dump=$2 text=$3 hook=$4; shift 4
"$@" > /dev/null 2>&1 &
until eval "$ready" > /dev/null 2>&1; do kill -0 $! || exit 1; sleep 0.2; done
mkdir -p "$(dirname "$dump")"
case "$dump" in
    *.gz) printf %s "$text" | gzip > "$dump" ;;
    *) printf %s "$text" > "$dump" ;;
esac
"""
_SECONDS = 60.0


def restores_that_fail(driver: AppDriver) -> dict[str, bool]:
    """Return whether a restore of each database fails over a dump that cannot be loaded.

    Args:
        driver: the app's, deployed.

    Returns:
        By service; without those whose labels name no file as their dump.

    Raises:
        NodeFailure: Docker did not run one.

    Example:
        ``restores_that_fail(driver)`` -> ``{"db": True}``
    """
    swarm, run_id = driver.target.swarm, driver.record.journal.run_id
    found = {}
    for service, kind in _databases(driver):
        hooks = hooks_in(service.labels).items()
        loads = next((h for label, h in hooks if label.endswith("restore.post-hook")), "")
        dump = next(_dumps(driver, service), "")
        if not loads or not dump:
            continue
        container = f"ccci-{run_id}-damaged-dump-of-{service.short_name}"
        driver.record.journal.record("container", container)
        config = swarm.container_of(service).attrs["Config"]
        server = [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]
        given = ("sh", _READY[kind], dump, _DUMP[kind], loads)
        script = f'{_SCRIPT}set -- "$hook"; {SHELL.replace("$0", "$1")}'
        command = Command(("sh", "-c", script, *given, *server), _SECONDS, wants_secrets=True)
        found[service.short_name] = exit_code_alone(swarm, service, command, container, run_id) != 0
    return found


def _databases(driver: AppDriver) -> Iterator[tuple[Service, ServerKind]]:
    for service in driver.services():
        kind = ServiceSeen(service.short_name, service.image, {}).kind_by_image
        if kind and service.running:
            yield service, kind


def _dumps(driver: AppDriver, service: Service) -> Iterator[str]:
    """Yield each file that is a dump of a service by the backup labels, as its container has it."""
    stack = driver.app.stack
    mounts = list(mounts_of(driver.target.swarm, stack))
    try:
        promises = promises_of(list(driver.services()), mounts, stack)
    except RecipeFailure:
        # The backup stage says so, of the head; a release cannot be mended.
        return
    for mount in mounts:
        for promise in promises:
            is_its_own = (mount.service, mount.volume) == (service.short_name, promise.volume)
            if is_its_own and "." in promise.path.rpartition("/")[2]:
                yield f"{mount.folder.rstrip('/')}/{promise.path}"
