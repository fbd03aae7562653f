"""A service that exceeds a limit is stopped, its app has failed, and the others are left alone."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ccci.errors import RecipeFailure
from ccci.swarm import limit_watch
from ccci.swarm.limit_watch import LimitWatch

APP, OTHER, STRANGER = "a" * 64, "b" * 64, "c" * 64
PID = 7


def labels(stack: str) -> dict[str, str]:
    return {
        "com.docker.stack.namespace": stack,
        "com.docker.swarm.service.name": f"{stack}_app",
        "com.docker.swarm.service.id": f"id of {stack}",
        "ccci.limit.pids": "20",
        "ccci.limit.disk": str(1024**2),
    }


@dataclass
class Daemon:
    """A Docker daemon with a container in each of three stacks, and what was asked of it."""

    folder: Path
    asked: Counter[str] = field(default_factory=Counter)
    pids_limit: int | None = None
    ended: str = ""
    names_layers: bool = True

    def containers(self, filters: dict[str, str], all: bool = False) -> list[dict[str, Any]]:
        each = {APP: "app_lab", OTHER: "dep_lab", STRANGER: "stranger_lab"}
        if self.ended:
            each |= {self.ended: "app_lab"}
        wanted, _, value = filters["label"].partition("=")
        return [
            {
                "Id": container,
                "Labels": labels(stack),
                "State": "exited" if container == self.ended else "running",
            }
            for container, stack in each.items()
            if labels(stack).get(wanted) and value in ("", labels(stack)[wanted])
            if all or container != self.ended
        ]

    def inspect_container(self, container: str) -> dict[str, Any]:
        self.asked[f"inspect {container[0]}"] += 1
        log = {"Config": {"max-size": str(1024**2)}}
        return {
            "State": {"Pid": PID},
            "HostConfig": {"Memory": 1024**3, "PidsLimit": self.pids_limit, "LogConfig": log},
            "LogPath": str(self.folder / f"{container[0]}.log"),
            "GraphDriver": {
                "Data": {"UpperDir": str(self.layer(container))} if self.names_layers else None
            },
            "Mounts": [],
        }

    def layer(self, container: str) -> Path:
        return self.folder / f"layer-{container[0]}"

    def _url(self, path: str, container: str) -> str:
        return path.format(container[0])

    def _get(self, url: str, params: dict[str, int]) -> str:
        assert url.endswith("/json") and params == {"size": 1}
        return url

    def _result(self, answer: str, json: bool) -> dict[str, int]:
        return {"SizeRw": 2 * 1024**2 if answer == "/containers/a/json" else 0}

    def _post_json(self, url: str, data: dict[str, int]) -> str:
        self.asked[f"{url} {data}"] += 1
        return url

    def _raise_for_status(self, answer: str) -> None:
        assert answer.endswith("/update")

    def logs(self, container: str, tail: int) -> bytes:
        return f"last words of {container[0]}".encode()

    def remove_service(self, service: str) -> None:
        self.asked[f"remove {service}"] += 1

    def kill(self, container: str) -> None:
        self.asked[f"kill {container[0]}"] += 1


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    for container in (APP, OTHER, STRANGER):
        (tmp_path / f"layer-{container[0]}").mkdir()
    return Daemon(tmp_path)


@pytest.fixture
def watch(daemon: Daemon, tmp_path: Path) -> LimitWatch:
    """A watch over two of the stacks, whose threads are not started."""
    watch = LimitWatch()
    watch._api, watch._root = daemon, tmp_path
    watch._stacks, watch._tell = (lambda: ["app_lab", "dep_lab"]), lambda text: None
    return watch


def stopped(daemon: Daemon) -> list[str]:
    return [one for one in daemon.asked if one.startswith(("remove", "kill"))]


def test_the_limit_of_processes_is_set_once_and_only_for_the_runs_own(
    watch: LimitWatch, daemon: Daemon
) -> None:
    watch._on("start", APP, labels("app_lab"))
    watch._look()
    watch._look()
    assert daemon.asked["/containers/a/update {'PidsLimit': 20}"] == 1
    assert daemon.asked["/containers/b/update {'PidsLimit': 20}"] == 1
    assert not [one for one in daemon.asked if "c" in one.split("/")]
    assert stopped(daemon) == []
    watch.require("app_lab")


def test_one_that_is_out_of_memory_has_failed(watch: LimitWatch, daemon: Daemon) -> None:
    watch._on("oom", APP, labels("app_lab"))
    with pytest.raises(RecipeFailure) as failed:
        watch.require("app_lab")
    assert str(failed.value).startswith("Service app was killed for its memory: limit 1 GiB. ")
    assert "raise 'weight'" in str(failed.value)
    assert str(failed.value).endswith("last words of a")
    assert sorted(stopped(daemon)) == ["kill a", "remove id of app_lab"]
    watch.require("dep_lab")


def test_a_log_that_was_cut_is_too_long(watch: LimitWatch, daemon: Daemon) -> None:
    for name in ("a.log", "a.log.1", "b.log", "c.log.1"):
        (daemon.folder / name).touch()
    watch._look()
    with pytest.raises(RecipeFailure, match="Service app logged too much: limit 1 MiB"):
        watch.require("app_lab")
    assert sorted(stopped(daemon)) == ["kill a", "remove id of app_lab"]


def test_refused_processes_are_too_many(
    watch: LimitWatch, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pids.events").write_text("max 0\n")
    monkeypatch.setattr(limit_watch, "cgroup_of", lambda *_: _Cgroup(tmp_path))
    watch._look()
    watch.require("app_lab")
    (tmp_path / "pids.events").write_text("max 3\n")
    watch._look()
    with pytest.raises(RecipeFailure, match="more processes or threads than it may have: limit 20"):
        watch.require("app_lab")


@dataclass
class _Cgroup:
    folder: Path


def test_the_disk_is_measured_only_when_it_has_filled(
    watch: LimitWatch, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [10 * 1024**3]
    monkeypatch.setattr(limit_watch, "free_bytes", lambda folder: free[0])
    watch._look()
    (daemon.layer(APP) / "filler").write_bytes(b"x" * 2 * 1024**2)
    watch._look()
    watch.require("app_lab")
    free[0] -= 200 * 1024**2
    watch._look()
    with pytest.raises(RecipeFailure, match=r"filled the disk, its own layer .*: limit 1 MiB"):
        watch.require("app_lab")


def fill(watch: LimitWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    free = iter([10 * 1024**3, 9 * 1024**3])
    monkeypatch.setattr(limit_watch, "free_bytes", lambda folder: next(free))
    watch._look()
    watch._look()


@pytest.mark.parametrize("is_running", [True, False])
def test_what_ended_tasks_have_written_counts(
    watch: LimitWatch, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, is_running: bool
) -> None:
    daemon.ended = "d" * 64 if is_running else APP
    for container in (APP, daemon.ended):
        daemon.layer(container).mkdir(exist_ok=True)
        (daemon.layer(container) / "filler").write_bytes(b"x" * (1024**2 - 8192))
    if not is_running:
        (daemon.layer(APP) / "more").write_bytes(b"x" * 1024**2)
    fill(watch, monkeypatch)
    with pytest.raises(RecipeFailure, match="filled the disk"):
        watch.require("app_lab")
    watch.require("dep_lab")


def test_a_layer_that_docker_does_not_name_is_asked_for(
    watch: LimitWatch, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.names_layers = False
    fill(watch, monkeypatch)
    with pytest.raises(RecipeFailure, match="filled the disk"):
        watch.require("app_lab")
    watch.require("dep_lab")


def test_nothing_is_stopped_once_the_run_is_torn_down(watch: LimitWatch, daemon: Daemon) -> None:
    watch.stop()
    watch._on("oom", APP, labels("app_lab"))
    assert stopped(daemon) == []
