"""What the backup of a stack must contain, according to the labels of its services."""

import pytest
from backupbot.errors import BackupError, RequestError
from backupbot.labels import parse
from backupbot.plan import Mount, Service, Stack, hooks, plan_backup, select_paths

DATA = Mount("volume", "shop_data", "/srv/data")
CACHE = Mount("volume", "shop_cache", "/srv/data/cache")
DB = Mount("volume", "shop_db-data", "/var/lib/db")
BOUND = Mount("bind", "/etc/localtime", "/etc/localtime")
UNNAMED = Mount("volume", "", "/tmp/scratch")


def service(name: str, labels: dict[str, str], *mounts: Mount) -> Service:
    return Service(name, f"id-of-{name}", parse(name, labels), mounts)


def promised(*services: Service) -> list[str]:
    return [str(promise) for promise in plan_backup(Stack("shop", services)).promises]


ON = {"backupbot.backup": "true"}


def test_by_default_all_volumes_of_the_stack_are_included() -> None:
    assert promised(
        service("app", ON, DATA, CACHE, BOUND, UNNAMED), service("db", {}, DB), service("web", {})
    ) == [
        "volume shop_cache: everything",
        "volume shop_data: everything",
        "volume shop_db-data: everything",
    ]


def test_volume_labels_of_any_service_limit_or_exclude_volumes() -> None:
    limited = {
        **ON,
        "backupbot.backup.volumes.cache": "false",
        "backupbot.backup.volumes.db-data.path": "backup.sql",
    }
    assert promised(service("app", limited, DATA, CACHE), service("db", {}, DB)) == [
        "volume shop_data: everything",
        "volume shop_db-data: backup.sql",
    ]


def test_the_switch_on_two_services_is_accepted() -> None:
    assert promised(service("app", ON, DATA), service("db", ON, DB)) == [
        "volume shop_data: everything",
        "volume shop_db-data: everything",
    ]


def test_a_container_path_is_mapped_to_the_innermost_volume() -> None:
    paths = {**ON, "backupbot.backup.path": "/srv/data/files,/srv/data/cache"}
    assert promised(service("app", paths, DATA, CACHE), service("db", {}, DB)) == [
        "volume shop_cache: everything",
        "volume shop_data: files",
    ]


def test_with_the_path_form_an_enabled_service_without_paths_includes_its_volumes() -> None:
    paths = {**ON, "backupbot.backup.path": "/var/lib/db/dump.sql"}
    assert promised(
        service("app", ON, DATA), service("db", paths, DB), service("x", {}, CACHE)
    ) == [
        "volume shop_data: everything",
        "volume shop_db-data: dump.sql",
    ]


def test_a_volume_label_includes_a_volume_in_addition_to_paths() -> None:
    mixed = {
        **ON,
        "backupbot.backup.path": "/srv/data/files",
        "backupbot.backup.volumes.db-data.path": "dump.sql",
    }
    assert promised(service("app", mixed, DATA), service("db", {}, DB)) == [
        "volume shop_data: files",
        "volume shop_db-data: dump.sql",
    ]


def test_a_path_inside_another_is_included_once() -> None:
    paths = {**ON, "backupbot.backup.path": "/srv/data/files,/srv/data,/srv/data/files"}
    assert promised(service("app", paths, DATA)) == ["volume shop_data: everything"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({}, "has no backup labels"),
        ({"backupbot.backup": "false"}, "has the label backupbot.backup=false"),
        ({"backupbot.backup.pre-hook": "x"}, "no service has backupbot.backup=true"),
        ({**ON, "backupbot.backup.path": "/elsewhere"}, "/elsewhere, which is not in a volume"),
        ({**ON, "backupbot.backup.path": "/etc/localtime"}, "not in a volume"),
        ({**ON, "backupbot.backup.path": "/tmp/scratch"}, "not in a volume"),
        ({**ON, "backupbot.backup.volumes.typo.path": "x"}, "volume typo, which no service"),
        ({**ON, "backupbot.backup.volumes.data": "false"}, "nothing to back up"),
    ],
)
def test_labels_that_cannot_be_fulfilled_are_refused(labels: dict[str, str], message: str) -> None:
    with pytest.raises(BackupError, match=message):
        promised(service("app", labels, DATA, BOUND, UNNAMED))


def test_two_services_with_different_labels_for_a_volume_are_refused() -> None:
    with pytest.raises(BackupError, match="two services of shop for volume data differ"):
        promised(
            service("app", {**ON, "backupbot.backup.volumes.data": "false"}, DATA),
            service("db", {"backupbot.backup.volumes.data.path": "x"}, DB),
        )


def test_labels_without_effect_give_remarks() -> None:
    odd = {**ON, "backupbot.backup.volumes.gone": "false", "backupbot.backup.prehook": "x"}
    plan = plan_backup(Stack("shop", (service("app", odd, DATA),)))
    assert len(plan.remarks) == 2


def test_hooks_of_all_or_of_chosen_services() -> None:
    stack = Stack(
        "shop",
        (
            service("app", {**ON, "backupbot.restore.post-hook": "a"}, DATA),
            service("db", {"backupbot.restore.post-hook": "b"}, DB),
        ),
    )
    assert [hook.command for hook in hooks(stack, "restore")[1]] == ["a", "b"]
    assert [hook.command for hook in hooks(stack, "restore", ["shop_db"])[1]] == ["b"]
    with pytest.raises(RequestError, match="has no service redis; it has app, db"):
        hooks(stack, "restore", ["redis"])


def test_paths_of_a_snapshot_can_be_chosen_by_volume() -> None:
    root = "/var/lib/docker/volumes"
    paths = [f"{root}/shop_data/_data", f"{root}/shop_db/_data/dump.sql"]
    assert select_paths("shop", paths) == tuple(paths)
    assert select_paths("shop", paths, ["db"]) == (paths[1],)
    assert select_paths("shop", paths, ["shop_data"]) == (paths[0],)
    assert select_paths("shop", paths, (), frozenset({"shop_db"})) == (paths[1],)
    with pytest.raises(BackupError, match="no volume other; it has data, db"):
        select_paths("shop", paths, ["other"])
