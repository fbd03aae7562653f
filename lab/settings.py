"""The settings of the lab: from the environment, else those of the last `up`."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab.errors import LabError

REPO = Path(__file__).resolve().parent.parent
DEFAULT_STATE = Path("/var/lib/ccci")
DOMAIN = re.compile(r"(?=.{1,40}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")

PullPolicy = Literal["missing", "never"]


@dataclass(frozen=True)
class Settings:
    """The settings of one lab: its folder, domain and ports, and whether it may pull images."""

    state: Path
    domain: str
    http_port: int
    https_port: int
    pull: PullPolicy

    @property
    def lab(self) -> Path:
        """The lab's own folder in the state directory."""
        return self.state / "lab"

    @property
    def logs(self) -> Path:
        return self.lab / "logs"

    @property
    def abra_dir(self) -> Path:
        """The lab's ABRA_DIR, with servers, recipes and the catalogue."""
        return self.lab / "abra"

    @property
    def server_file(self) -> Path:
        return self.lab / "server.toml"

    def name(self, app: str) -> str:
        """Return the domain of one of the lab's apps: `name("traefik")` is `traefik.lab.test`."""
        return f"{app}.{self.domain}"


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the state directory of this machine (CCCI_STATE_DIR, else /var/lib/ccci)."""
    return Path(environment.get("CCCI_STATE_DIR") or DEFAULT_STATE).resolve()


def read(environment: Mapping[str, str], remembered: Mapping[str, str]) -> Settings:
    """Return the settings of this call.

    Args:
        environment: may have LAB_DOMAIN, LAB_HTTP_PORT, LAB_HTTPS_PORT, LAB_PULL and
            CCCI_STATE_DIR.
        remembered: the values of the last `up`, used for what is not in the environment.

    Raises:
        LabError: a value is not valid.
    """

    def value(key: str, default: str) -> str:
        return environment.get(key) or remembered.get(key) or default

    domain = value("LAB_DOMAIN", "lab.test")
    if not DOMAIN.fullmatch(domain):
        raise LabError(
            f"LAB_DOMAIN={domain} is not valid: use lower-case letters, digits and hyphens, at "
            "least one dot, and at most 40 characters (as names in Swarm have a limit)"
        )
    # Whether to pull is decided in each call; it is not remembered.
    pull = environment.get("LAB_PULL") or "missing"
    if pull not in ("missing", "never"):
        raise LabError(f"LAB_PULL={pull} is not valid: use missing (the default) or never")
    http, https = (_port(key, value(key, default)) for key, default in PORTS)
    if http == https:
        raise LabError(f"LAB_HTTP_PORT and LAB_HTTPS_PORT are both {http}: they must differ")
    return Settings(
        state=state_folder(environment),
        domain=domain,
        http_port=http,
        https_port=https,
        pull="never" if pull == "never" else "missing",
    )


PORTS = (("LAB_HTTP_PORT", "80"), ("LAB_HTTPS_PORT", "443"))


def to_remember(settings: Settings) -> dict[str, str]:
    """Return the values that later calls use by default."""
    return {
        "LAB_DOMAIN": settings.domain,
        "LAB_HTTP_PORT": str(settings.http_port),
        "LAB_HTTPS_PORT": str(settings.https_port),
    }


def _port(key: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise LabError(f"{key}={text} is not a port: use a number from 1 to 65535")
    return int(text)
