"""A Docker daemon that answers: the one that runs, else Debian's, installed and started."""

import os
import shutil
import subprocess
from pathlib import Path

import docker
import psutil
from docker.errors import DockerException

from lab.errors import LabError
from lab.made import Made
from lab.reporting import Step
from lab.settings import Settings
from lab.waiting import until

START_SECONDS = 90.0
# For one answer: after a build of gigabytes a busy disk held the daemon for more than a minute.
ANSWER_SECONDS = 300
STOP_SECONDS = 60.0
PID_FILE = Path("/var/run/docker.pid")
CONTAINERD_PID_FILE = Path("/var/run/docker/containerd/containerd.pid")
PACKAGES = ("docker.io", "iptables", "iproute2")


def connect() -> docker.DockerClient | None:
    """A client of the daemon that DOCKER_HOST names, or None when it does not answer."""
    try:
        client = docker.from_env(timeout=ANSWER_SECONDS)
        client.ping()
    except (DockerException, OSError):
        return None
    return client


def ensure(settings: Settings, made: Made, step: Step) -> docker.DockerClient:
    """Return a client of a running daemon, starting one where none runs.

    Raises:
        LabError: DOCKER_HOST names a silent daemon, or the daemon could not be started.
    """
    client = connect()
    if client is not None:
        step.result = f"running, version {client.version()['Version']}"
        return client
    host = os.environ.get("DOCKER_HOST")
    if host:
        raise LabError(f"no Docker daemon answers at DOCKER_HOST={host}: start it or unset it")
    if os.geteuid() != 0:
        raise LabError("no Docker daemon answers, and only root can start one: run this as root")
    if shutil.which("dockerd") is None:
        step.progress("installing docker.io")
        made.record("daemon", "dockerd", by="setsid")
        _install(settings.logs / "apt.log")
    step.progress("starting dockerd")
    if _has_systemd():
        client = _start_by_systemd(made)
    else:
        # Installed just now, the package may have started it by its init script.
        client = _started_by_package(made) or _start(settings, made)
    step.result = f"started, version {client.version()['Version']}"
    return client


def stop(made: Made) -> None:
    """Stop the daemon that the lab started, and no other."""
    thing = made.find("daemon", "dockerd")
    if thing is None:
        return
    if thing.detail.get("by") == "systemd":
        _run("systemctl", "stop", "docker.socket", "docker.service")
    elif process := _process(thing.detail):
        process.terminate()
        until(
            lambda: _process(thing.detail) is None,
            within_seconds=STOP_SECONDS,
            failure=lambda: f"dockerd (process {process.pid}) did not stop in {STOP_SECONDS:.0f} s",
        )
    made.forget("daemon", "dockerd")


def _process(detail: dict[str, str]) -> psutil.Process | None:
    """The process that the record means: a number alone may by now be somebody else's."""
    try:
        process = psutil.Process(int(detail["pid"]))
        same = f"{process.create_time():.2f}" == detail["started"]
        # In a container whose first process never reaps, what has ended stays as a zombie.
        same = same and process.status() != psutil.STATUS_ZOMBIE
    except (KeyError, psutil.Error):
        return None
    return process if same else None


def _has_systemd() -> bool:
    return Path("/run/systemd/system").is_dir()


def _start_by_systemd(made: Made) -> docker.DockerClient:
    made.record("daemon", "dockerd", by="systemd")
    _run("systemctl", "start", "docker")
    return _answer(lambda: "`systemctl status docker` says why")


def _started_by_package(made: Made) -> docker.DockerClient | None:
    client = connect()
    if client is not None and PID_FILE.exists():
        _record_process(made, int(PID_FILE.read_text()))
    return client


def _record_process(made: Made, pid: int) -> None:
    started = f"{psutil.Process(pid).create_time():.2f}"
    made.record("daemon", "dockerd", by="setsid", pid=str(pid), started=started)


def _start(settings: Settings, made: Made) -> docker.DockerClient:
    log = settings.logs / "dockerd.log"
    remove_if_stale(PID_FILE, "dockerd")
    remove_if_stale(CONTAINERD_PID_FILE, "containerd")
    made.record("daemon", "dockerd", by="setsid")
    with log.open("ab") as out:
        daemon = subprocess.Popen(
            ["dockerd"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            cwd="/",
        )
    _record_process(made, daemon.pid)
    try:
        return _answer(lambda: f"{log} ends with: {_last_line(log)}", daemon)
    except LabError:
        daemon.terminate()
        made.forget("daemon", "dockerd")
        raise


def remove_if_stale(pid_file: Path, program: str) -> bool:
    """Remove the pid file of a daemon that was killed, whose number may be another's by now.

    dockerd refuses to start as long as any process has the number.
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


def _answer(why: object, daemon: subprocess.Popen[bytes] | None = None) -> docker.DockerClient:
    found: list[docker.DockerClient] = []

    def answers() -> bool:
        if daemon is not None and daemon.poll() is not None:
            raise LabError(f"dockerd ended with code {daemon.returncode}; {_text(why)}")
        client = connect()
        if client is not None:
            found.append(client)
        return bool(found)

    until(
        answers,
        within_seconds=START_SECONDS,
        failure=lambda: f"dockerd did not answer within {START_SECONDS:.0f} s; {_text(why)}",
    )
    return found[0]


def _text(why: object) -> str:
    return str(why() if callable(why) else why)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "(empty)"


def _install(log: Path) -> None:
    if shutil.which("apt-get") is None:
        raise LabError("no Docker is installed and this is no Debian (no apt-get): install Docker")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Debian 13 split the command line off into docker-cli, which Debian 12 does not know.
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
