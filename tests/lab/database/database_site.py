"""Small stacks with a real database in each, as recipes have them."""

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker

from ccci.swarm.meant import USUAL
from ccci.swarm.view import SwarmView
from ccci.waiting import Look, wait_for
from tests.lab.stack_removal import remove_stacks

PASSWORD = f"db-{secrets.token_hex(12)}"
POSTGRESQL = """
services:
  # Neither the name nor anything else but the image tells that it is one.
  store:
    image: {image}
    environment:
      - POSTGRES_DB=shop
      - POSTGRES_USER=keeper
      - POSTGRES_PASSWORD_FILE=/run/secrets/password
    secrets: [password]
    healthcheck:
      test: [CMD, pg_isready, --host=127.0.0.1, --username=keeper, --dbname=shop]
      interval: 1s
      retries: 60
"""
MARIADB = """
services:
  store:
    image: {image}
    environment:
      - MARIADB_DATABASE=shop
      - MYSQL_USER=keeper
      - MYSQL_PASSWORD_FILE=/run/secrets/password
      - MARIADB_ROOT_PASSWORD_FILE=/run/secrets/password
    secrets: [password]
    healthcheck:
      test: [CMD, healthcheck.sh, --connect, --innodb_initialized]
      interval: 1s
      retries: 60
"""
NONE = """
services:
  app:
    image: nginx:1.26.3
    volumes: ["data:/data"]
    secrets: [password]
volumes:
  data:
"""
SECRETS = """
secrets:
  password:
    name: {stack}_password
    external: true
"""


class Site:
    """A stack that runs."""

    def __init__(self, stack: str) -> None:
        self.stack = stack
        self.swarm = SwarmView()

    @property
    def container(self) -> str:
        """The container of its only service."""
        (service,) = self.swarm.services(self.stack)
        return str(self.swarm.container_of(service).id)

    def inside(self, *command: str, given: str = "", **settings: str) -> None:
        """Run a command in the container."""
        options = [f"--env={name}={value}" for name, value in settings.items()]
        subprocess.run(
            ["docker", "exec", "-i", *options, self.container, *command],
            input=given, text=True, check=True, capture_output=True,
        )  # fmt: skip


@contextmanager
def deployed(compose: str, image: str, folder: Path) -> Iterator[Site]:
    """Deploy a stack, wait until it is healthy, and remove all of it at the end."""
    stack = f"database-{secrets.token_hex(3)}"
    client = docker.from_env()
    client.secrets.create(name=f"{stack}_password", data=PASSWORD.encode())
    file = folder / "compose.yml"
    text = 'version: "3.8"\n' + compose.format(image=image) + SECRETS.format(stack=stack)
    file.write_text(text, encoding="utf-8")
    subprocess.run(["docker", "stack", "deploy", "-c", str(file), stack], check=True)
    site = Site(stack)
    try:
        wait_for(f"{stack} to run", lambda: _look(site), 120)
        yield site
    finally:
        remove_stacks(stack)
        client.api.remove_secret(f"{stack}_password")


def _look(site: Site) -> Look:
    services = site.swarm.services(site.stack)
    return Look(
        bool(services) and all(USUAL.settled(s) for s in services), ", ".join(map(str, services))
    )
