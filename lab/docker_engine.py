"""Connects to the Docker daemon. If none runs, installs and starts Debian's."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import docker
import psutil
from docker.errors import DockerException

from lab.errors import LabError
from lab.inventory import Inventory
from lab.reporting import Step
from lab.settings import Settings
from lab.waiting import until

START_SECONDS = 90.0
# For one response: after a large build, a busy disk can stop the daemon for over a minute.
RESPONSE_SECONDS = 300
STOP_SECONDS = 60.0
PID_FILE = Path("/var/run/docker.pid")
CONTAINERD_PID_FILE = Path("/var/run/docker/containerd/containerd.pid")
PACKAGES = ("docker.io", "iptables", "iproute2")


def connect() -> docker.DockerClient | None:
    """Return a client of the daemon, or None if it does not respond. DOCKER_HOST may name one."""
    try:
        client = docker.from_env(timeout=RESPONSE_SECONDS)
        client.ping()
    except (DockerException, OSError):
        return None
    return client


def ensure(settings: Settings, inventory: Inventory, step: Step) -> docker.DockerClient:
    """Return a client of the Docker daemon; start a daemon if none runs.

    Raises:
        LabError: the daemon that DOCKER_HOST names does not respond, or none could be started.
    """
    client = connect()
    if client is not None:
        step.result = f"running, version {client.version()['Version']}"
        return client
    host = os.environ.get("DOCKER_HOST")
    if host:
        raise LabError(
            f"no Docker daemon responds at DOCKER_HOST={host}: start it, or unset DOCKER_HOST"
        )
    if os.geteuid() != 0:
        raise LabError("no Docker daemon responds, and only root can start one: run this as root")
    if shutil.which("dockerd") is None:
        step.progress("installing docker.io")
        inventory.record("daemon", "dockerd", by="setsid")
        _install(settings.logs / "apt.log")
    step.progress("starting dockerd")
    if _has_systemd():
        client = _start_by_systemd(inventory)
    else:
        # The init script of the package that was just installed may have started it.
        client = _started_by_package(inventory) or _start(settings, inventory)
    step.result = f"started, version {client.version()['Version']}"
    return client


def stop(inventory: Inventory) -> None:
    """Stop the daemon if the lab started it."""
    resource = inventory.find("daemon", "dockerd")
    if resource is None:
        return
    if resource.detail.get("by") == "systemd":
        _run("systemctl", "stop", "docker.socket", "docker.service")
    elif process := _process(resource.detail):
        process.terminate()
        until(
            lambda: _process(resource.detail) is None,
            within_seconds=STOP_SECONDS,
            failure=lambda: (
                f"dockerd (process {process.pid}) did not stop within {STOP_SECONDS:.0f} s"
            ),
        )
    inventory.forget("daemon", "dockerd")


def _process(detail: dict[str, str]) -> psutil.Process | None:
    """Return the recorded process, or None. Its number alone may now be another process's."""
    try:
        process = psutil.Process(int(detail["pid"]))
        same = f"{process.create_time():.2f}" == detail["started"]
        # In a container whose first process does not reap children, it stays as a zombie.
        same = same and process.status() != psutil.STATUS_ZOMBIE
    except (KeyError, psutil.Error):
        return None
    return process if same else None


def _has_systemd() -> bool:
    return Path("/run/systemd/system").is_dir()


def _start_by_systemd(inventory: Inventory) -> docker.DockerClient:
    inventory.record("daemon", "dockerd", by="systemd")
    _run("systemctl", "start", "docker")
    return _wait_until_up(lambda: "`systemctl status docker` shows why")


def _started_by_package(inventory: Inventory) -> docker.DockerClient | None:
    client = connect()
    if client is not None and PID_FILE.exists():
        _record_process(inventory, int(PID_FILE.read_text()))
    return client


def _record_process(inventory: Inventory, pid: int) -> None:
    started = f"{psutil.Process(pid).create_time():.2f}"
    inventory.record("daemon", "dockerd", by="setsid", pid=str(pid), started=started)


def _start(settings: Settings, inventory: Inventory) -> docker.DockerClient:
    log = settings.logs / "dockerd.log"
    remove_if_stale(PID_FILE, "dockerd")
    remove_if_stale(CONTAINERD_PID_FILE, "containerd")
    inventory.record("daemon", "dockerd", by="setsid")
    with log.open("ab") as out:
        daemon = subprocess.Popen(
            ["dockerd"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            cwd="/",
        )
    _record_process(inventory, daemon.pid)
    try:
        return _wait_until_up(lambda: f"{log} ends with: {_last_line(log)}", daemon)
    except LabError:
        daemon.terminate()
        inventory.forget("daemon", "dockerd")
        raise


def remove_if_stale(pid_file: Path, program: str) -> bool:
    """Remove the pid file of a daemon that was killed; return whether it was stale.

    Another process may have its number now, and dockerd does not start while any process has it.
    """
    try:
        alive = psutil.Process(int(pid_file.read_text())).name() == program
    except FileNotFoundError:
        return False
    except (ValueError, psutil.NoSuchProcess):
        alive = False
    if not alive:
        pid_file.unlink()
    return not alive


def _wait_until_up(
    explain: Callable[[], str], daemon: subprocess.Popen[bytes] | None = None
) -> docker.DockerClient:
    found: list[docker.DockerClient] = []

    def responds() -> bool:
        if daemon is not None and daemon.poll() is not None:
            raise LabError(f"dockerd ended with exit code {daemon.returncode}; {explain()}")
        client = connect()
        if client is not None:
            found.append(client)
        return bool(found)

    until(
        responds,
        within_seconds=START_SECONDS,
        failure=lambda: f"dockerd did not respond within {START_SECONDS:.0f} s; {explain()}",
    )
    return found[0]


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "(empty)"


def _install(log: Path) -> None:
    if shutil.which("apt-get") is None:
        raise LabError("Docker is not installed, and there is no apt-get: install Docker")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # The command line is a package of its own, docker-cli, since Debian 13.
    install = ["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES]
    with log.open("ab") as out:
        subprocess.run(["apt-get", "update"], stdout=out, stderr=out, env=environment, check=False)
        known = subprocess.run(
            ["apt-cache", "show", "docker-cli"], capture_output=True, check=False
        )
        extra = ["docker-cli"] if known.returncode == 0 else []
        done = subprocess.run(
            [*install, *extra], stdout=out, stderr=out, env=environment, check=False
        )
    if done.returncode != 0:
        raise LabError(f"apt-get could not install {', '.join(PACKAGES)}: see {log}")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
