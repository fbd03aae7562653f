"""What backup labels promise, in the three forms in use; and a snapshot held against it."""

from datetime import UTC, datetime

import pytest

from ccci.backup.labels import (
    Promise,
    Snapshot,
    check_snapshot,
    check_written_anew,
    promises_of,
)
from ccci.errors import RecipeFailure
from ccci.swarm.mounts import Mount
from ccci.swarm.view import Service, Task

STACK = "shop_lab_test"
MOUNTS = [
    Mount("app", f"{STACK}_content", "/usr/share/nginx/html"),
    Mount("db", f"{STACK}_data", "/var/lib/postgresql/data"),
]
TASK = Task("t", "running", "running", True, datetime.now(UTC), None, "")


def service(name: str, **labels: str) -> Service:
    dotted = {key.replace("__", "."): value for key, value in labels.items()}
    return Service("id", f"{STACK}_{name}", name, "image", dotted, 1, "", "any", (TASK,))


def promised(*services: Service) -> set[str]:
    return {str(p).removeprefix(f"{STACK}_") for p in promises_of(list(services), MOUNTS, STACK)}


def test_the_specification_promises_every_volume() -> None:
    assert promised(service("app", backupbot__backup="true")) == {"content", "data"}


def test_a_volume_can_be_left_out_or_narrowed() -> None:
    app = service(
        "app",
        backupbot__backup="true",
        backupbot__backup__volumes__content="false",
        backupbot__backup__volumes__data__path="backup.sql,conf/",
    )
    assert promised(app) == {"data/backup.sql", "data/conf"}


def test_container_paths_promise_what_they_name() -> None:
    app = service(
        "app", backupbot__backup="true", backupbot__backup__path="/usr/share/nginx/html/a"
    )
    assert promised(app) == {"content/a"}
    app = service("app", backupbot__backup__path="/usr/share/nginx/html")
    assert promised(app) == {"content"}


def test_beside_container_paths_each_service_speaks_for_itself() -> None:
    app = service("app", backupbot__backup="true", backupbot__backup__path="/usr/share/nginx/html")
    assert promised(app, service("db", backupbot__backup="true")) == {"content", "data"}
    assert promised(app, service("db", backupbot__backup="false")) == {"content"}
    assert promised(app, service("db")) == {"content"}
    narrowed = service(
        "db", backupbot__backup="true", backupbot__backup__volumes__data__path="backup.sql"
    )
    assert promised(app, narrowed) == {"content", "data/backup.sql"}
    named = service("db", backupbot__backup__volumes__data__path="backup.sql")
    assert promised(app, named) == {"content", "data/backup.sql"}
    left_out = service("db", backupbot__backup="true", backupbot__backup__volumes__data="false")
    assert promised(app, left_out) == {"content"}


def test_labels_of_several_services_are_one_promise() -> None:
    """None of them is called app, and the switch stands twice."""
    db = service(
        "db", backupbot__backup="true", backupbot__backup__volumes__data__path="backup.sql"
    )
    assert promised(service("files", backupbot__backup="True"), db) == {
        "content",
        "data/backup.sql",
    }


def test_a_path_on_no_volume_breaks_a_promise() -> None:
    with pytest.raises(RecipeFailure, match="/etc/nginx, which is in none"):
        promised(service("app", backupbot__backup__path="/etc/nginx"))


def test_the_oldest_form_names_volumes() -> None:
    assert promised(service("app", backupbot__volumes__content="true")) == {"content"}


def test_no_label_promises_nothing() -> None:
    assert promised(service("app"), service("db", backupbot__backup="false")) == set()


ROOT = f"/var/lib/docker/volumes/{STACK}"
WHOLE = [Promise(f"{STACK}_content", "")]


def test_a_snapshot_with_all_of_it_passes() -> None:
    paths = ("/var", "/var/lib/docker/volumes", f"{ROOT}_content/_data/index.html")
    check_snapshot(Snapshot("ab", paths), STACK, WHOLE)


@pytest.mark.parametrize(
    ("paths", "promises", "complaint"),
    [
        ((f"{ROOT}_content/_data",), WHOLE, "lacks"),
        ((f"{ROOT}_contents/_data/index.html",), WHOLE, "lacks"),
        ((f"{ROOT}_data/_data/backup.sql.old",), [Promise(f"{STACK}_data", "backup.sql")], "lacks"),
        ((), [], "has no backup: no service"),
        (
            (f"{ROOT}_content/_data/x", "/var/lib/docker/volumes/other_app/_data/x"),
            WHOLE,
            "do not belong to shop_lab_test, the first /var/lib/docker/volumes/other_app",
        ),
        ((f"{ROOT}_content/_data/x", "/etc/shadow"), WHOLE, "/etc/shadow"),
    ],
)
def test_a_snapshot_with_less_or_more_fails(
    paths: tuple[str, ...], promises: list[Promise], complaint: str
) -> None:
    with pytest.raises(RecipeFailure, match=complaint):
        check_snapshot(Snapshot("ab", paths), STACK, promises)


FOLDER = "/var/lib/docker/volumes/shop_db/_data"


@pytest.mark.parametrize(
    ("before", "after", "old"),
    [
        ({"dump.sql": 101.0}, {"dump.sql": 201.0}, ""),
        ({"dump.sql": 101.0}, {}, ""),
        ({"dump.sql": 101.0}, {"dump.sql": 101.0}, "dump.sql"),
        ({"dump.sql": 99.0}, {"dump.sql": 99.0}, ""),
        ({"other.sql": 101.0}, {"other.sql": 101.0}, ""),
        ({"dump.sql.d/part": 101.0}, {"dump.sql.d/part": 101.0}, ""),
    ],
    ids=[
        "written again", "gone again", "left from the first", "older than both", "not promised",
        "a folder",
    ],
)  # fmt: skip
def test_a_dump_is_written_anew_for_each_backup(
    before: dict[str, float], after: dict[str, float], old: str
) -> None:
    earlier, newest = (
        (Snapshot(name, (), begun), {f"{FOLDER}/{path}": at for path, at in files.items()})
        for name, begun, files in (("0123abcd", 100.0, before), ("4567cdef", 200.0, after))
    )
    promises = [Promise("shop_db", "dump.sql"), Promise("shop_data", "")]
    if not old:
        check_written_anew(earlier, newest, promises)
        return
    with pytest.raises(RecipeFailure, match=rf"backup, 4567cdef, has {old} as it was written for"):
        check_written_anew(earlier, newest, promises)
