"""The memory of a run's apps: read from the kernel's files, summed, and the greatest remembered."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docker.errors import DockerException

from ccci.swarm.memory import MemoryWatch, memory_of
from ccci.waiting import Look, wait_for

ID = "5a" * 32
MIB = 1024**2


@pytest.fixture
def node(tmp_path: Path) -> tuple[Path, Path]:
    """Give folders like those where a kernel shows its cgroups and its processes."""
    (tmp_path / "proc" / "7").mkdir(parents=True)
    return tmp_path / "cgroup", tmp_path / "proc"


def write(folder: Path, usage: str, used: int, stat: str) -> None:
    folder.mkdir(parents=True)
    (folder / usage).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(stat)


def test_cgroup_v1_counts_without_the_cache_that_can_be_given_up(node: tuple[Path, Path]) -> None:
    cgroups, processes = node
    lines = f"12:cpu,cpuacct:/docker/{ID}\n4:memory:/docker/{ID}\n0::/docker/{ID}\n"
    (processes / "7" / "cgroup").write_text(lines)
    stat = "cache 30\ninactive_file 1\ntotal_inactive_file 20\n"
    write(cgroups / "memory" / "docker" / ID, "memory.usage_in_bytes", 100, stat)
    assert memory_of(ID, 7, cgroups, processes) == 80


def test_cgroup_v2_counts_alike(node: tuple[Path, Path]) -> None:
    cgroups, processes = node
    (processes / "7" / "cgroup").write_text(f"0::/system.slice/docker-{ID}.scope\n")
    folder = cgroups / "system.slice" / f"docker-{ID}.scope"
    write(folder, "memory.current", 100, "anon 60\ninactive_file 30\nactive_file 10\n")
    assert memory_of(ID, 7, cgroups, processes) == 70


@pytest.mark.parametrize(
    "line",
    [
        "0::/docker/" + "6b" * 32,  # The number of the process belongs to another by now.
        "0::/",  # A private view of the cgroups.
        f"0::/docker/{ID}",  # Its files are gone, or on another machine.
        "",
    ],
)
def test_what_is_not_the_containers_own_is_not_counted(node: tuple[Path, Path], line: str) -> None:
    cgroups, processes = node
    write(cgroups / "docker" / ("6b" * 32), "memory.current", 100, "inactive_file 0\n")
    (processes / "7" / "cgroup").write_text(f"{line}\n" if line else "")
    assert memory_of(ID, 7, cgroups, processes) is None


def test_a_process_that_is_gone_has_no_memory(node: tuple[Path, Path]) -> None:
    cgroups, processes = node
    assert memory_of(ID, 8, cgroups, processes) is None


class Measurements(MemoryWatch):
    """Measures one given value after the other."""

    def __init__(self, *values: Callable[[], int | None]) -> None:
        class Client:
            api: Any = None

        super().__init__(Client(), list, every_seconds=0.001)  # type: ignore[arg-type]
        self.values = list(values)

    def measure(self) -> int | None:
        return self.values.pop(0)() if self.values else None

    def done(self) -> int | None:
        self.start()
        wait_for("all measurements", lambda: Look(not self.values, str(len(self.values))), 5, 0.01)
        return self.stop()


def no_docker() -> int | None:
    raise DockerException("no answer")


def test_the_largest_is_kept_and_a_failed_measurement_ends_nothing() -> None:
    watch = Measurements(lambda: 5 * MIB, lambda: 9 * MIB, no_docker, lambda: None, lambda: 7 * MIB)
    assert watch.done() == 9 * MIB
    assert not watch._thread.is_alive()


def test_without_a_measurement_there_is_no_peak() -> None:
    assert Measurements(no_docker, lambda: None).done() is None


def test_only_containers_of_the_run_are_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Api:
        pids: tuple[str, ...] = ()

        def containers(self, filters: dict[str, str]) -> list[dict[str, Any]]:
            label = filters["label"]
            stacks = {"a": "shop", "b": "shop", "c": "other"}
            return [{"Id": one, "Labels": {label: stack}} for one, stack in stacks.items()]

        def inspect_container(self, container: str) -> dict[str, Any]:
            self.pids = (*self.pids, container)
            return {"State": {"Pid": ord(container)}}

    class Client:
        api = Api()

    monkeypatch.setattr("ccci.swarm.memory.memory_of", lambda _container, pid: pid)
    watch = MemoryWatch(Client(), lambda: ["shop"])  # type: ignore[arg-type]
    assert watch.measure() == ord("a") + ord("b")
    assert watch.measure() == ord("a") + ord("b")
    assert Client.api.pids == ("a", "b"), "a container is inspected once"
    assert MemoryWatch(Client(), list).measure() is None  # type: ignore[arg-type]
