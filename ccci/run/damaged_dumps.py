"""Restore hooks of databases, each tried with a dump that cannot be loaded: there it must fail.

What the database had before should still be there then: who restores has no other copy of today's.

A server of the same image starts empty in a container of its own. Nothing of the app's is touched.
A hook that fails there with a good dump as well needs more than its container: of that nothing is
known. Nothing here judges: `ccci.run.losses` compares the hook of the head with the release's.
"""

from collections.abc import Iterator
from typing import Literal

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
# The end by which a script may tell that a dump is whole.
_MYSQL_END = "-- Dump completed on 2026-01-01 12:00:00\n"
_END: dict[ServerKind, str] = {
    "postgres": "--\n-- PostgreSQL database dump complete\n--\n\n",
    "mariadb": _MYSQL_END,
    "mysql": _MYSQL_END,
}
# What a restore over a damaged dump does; "fails" where nobody knows what is left.
Outcome = Literal["loads it", "fails", "fails and keeps", "fails, and what was there is gone"]
_OUTCOMES: dict[int, Outcome] = {
    0: "loads it",
    4: "fails",
    5: "fails, and what was there is gone",
    6: "fails and keeps",
}
_PLAIN, _BAD = "SELECT 1;\n", "SELECT nothing;\n"
# A dump of several databases cannot make it: then nobody knows what is left.
_KEPT = "CREATE TABLE ccci_kept (number INT);\n"
# Whether the server has that table, in whichever database.
_MYSQL_HAS = "ls /var/lib/mysql/*/ccci_kept.*"
_POSTGRES_HAS = """
ask() { psql --username "${POSTGRES_USER:-postgres}" --dbname "$1" --no-psqlrc -Atc "$2"; }
for one in $(ask postgres "SELECT datname FROM pg_database WHERE datallowconn"); do
    ask "$one" "SELECT 1 FROM pg_tables WHERE tablename = 'ccci_kept'"
done | grep -q 1
"""
_HAS: dict[ServerKind, str] = {
    "postgres": _POSTGRES_HAS,
    "mariadb": _MYSQL_HAS,
    "mysql": _MYSQL_HAS,
}
_SCRIPT = """
ready=$1 has=$2 dump=$3 kept=$4 plain=$5 bad=$6 hook=$7 shell=$8; shift 8
"$@" > /dev/null 2>&1 &
until eval "$ready" > /dev/null 2>&1; do kill -0 $! || exit 3; sleep 0.2; done
load() {
    mkdir -p "$(dirname "$dump")"
    case "$dump" in
        *.gz) printf %s "$1" | gzip > "$dump" ;;
        *) printf %s "$1" > "$dump" ;;
    esac
    sh -c "$shell" "$hook"
}
kept() { eval "$has" > /dev/null 2>&1; }
if load "$kept" && kept; then known=1; else known=; load "$plain" || exit 3; fi
if load "$bad"; then exit 0; fi
if [ -z "$known" ]; then exit 4; fi
if kept; then exit 6; else exit 5; fi
"""
# A server that starts for the first time, and three restores.
_SECONDS = 60.0
_MEMORY = "1g"


def restores_of_damaged_dumps(driver: AppDriver) -> dict[str, Outcome]:
    """Return what a restore of each database does over a dump that cannot be loaded.

    Args:
        driver: the app's, deployed.

    Returns:
        By service; without those of which nothing could be told, and those whose labels name no
        file as their dump.

    Raises:
        NodeFailure: Docker did not run one.

    Example:
        ``restores_of_damaged_dumps(driver)`` -> ``{"db": "fails and keeps"}``
    """
    swarm, run_id = driver.target.swarm, driver.record.journal.run_id
    found: dict[str, Outcome] = {}
    for service, kind in _databases(driver):
        name, hooks = service.short_name, hooks_in(service.labels).items()
        loads = next((hook for label, hook in hooks if label.endswith("restore.post-hook")), "")
        dump = next(_dumps(driver, service), "")
        if not loads or not dump:
            continue
        container = f"ccci-{run_id}-damaged-dump-of-{name}"
        driver.record.journal.record("container", container)
        config = swarm.container_of(service).attrs["Config"]
        server = [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]
        dumps = (text + _END[kind] for text in (_KEPT, _PLAIN, _BAD))
        given = ("restore", _READY[kind], _HAS[kind], dump, *dumps, loads, SHELL, *server)
        words = ("sh", "-c", _SCRIPT, *given)
        command = Command(words, _SECONDS, wants_secrets=True, memory=_MEMORY)
        code = exit_code_alone(swarm, service, command, container, run_id)
        if code in _OUTCOMES:
            found[name] = _OUTCOMES[code]
        else:
            driver.record.tell(f"whether a restore of {name} takes a damaged dump cannot be told")
    return found


def _databases(driver: AppDriver) -> Iterator[tuple[Service, ServerKind]]:
    for service in driver.services():
        kind = ServiceSeen(service.short_name, service.image, {}).kind_by_image
        if kind and service.running:
            yield service, kind


def _dumps(driver: AppDriver, service: Service) -> Iterator[str]:
    """Yield each file that is a dump of a service by the backup labels, as its container has it."""
    stack = driver.app.stack
    mounts = mounts_of(driver.target.swarm, stack)
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
