"""A backup label cannot narrow what it is held to, unless recipe.toml says why."""

from datetime import UTC, datetime

import pytest

from ccci.backup.labels import promises_of
from ccci.backup.left_out import check_left_out
from ccci.errors import RecipeFailure
from ccci.swarm.mounts import Mount
from ccci.swarm.view import Service, Task

STACK = "shop_lab_test"
MOUNTS = [
    Mount("app", f"{STACK}_content", "/srv"),
    Mount("web", f"{STACK}_content", "/srv"),
    Mount("db", f"{STACK}_data", "/var/lib/postgresql/data"),
]
TASK = Task("t", "running", "running", True, datetime.now(UTC), None, "")
DUMP = {"backupbot.backup.pre-hook": "/pg_backup.sh backup"}
KEPT = "backupbot.backup"


def check(
    app: dict[str, str], db: dict[str, str] | None = None, may_be: tuple[str, ...] | None = ()
) -> list[str]:
    services = [
        Service("id", f"{STACK}_{name}", name, "image", labels, 1, "", "any", (TASK,))
        for name, labels in {"app": app, "web": {}, "db": db or {}}.items()
    ]
    promises = promises_of(services, MOUNTS, STACK)
    return check_left_out(services, MOUNTS, promises, STACK, may_be)


@pytest.mark.parametrize(
    ("app", "db"),
    [
        ({KEPT: "true"}, {}),
        ({KEPT: "true"}, {f"{KEPT}.volumes.data.path": "backup.sql", **DUMP}),
        ({f"{KEPT}.path": "/srv"}, {f"{KEPT}.path": "/var/lib/postgresql/data/backup.sql", **DUMP}),
    ],
    ids=["whole volumes", "a dump", "container paths"],
)
def test_what_is_kept_whole_or_as_a_dump_needs_no_reason(
    app: dict[str, str], db: dict[str, str]
) -> None:
    check(app, db)


@pytest.mark.parametrize(
    ("app", "db", "said"),
    [
        ({KEPT: "true", f"{KEPT}.volumes.data": "false"}, {}, r"volume data \(of db\) is not kept"),
        (
            {KEPT: "true", f"{KEPT}.volumes.content": "false"},
            {},
            r"volume content \(of app, web\) is not kept",
        ),
        ({f"{KEPT}.path": "/srv"}, {}, r"volume data \(of db\) is not kept"),
        (
            {KEPT: "true", f"{KEPT}.volumes.content.path": "logs"},
            {},
            "of volume content only logs is kept, and no pre-hook writes a dump",
        ),
        ({KEPT: "true"}, {f"{KEPT}.volumes.data.path": "backup.sql"}, "of volume data only backup"),
    ],
    ids=["excluded", "excluded, of two", "not among the paths", "a part", "a dump without a hook"],
)
def test_what_is_left_out_needs_one(app: dict[str, str], db: dict[str, str], said: str) -> None:
    with pytest.raises(RecipeFailure, match=rf"{said}.*\[not_in_backup\] of recipe\.toml"):
        check(app, db)
    assert check(app, db, ("content", "data")) == []


def test_without_a_recipe_toml_what_no_label_names_is_told() -> None:
    told = check({f"{KEPT}.path": "/srv/pages"}, {}, None)
    assert told == [
        "of volume content only pages is kept, and no pre-hook writes a dump",
        "volume data (of db) is not kept",
    ]


@pytest.mark.parametrize("form", ["backupbot.backup.volumes", "backupbot.volumes"])
def test_without_a_recipe_toml_a_label_that_names_the_volume_fails(form: str) -> None:
    with pytest.raises(RecipeFailure, match="volume data"):
        check({f"{KEPT}.path": "/srv"}, {f"{form}.data": "false"}, None)
