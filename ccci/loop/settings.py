"""The settings of the forge in forge.toml, and where that file is."""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from ccci.errors import Misuse
from ccci.node.settings_file import read_settings_file
from ccci.node.state import state_dir

UPSTREAM = "https://git.coopcloud.tech/coop-cloud/{recipe}.git"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Webhook(_Table):
    """`[webhook]`: a request of the forge triggers a poll, so that comments are seen without delay.

    Attributes:
        address: the address to listen on. If the forge is on another host, use a TLS proxy.
        port: the port to listen on.
        secret_file: a file of mode 0600 with the secret that the forge signs with.
    """

    address: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)
    secret_file: Path


class ForgeSettings(_Table):
    """One forge, and how this node tests its pull requests.

    Attributes:
        url: the URL of the forge, without a trailing slash.
        organisation: the organisation whose repositories are polled; one for each recipe.
        user: the account of the token; its own comments are never commands.
        token_file: a file of mode 0600 with the token.
        upstream: where a recipe that the organisation lacks is mirrored from; a URL or a path with
            `{recipe}` in it.
        ca_bundle: the certificates to trust; by default those of the system.
        interval_seconds: the time between two polls.
        runs: the number of runs at the same time; the budget of the node applies as well.
        dashboard: the URL of the folder that the dashboard is served from, or "".
        dashboard_folder: where the dashboard is written; by default results/web of this clone.
        webhook: where to listen for webhooks; None for none.
    """

    url: str = Field(pattern=r"^https?://[^/]+[^/]$")
    organisation: str = "recipe-maintainers"
    user: str
    token_file: Path
    upstream: str = UPSTREAM
    ca_bundle: Path | None = None
    interval_seconds: float = Field(default=30, ge=1)
    runs: int = Field(default=2, ge=1)
    dashboard: str = Field(default="", pattern=r"^(https?://.*[^/])?$")
    dashboard_folder: Path | None = None
    webhook: Webhook | None = None

    def token(self) -> str:
        """Read the token.

        Raises:
            Misuse: the file is missing, empty, or can be read by others.
        """
        return read_secret(self.token_file, "token_file")

    def webhook_secret(self) -> str:
        """Read the secret that the forge signs webhooks with; "" without `[webhook]`.

        Raises:
            Misuse: the file is missing, empty, or can be read by others.
        """
        table = self.webhook
        return read_secret(table.secret_file, "webhook.secret_file") if table else ""


def read_secret(path: Path, key: str) -> str:
    """Read a secret from a file that only its owner can read.

    Args:
        path: the file.
        key: the key in forge.toml that names the file, for the message.

    Raises:
        Misuse: the file is missing, empty, or can be read by others.

    Example:
        >>> read_secret(Path("/etc/ccci/forge-token"), "token_file")  # doctest: +SKIP
    """
    try:
        mode = path.stat().st_mode & 0o777
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"forge.toml: key '{key}': cannot read {path}: {error}.") from None
    if mode & 0o077:
        raise Misuse(f"forge.toml: key '{key}': others can read {path}. Run 'chmod 600 {path}'.")
    if not secret:
        raise Misuse(f"forge.toml: key '{key}': {path} is empty.")
    return secret


def forge_file() -> Path | None:
    """Return $CCCI_FORGE_FILE, /etc/ccci/forge.toml, or the lab's file; None if there is none."""
    named = os.environ.get("CCCI_FORGE_FILE")
    if named:
        return Path(named)
    places = (Path("/etc/ccci/forge.toml"), state_dir() / "lab" / "forge.toml")
    return next((place for place in places if place.exists()), None)


def load_forge_settings() -> ForgeSettings:
    """Read the file that `forge_file` returns.

    Raises:
        Misuse: there is none, or it has an error; the message names the file and the key.
    """
    place = forge_file()
    if place is None:
        raise Misuse(
            "There is no forge.toml. Start the lab's forge with 'make lab-up FORGE=1', or describe "
            "a forge in /etc/ccci/forge.toml (docs/operate.md)."
        )
    return read_forge_settings(place)


def read_forge_settings(path: Path) -> ForgeSettings:
    """Read one forge file; see `load_forge_settings`."""
    return read_settings_file(path, ForgeSettings, "forge")
