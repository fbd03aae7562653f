"""The abra commands of one app."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ccci.deploy.abra import Abra


@dataclass(frozen=True)
class AppCommands:
    """One app's commands, each with the options for use by a program: no prompts, no network.

    Attributes:
        abra: with the run's own ABRA_DIR.
        server: abra's name of the server.
        recipe: the app's recipe.
        domain: the app's domain, which is its name.

    Raises (every command): what `Abra` raises.
    """

    abra: Abra
    server: str
    recipe: str
    domain: str

    @property
    def env_path(self) -> Path:
        """The app's .env file in the run's ABRA_DIR."""
        return self.abra.abra_dir / "servers" / self.server / f"{self.domain}.env"

    @property
    def deployments(self) -> int:
        """How often abra deployed the app in this run, by whatever keyword or step."""
        return self.abra.deployments_of(self.domain)

    def new(self, release: str = "") -> None:
        """Make the app at a release, or at the commit that is checked out."""
        version = release or "-C"
        self.abra(
            "app", "new", self.recipe, version, "-n", "-o", f"--domain={self.domain}",
            f"--server={self.server}",
        )  # fmt: skip

    def remove(self) -> None:
        """Remove the app with its secrets and its .env file."""
        self.abra("app", "remove", self.domain, "-n", "-f")

    def deploy(self, release: str = "", over_running: bool = False) -> None:
        """Deploy a release, or the commit that is checked out, without waiting for its services."""
        version = release or "-C"
        forced = ["-f"] if over_running else []
        # Without -c abra waits too, counts image pulls, and gives up on a slow health check.
        self.abra("app", "deploy", self.domain, version, "-n", "-o", "-D", "-c", *forced)

    def undeploy(self) -> None:
        """Take the app off the Swarm; volumes and secrets stay."""
        self.abra("app", "undeploy", self.domain, "-n", "-o")

    def lint(self) -> str:
        """Return what abra's lint prints of the commit that is checked out."""
        return self.abra("recipe", "lint", self.recipe, "-n", "-C").stdout

    def restart(self, service: str, meanwhile: Callable[[], None], within_seconds: float) -> None:
        """Restart one service; when `meanwhile` raises, abra is not waited for."""
        self.abra(
            "app", "restart", self.domain, service, "-n", "-o", "-C",
            within_seconds=within_seconds, meanwhile=meanwhile,
        )  # fmt: skip

    def remove_volumes(self) -> None:
        """Remove the volumes of the undeployed app."""
        self.abra("app", "volume", "rm", self.domain, "-f", "-n", "-o")

    def generate_secrets(self, chaos: bool) -> dict[str, str]:
        """Generate the secrets that the app does not have yet; return them by name."""
        done = self.abra(
            "app", "secret", "generate", self.domain, "-a", "-m", "-n", "-o",
            *(["-C"] if chaos else []), check=False,
        )  # fmt: skip
        return _generated(done.stdout)

    def insert_secret(self, name: str, value: str, version: str) -> None:
        """Insert a secret by a file that only its owner can read, never by a command line."""
        path = self.abra.abra_dir / f"insert-{name}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(value)
            self.abra(
                "app", "secret", "insert", self.domain, name, version, str(path),
                "-f", "-n", "-o", "-C",
            )  # fmt: skip
        finally:
            path.unlink()


def _generated(output: str) -> dict[str, str]:
    """The names and values in the JSON that `abra app secret generate -m` writes."""
    begin = min((output.find(c) for c in "[{" if c in output), default=-1)
    if begin < 0:
        return {}
    content = json.loads(output[begin:])
    if isinstance(content, dict):
        return {str(name): str(value) for name, value in content.items()}
    return {str(row.get("name")): str(row.get("value")) for row in content}
