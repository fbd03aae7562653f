"""A backup bot and two small apps on the real Swarm, deployed for a test and then removed."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import docker
import yaml
from docker.errors import ImageNotFound
from docker.models.containers import Container

from ccci.project import PROJECT
from tests.lab.stack_removal import remove_stacks

RECIPE = PROJECT / "lab" / "recipes" / "backup-bot-two" / "recipe"
IMAGE = "backup-bot-two:1.0.0"
WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Ended:
    """The result of a command; `text` is stdout and stderr together."""

    code: int
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


def until(what: str, condition: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    """Wait until a condition is true.

    Raises:
        AssertionError: it was not true in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.1)


class Site:
    """The bot and the apps `one` and `two`, each with services app and db, and three volumes."""

    def __init__(self, client: docker.DockerClient) -> None:
        self.client = client
        mark = secrets.token_hex(3)
        self.bot = f"bb{mark}_lab_test"
        self.one = f"one{mark}_lab_test"
        self.two = f"two{mark}_lab_test"
        self._secret = f"{self.bot}_restic_password_v1"
        self._folder = Path()

    def set_up(self, folder: Path) -> None:
        """Deploy everything and wait until it is healthy."""
        self._folder = folder
        try:
            self.client.images.get(IMAGE)
        except ImageNotFound:
            raise AssertionError(f"the image {IMAGE} does not exist: run make lab-up") from None
        self.client.secrets.create(name=self._secret, data=secrets.token_hex(20).encode())
        self._deploy_bot()
        for stack in (self.one, self.two):
            self.label(stack, {}, {})
        for service in (
            f"{self.bot}_app",
            *(f"{a}_{s}" for a in (self.one, self.two) for s in ("app", "db")),
        ):
            self.wait_for(service)

    def tear_down(self) -> None:
        """Remove everything that set_up and the tests created."""
        stacks = (self.bot, self.one, self.two)
        remove_stacks(*stacks)
        for secret in self.client.secrets.list(filters={"name": self._secret}):
            secret.remove()

    def label(self, stack: str, app: Mapping[str, str], db: Mapping[str, str]) -> None:
        """Set the labels of a stack's services; their containers keep running."""
        services = {}
        for name, labels in (("app", app), ("db", db)):
            # In a compose file, "$$" is a dollar sign that does not start a variable.
            escaped = {label: value.replace("$", "$$") for label, value in labels.items()}
            services[name] = {**APP[name], "deploy": {**DEPLOY, "labels": escaped}}
        content = {"version": "3.8", "services": services, "volumes": VOLUMES}
        self._deploy(stack, self._compose(f"{stack}.yml", content))

    def container(self, stack: str, service: str) -> Container:
        """Return the running container of a service."""
        found = self.client.containers.list(
            filters={"label": f"com.docker.swarm.service.name={stack}_{service}"}
        )
        assert len(found) == 1, f"{stack}_{service} has {len(found)} containers"
        return found[0]

    def shell(self, stack: str, service: str, script: str) -> str:
        """Run a script in a service's container; it must succeed."""
        done = _run(self.container(stack, service), ["sh", "-ec", script])
        assert done.code == 0, f"{script!r} in {stack}_{service} failed: {done}"
        return done.text

    def backup(self, command: str, stack: str, tty: bool = False, **variables: str) -> Ended:
        """Run `/usr/bin/backup -- <command>` for a stack, as abra does."""
        return _run(
            self.container(self.bot, "app"),
            ["/usr/bin/backup", "--", command],
            {"SERVICE": stack.replace("_", "."), **variables},
            tty,
        )

    def snapshots(self, stack: str) -> list[str]:
        """Return the short ids of a stack's snapshots, oldest first."""
        listed = self.backup("snapshots", stack)
        assert listed.code == 0, listed.text
        return [line.split()[1] for line in listed.lines]

    def _deploy_bot(self) -> None:
        # With this value of the label, programs that search the server's bot do not find this one.
        mine = {"labels": {"coop-cloud.backupbot.enabled": "test"}}
        over = {**mine, "deploy": {**mine, "endpoint_mode": "dnsrr"}}
        self._deploy(
            self.bot,
            RECIPE / "compose.yml",
            self._compose("over.yml", {"version": "3.8", "services": {"app": over}}),
            STACK_NAME=self.bot,
            SECRET_RESTIC_PASSWORD_VERSION="v1",
            RESTIC_REPOSITORY="/backups/restic",
            CRON_SCHEDULE="",
        )

    def _compose(self, name: str, content: object) -> Path:
        path = self._folder / name
        path.write_text(yaml.safe_dump(content))
        return path

    def _deploy(self, stack: str, *files: Path, **variables: str) -> None:
        options = [option for file in files for option in ("-c", str(file))]
        done = subprocess.run(
            ["docker", "stack", "deploy", *options, stack],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def wait_for(self, service: str) -> None:
        """Wait until a service has one task and it is running, and healthy if it has a check."""

        def runs() -> bool:
            tasks = self.client.api.tasks(  # type: ignore[no-untyped-call]
                filters={"service": service, "desired-state": "running"}
            )
            return [task["Status"]["State"] for task in tasks] == ["running"]

        until(f"{service} runs", runs)


def _run(
    container: Container,
    command: list[str],
    variables: Mapping[str, str] | None = None,
    tty: bool = False,
) -> Ended:
    code, output = container.exec_run(command, environment=dict(variables or {}), tty=tty)
    assert isinstance(output, bytes) and code is not None, "this is so without stream and detach"
    return Ended(code, output.decode().replace("\r\n", "\n").strip())


DEPLOY = {"endpoint_mode": "dnsrr", "restart_policy": {"delay": "0s"}}
_SLEEPER = {
    "image": IMAGE,
    "entrypoint": ["sleep", "infinity"],
    "stop_signal": "SIGKILL",  # As process 1, sleep ignores SIGTERM.
    "healthcheck": {"disable": True},
}
APP: dict[str, dict[str, object]] = {
    "app": {**_SLEEPER, "volumes": ["content:/srv/content", "cache:/srv/content/cache"]},
    "db": {**_SLEEPER, "volumes": ["data:/var/lib/db"]},
}
VOLUMES: dict[str, dict[str, str]] = {"content": {}, "cache": {}, "data": {}}


@dataclass(frozen=True)
class Form:
    """One form of labels: those of app and db, and the files that they promise to back up."""

    app: dict[str, str]
    db: dict[str, str]
    files: list[str] = field(default_factory=list)
