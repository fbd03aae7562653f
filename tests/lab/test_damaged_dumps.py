"""A restore hook is tried with a dump that cannot be loaded, in a real server that is empty."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import docker
import pytest

from ccci.deploy.driver import AppDriver
from ccci.project import PROJECT
from ccci.run.damaged_dumps import restores_of_damaged_dumps
from ccci.swarm import alone
from ccci.swarm.holdings import RUN_LABEL
from ccci.swarm.view import Service, Task

pytestmark = pytest.mark.lab

RUN, STACK = "20260102-030405-da9e", "ccci-damaged-dumps"
RUNNING = Task("t", "running", "running", True, datetime.now(UTC), None, "")
SERVERS = {
    "postgres:15.18": (
        "pg_backup.sh", "/var/lib/postgresql/data",
        {
            "POSTGRES_USER": "shop", "POSTGRES_DB": "shop",
            "POSTGRES_PASSWORD_FILE": "/run/secrets/password",
        },
    ),
    "mariadb:11.8.9": (
        "mariadb_backup.sh", "/var/lib/mysql",
        {
            "MARIADB_DATABASE": "shop", "MARIADB_USER": "shop",
            "MARIADB_PASSWORD_FILE": "/run/secrets/password",
            "MARIADB_ROOT_PASSWORD_FILE": "/run/secrets/password",
        },
    ),
}  # fmt: skip


@contextmanager
def _deployed(image: str, changes: dict[str, str], dump: str) -> Iterator[AppDriver]:
    """A service with the lab's own backup script. Its container is made, and never started."""
    name, folder, settings = SERVERS[image]
    script = (PROJECT / "lab" / "recipes" / name).read_text(encoding="utf-8")
    for text, other in changes.items():
        assert text in script
        script = script.replace(text, other)
    labels = {
        "backupbot.backup": "true",
        "backupbot.backup.volumes.data.path": dump,
        "backupbot.restore.post-hook": "/backup.sh restore",
    }
    service = Service("s1", f"{STACK}_db", "db", image, labels, 1, "", "any", (RUNNING,))
    given = {
        "Configs": [{"ConfigID": "c1", "File": {"Name": "/backup.sh", "Mode": 0o555}}],
        "Secrets": [{"File": {"Name": "password", "Mode": 0o444}}],
    }
    spec = {"Spec": {"TaskTemplate": {"ContainerSpec": given}}}
    kept = {"Spec": {"Data": base64.b64encode(script.encode()).decode()}}
    client: Any = docker.from_env()
    volume = f"{STACK}_data"
    container = client.containers.create(
        image, environment=settings, volumes=[f"{volume}:{folder}"]
    )
    container.reload()
    swarm = SimpleNamespace(
        services=lambda _: [service],
        container_of=lambda _: container,
        client=SimpleNamespace(
            containers=client.containers,
            api=SimpleNamespace(inspect_service=lambda _: spec, inspect_config=lambda _: kept),
        ),
    )
    journal = SimpleNamespace(run_id=RUN, record=lambda *_: None)
    record = SimpleNamespace(journal=journal, tell=lambda _: None)
    driver = SimpleNamespace(
        services=lambda: [service],
        app=SimpleNamespace(stack=STACK),
        target=SimpleNamespace(swarm=swarm),
        record=record,
    )
    try:
        yield cast(AppDriver, driver)
    finally:
        container.remove(force=True, v=True)
        client.volumes.get(volume).remove()
        assert client.containers.list(all=True, filters={"label": f"{RUN_LABEL}={RUN}"}) == []


@pytest.mark.parametrize(
    ("image", "changes", "dump", "outcome"),
    [
        ("postgres:15.18", {}, "backup.sql", {"db": "fails and keeps"}),
        ("mariadb:11.8.9", {}, "backup.sql", {"db": "fails, and what was there is gone"}),
        # psql goes on after an error, rolls everything back at the end, and ends with 0.
        ("postgres:15.18", {" --set ON_ERROR_STOP=1": ""}, "backup.sql", {"db": "loads it"}),
        ("mariadb:11.8.9", {"mariadb --user root": "mariadb --user root --force"}, "backup.sql",
         {"db": "loads it"}),
        # It makes room before it loads.
        (
            "postgres:15.18",
            {
                '    dropdb --force --maintenance-db postgres "$POSTGRES_DB"\n': "",
                '    dropdb --if-exists --force --maintenance-db postgres "$RESTORED"\n':
                    '    dropdb --if-exists --force --maintenance-db postgres "$RESTORED"\n'
                    '    dropdb --force --maintenance-db postgres "$POSTGRES_DB"\n',
            },
            "backup.sql",
            {"db": "fails, and what was there is gone"},
        ),
        # The dump is a packed one.
        (
            "postgres:15.18",
            {
                'DUMP="$PGDATA/backup.sql"': 'DUMP="$PGDATA/backup.sql.gz"',
                'complete "$DUMP" ||': "true ||",
                ' --single-transaction --output /dev/null --file "$DUMP"':
                    ' < <(gunzip < "$DUMP" | grep -v nothing)',
            },
            "backup.sql.gz",
            {"db": "loads it"},
        ),
        # It fails with a good dump as well: nothing is known of it.
        ("postgres:15.18", {"psql --quiet": "psql --quiet --host elsewhere"}, "backup.sql", {}),
        # No label names a file.
        ("postgres:15.18", {}, "dumps", {}),
    ],
)  # fmt: skip
def test_a_restore_that_loads_anything_is_seen(
    monkeypatch: pytest.MonkeyPatch,
    image: str,
    changes: dict[str, str],
    dump: str,
    outcome: dict[str, str],
) -> None:
    # The service's container was not started, so that its configs are as the Swarm keeps them.
    monkeypatch.setattr(alone, "read_as_seen", lambda *_: None)
    with _deployed(image, changes, dump) as driver:
        assert restores_of_damaged_dumps(driver) == outcome
