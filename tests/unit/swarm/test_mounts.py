"""Where volumes are mounted is asked of what runs; some services run nothing on purpose."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ccci.errors import NodeFailure
from ccci.swarm.mounts import Mount, mounts_of, unnamed_mounts_of
from ccci.swarm.view import Service, SwarmView, Task

STACK = "shop_lab_test"
ENDED = Task("t", "complete", "shutdown", True, datetime(2026, 1, 1, tzinfo=UTC), 0, "")


def swarm(*services: Service) -> SwarmView:
    """Return a view in which only the service `app` has a container."""

    def container_of(service: Service) -> Any:
        if service.short_name != "app":
            raise NodeFailure(f"Service {service.name} has no running container on this node.")
        mounts = [
            {"Type": "volume", "Name": f"{STACK}_data", "Destination": "/data"},
            {"Type": "volume", "Name": "letsencrypt", "Destination": "/certificates"},
            {"Type": "tmpfs", "Destination": "/dev/shm"},
        ]
        return SimpleNamespace(attrs={"Mounts": mounts})

    view = SimpleNamespace(services=lambda stack: list(services), container_of=container_of)
    return cast(SwarmView, view)


def service(name: str, replicas: int, *tasks: Task) -> Service:
    return Service("id", f"{STACK}_{name}", name, "image", {}, replicas, "", "any", tasks)


def test_what_a_scheduler_starts_is_passed_over() -> None:
    seen = mounts_of(swarm(service("app", 1), service("sweeper", 0)), STACK)
    assert seen == [Mount("app", f"{STACK}_data", "/data")]
    assert mounts_of(swarm(service("app", 1), service("bucket", 1, ENDED)), STACK) == seen


def test_what_should_run_and_does_not_is_a_failure() -> None:
    with pytest.raises(NodeFailure, match="shop_lab_test_db has no running container"):
        mounts_of(swarm(service("app", 1), service("db", 1)), STACK)


def test_a_mount_knows_whether_its_service_can_write() -> None:
    mounts = [
        {"Type": "volume", "Name": f"{STACK}_data", "Destination": "/data", "RW": False},
        {"Type": "volume", "Name": f"{STACK}_cache", "Destination": "/cache", "RW": True},
    ]
    view = SimpleNamespace(
        services=lambda stack: [service("app", 1)],
        container_of=lambda service: SimpleNamespace(attrs={"Mounts": mounts}),
    )
    data, cache = mounts_of(cast(SwarmView, view), STACK)
    assert (data.writable, cache.writable) == (False, True)


def test_a_volume_without_a_name_is_none_of_the_recipe() -> None:
    unnamed = "5f" * 32
    mounts = [
        {"Type": "volume", "Name": unnamed, "Destination": "/cache"},
        {"Type": "volume", "Name": f"{STACK}_data", "Destination": "/data"},
        {"Type": "bind", "Source": "/etc/localtime", "Destination": "/etc/localtime"},
    ]
    view = SimpleNamespace(
        services=lambda stack: [service("app", 1)],
        container_of=lambda service: SimpleNamespace(attrs={"Mounts": mounts}),
    )
    assert unnamed_mounts_of(cast(SwarmView, view), STACK) == [Mount("app", unnamed, "/cache")]
    assert [m.folder for m in mounts_of(cast(SwarmView, view), STACK)] == ["/data"]
