"""Where the lab lives and how it is set: environment first, then what the last `up` used."""

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
    """One lab: its folder, its domain, its ports, and whether images may be pulled."""

    state: Path
    domain: str
    http_port: int
    https_port: int
    pull: PullPolicy

    @property
    def lab(self) -> Path:
        """The lab's own folder inside the state directory."""
        return self.state / "lab"

    @property
    def logs(self) -> Path:
        return self.lab / "logs"

    @property
    def abra_dir(self) -> Path:
        """The operator's ABRA_DIR: servers, recipes and catalogue of the lab."""
        return self.lab / "abra"

    @property
    def server_file(self) -> Path:
        return self.lab / "server.toml"

    def name(self, app: str) -> str:
        """The public name of one of the lab's apps: `name("traefik")` is `traefik.lab.test`."""
        return f"{app}.{self.domain}"


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The state directory of this machine (CCCI_STATE_DIR, else /var/lib/ccci)."""
    return Path(environment.get("CCCI_STATE_DIR") or DEFAULT_STATE).resolve()


def read(environment: Mapping[str, str], remembered: Mapping[str, str]) -> Settings:
    """The settings of this call.

    Args:
        environment: LAB_DOMAIN, LAB_HTTP_PORT, LAB_HTTPS_PORT, LAB_PULL, CCCI_STATE_DIR.
        remembered: what the last `up` used, by the same names, for what is not set now.

    Raises:
        LabError: a value is not usable.
    """

    def value(key: str, default: str) -> str:
        return environment.get(key) or remembered.get(key) or default

    domain = value("LAB_DOMAIN", "lab.test")
    if not DOMAIN.fullmatch(domain):
        raise LabError(
            f"LAB_DOMAIN={domain} is not a usable domain: lower-case letters, digits, hyphens, at "
            "least one dot, 40 characters at most (Swarm's names leave no more)"
        )
    # Whether to pull is a matter of this call; it is not remembered.
    pull = environment.get("LAB_PULL") or "missing"
    if pull not in ("missing", "never"):
        raise LabError(f"LAB_PULL={pull} is unknown: say missing (the default) or never")
    http, https = (_port(key, value(key, usual)) for key, usual in PORTS)
    if http == https:
        raise LabError(f"LAB_HTTP_PORT and LAB_HTTPS_PORT are both {http}: choose two")
    return Settings(
        state=state_folder(environment),
        domain=domain,
        http_port=http,
        https_port=https,
        pull="never" if pull == "never" else "missing",
    )


PORTS = (("LAB_HTTP_PORT", "80"), ("LAB_HTTPS_PORT", "443"))


def to_remember(settings: Settings) -> dict[str, str]:
    """What a later call takes for granted when its environment is silent."""
    return {
        "LAB_DOMAIN": settings.domain,
        "LAB_HTTP_PORT": str(settings.http_port),
        "LAB_HTTPS_PORT": str(settings.https_port),
    }


def _port(key: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise LabError(f"{key}={text} is not a port: a number from 1 to 65535")
    return int(text)
