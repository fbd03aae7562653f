"""The forge to listen to: what an operator writes into forge.toml, and where it is found."""

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
    """`[webhook]`: where the forge may knock, so that nobody waits for the next look.

    Attributes:
        address: where to listen; put a proxy with TLS before it where it is not the forge's host.
        port: where to listen.
        secret_file: holds the secret that the forge signs with, in a file of mode 0600.
    """

    address: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)
    secret_file: Path


class ForgeSettings(_Table):
    """One forge, and how this node serves it.

    Attributes:
        url: of the forge, without a slash at its end.
        organisation: whose repositories are listened to; one for each recipe.
        user: the account that the token belongs to; its own comments are never commands.
        token_file: holds the token, in a file of mode 0600.
        upstream: where a recipe that the organisation lacks is mirrored from; an address or a
            path, with `{recipe}` in it.
        ca_bundle: whom to trust; without it, the system's authorities.
        interval_seconds: from one look at the forge to the next.
        runs: how many runs may live at once; the budget of the node holds beside it.
        dashboard: the address of the dashboard's front page, where one is served.
        dashboard_folder: where the dashboard is written; without it, results/web of this clone.
        webhook: where the forge may knock.
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
        """Read the secret that the forge signs its knocks with; "" where there is no webhook.

        Raises:
            Misuse: as for `token`.
        """
        where = self.webhook
        return read_secret(where.secret_file, "webhook.secret_file") if where else ""


def read_secret(path: Path, key: str) -> str:
    """Read one secret out of a file that nobody else can read.

    Args:
        path: the file.
        key: its key in forge.toml, for the sentence.

    Raises:
        Misuse: the file is missing, empty, or can be read by others.

    Example:
        >>> read_secret(Path("/etc/ccci/forge-token"), "token_file")  # doctest: +SKIP
    """
    try:
        mode = path.stat().st_mode & 0o777
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"forge.toml: key '{key}': {path} cannot be read: {error}.") from None
    if mode & 0o077:
        raise Misuse(f"forge.toml: key '{key}': others can read {path}: chmod 600 {path}.")
    if not secret:
        raise Misuse(f"forge.toml: key '{key}': {path} is empty.")
    return secret


def forge_file() -> Path | None:
    """Return $CCCI_FORGE_FILE, /etc/ccci/forge.toml, or the lab's; None where none is there."""
    named = os.environ.get("CCCI_FORGE_FILE")
    if named:
        return Path(named)
    places = (Path("/etc/ccci/forge.toml"), state_dir() / "lab" / "forge.toml")
    return next((place for place in places if place.exists()), None)


def load_forge_settings() -> ForgeSettings:
    """Read the file that `forge_file` names.

    Raises:
        Misuse: there is none, or it has an error; the sentence names file and key.
    """
    place = forge_file()
    if place is None:
        raise Misuse(
            "No forge to listen to: start the lab's with 'make lab-up FORGE=1', or describe one in "
            "/etc/ccci/forge.toml (docs/operate.md)."
        )
    return read_forge_settings(place)


def read_forge_settings(path: Path) -> ForgeSettings:
    """Read one forge file; see `load_forge_settings`."""
    return read_settings_file(path, ForgeSettings, "forge")
