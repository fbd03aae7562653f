"""An ABRA_DIR with one small recipe, for tests of the lab's abra."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ptyprocess import PtyProcess

from ccci.project import PROJECT

ABRA = PROJECT / "lab" / "standins" / "abra"
RECIPE = "tinyapp"
OLD, NEW = "1.0.0+1.9.0", "1.1.0+1.10.0"
IMAGE = "abra-test:1.0"

COMPOSE = """\
version: "3.8"
services:
  app:
    image: abra-test:1.0
    command: ["sh", "-c", "echo started; while :; do sleep 0.2; done"]
    # So that it ends without delay: the shell of the image ignores SIGTERM.
    stop_signal: SIGKILL
    secrets: [token, phrase]
    environment:
      - DOMAIN
      - OWN=${OWN:-from-compose}
    healthcheck:
      test: ["CMD", "test", "!", "-e", "/data/unhealthy"]
      interval: 500ms
      start_period: 1s
    configs:
      - {source: greeting, target: /greeting}
    volumes: ["data:/data"]
    # A task on an overlay network takes four seconds longer to stop.
    networks: [host]
    deploy:
      update_config: {order: stop-first, monitor: 300ms}
      labels:
        - "traefik.enable=true"
        - "backupbot.backup=true"
        - "coop-cloud.${STACK_NAME}.version=@VERSION@"
        - "coop-cloud.${STACK_NAME}.timeout=${TIMEOUT:-30}"
configs:
  greeting:
    name: ${STACK_NAME}_greeting_${GREETING_VERSION}
    file: greeting.txt
volumes:
  data:
networks:
  host: {external: true, name: host}
secrets:
  token:
    external: true
    name: ${STACK_NAME}_token_${SECRET_TOKEN_VERSION}
  phrase:
    external: true
    name: ${STACK_NAME}_phrase_${SECRET_PHRASE_VERSION}
  given:
    external: true
    name: ${STACK_NAME}_given_${SECRET_GIVEN_VERSION}
"""
EXTRA = """\
version: "3.8"
services:
  app:
    secrets: [given]
"""
SAMPLE = """\
TYPE=tinyapp
DOMAIN=tinyapp.example.com
COMPOSE_FILE=compose.yml
TIMEOUT=20
SECRET_TOKEN_VERSION=v1  # length=24 charset=hex
SECRET_PHRASE_VERSION=v1
SECRET_GIVEN_VERSION=v1  # generate=false
"""
SCRIPT = """\
export GREETING_VERSION=v1
export TRAP=$(touch executed)

hello () {
  echo "hello $1 from $STACK_NAME in $TARGET"
}
"""


@dataclass(frozen=True)
class Done:
    """The result of a command; in a terminal, stdout has the output of stderr too."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The content of stdout, which must be JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class AbraHome:
    """The ABRA_DIR at `path`."""

    path: Path

    @property
    def checkout(self) -> Path:
        """The working tree of the recipe."""
        return self.path / "recipes" / RECIPE

    def env_of(self, domain: str) -> Path:
        """Return the path of an app's .env file."""
        return self.path / "servers" / "default" / f"{domain}.env"

    def abra(self, *arguments: str, **settings: str) -> Done:
        """Run abra without a terminal."""
        done = subprocess.run(
            [ABRA, *arguments],
            env=self._environment(settings),
            cwd=self.path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def in_terminal(self, *arguments: str) -> Done:
        """Run abra in a terminal."""
        process = PtyProcess.spawn(
            [str(ABRA), *arguments],
            env=self._environment({}),
            cwd=str(self.path),
            dimensions=(50, 300),
        )
        output = b""
        while True:
            try:
                output += process.read(65536)
            except EOFError:
                break
        return Done(process.wait(), output.decode("utf-8", "replace"), "")

    def git(self, *arguments: str) -> str:
        """Run git in the working tree of the recipe."""
        return git(self.checkout, *arguments)

    def type_of(self, domain: str) -> str:
        """Return TYPE in an app's .env file."""
        found = re.search(r"^TYPE=(.*)$", self.env_of(domain).read_text("utf-8"), re.MULTILINE)
        assert found, "the .env file has no TYPE"
        return found.group(1)

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        return {**os.environ, "ABRA_DIR": str(self.path), **settings}


def git(at: Path, *arguments: str) -> str:
    """Run git with a fixed author and return its stdout."""
    command = ["git", "-c", "user.name=Tester", "-c", "user.email=tester@lab.test", *arguments]
    done = subprocess.run(command, cwd=at, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def make_home(path: Path) -> AbraHome:
    """Create an ABRA_DIR with a server, and a recipe with two releases and an untagged head."""
    home = AbraHome(path)
    home.env_of("x").parent.mkdir(parents=True)
    home.checkout.mkdir(parents=True)
    files = {
        "compose.extra.yml": EXTRA,
        ".env.sample": SAMPLE,
        "abra.sh": SCRIPT,
        "greeting.txt": "hello\n",
        "README.md": "# tinyapp\n",
    }
    for name, text in files.items():
        (home.checkout / name).write_text(text, encoding="utf-8")
    home.git("init", "--quiet", "--initial-branch=main")
    for version in (OLD, NEW):
        text = COMPOSE.replace("@VERSION@", version)
        (home.checkout / "compose.yml").write_text(text, encoding="utf-8")
        home.git("add", ".")
        home.git("commit", "--quiet", "--message", version)
        home.git("tag", "--annotate", "--message", version, version)
    (home.checkout / "README.md").write_text("# tinyapp at its head\n", encoding="utf-8")
    home.git("commit", "--quiet", "--all", "--message", "head")
    return home
