"""A Docker daemon that goes away and comes back: waited for, and noticed."""

import threading
import time
from contextlib import ExitStack
from pathlib import Path

import docker
import pytest
from requests.exceptions import ConnectionError as NoConnection

from ccci.swarm import daemon
from ccci.swarm.daemon import DaemonWatch, PatientApi, is_ready
from tests.unit.small_docker import running


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    return path


def patient_api(path: Path) -> PatientApi:
    return PatientApi(base_url=f"unix://{path}", version="1.43", timeout=5)


def test_what_reads_waits_for_the_daemon(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientApi, "away_seconds", 10.0)
    api = patient_api(path)
    with ExitStack() as back:
        threading.Timer(1, lambda: back.enter_context(running(path))).start()
        begun = time.monotonic()
        assert api.services() == []  # type: ignore[no-untyped-call]
        assert 1 <= time.monotonic() - begun < 5


def test_a_swarm_that_starts_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientApi, "away_seconds", 10.0)
    with running(path, "pending") as handler:
        threading.Timer(1, lambda: setattr(handler, "state", "active")).start()
        begun = time.monotonic()
        assert patient_api(path).services() == []  # type: ignore[no-untyped-call]
        assert time.monotonic() - begun >= 0.9


def test_it_is_waited_for_within_a_bound(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientApi, "away_seconds", 0.7)
    with pytest.raises(NoConnection):
        patient_api(path).services()  # type: ignore[no-untyped-call]


def test_what_changes_something_is_not_sent_again(path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(NoConnection):
        patient_api(path).remove_container("a")
    assert time.monotonic() - begun < 1


def test_a_daemon_is_ready_when_its_swarm_is(path: Path) -> None:
    assert not is_ready()
    for state, ready in {"active": True, "inactive": True, "pending": False}.items():
        with running(path, state):
            assert is_ready() is ready


def test_a_daemon_that_goes_away_is_noticed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "_AGAIN_SECONDS", 0.1)
    watch = DaemonWatch(docker.from_env)
    with running(path):
        watch.start()
        time.sleep(0.5)
        assert watch.gone_at is None
    deadline = time.monotonic() + 5
    while watch.gone_at is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert watch.gone_at
