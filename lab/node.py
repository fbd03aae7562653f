"""How services are reached on this node, and how server.toml is written."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab.errors import LabError

IPVS = Path("/proc/net/ip_vs")


@dataclass(frozen=True)
class Traits:
    """How services are reached on this node."""

    endpoint_mode: Literal["vip", "dnsrr"]
    publish_mode: Literal["ingress", "host"]


# Virtual IPs and the routing mesh both need IPVS.
WITH_IPVS = Traits("vip", "ingress")
WITHOUT_IPVS = Traits("dnsrr", "host")


def load_ipvs() -> bool:
    """Try to load the kernel's IPVS module; return whether it was loaded."""
    program = shutil.which("modprobe") or shutil.which("modprobe", path="/usr/sbin:/sbin")
    if program is None:
        return False
    done = subprocess.run([program, "ip_vs"], capture_output=True, check=False)
    return done.returncode == 0


def detect(ipvs: Path = IPVS, load: Callable[[], bool] = load_ipvs) -> Traits:
    """Find out whether this kernel has IPVS, which Swarm's routing mesh needs.

    Args:
        ipvs: a file that exists if the kernel has IPVS.
        load: tries to load IPVS; called if the file is missing, as dockerd would do it.

    Example:
        >>> detect(Path("/nowhere"), load=lambda: False)
        Traits(endpoint_mode='dnsrr', publish_mode='host')
    """
    return WITH_IPVS if ipvs.exists() or load() else WITHOUT_IPVS


Value = str | int | Mapping[str, str]


def toml(content: Mapping[str, Value]) -> str:
    """Write a small TOML file: strings, whole numbers, and tables of strings (last).

    Raises:
        LabError: a string contains a control character.

    Example:
        >>> print(toml({"port": 443, "names": {"*.lab.test": "127.0.0.1"}}), end="")
        port = 443
        <BLANKLINE>
        [names]
        "*.lab.test" = "127.0.0.1"
    """
    lines = []
    tables = []
    for key, value in content.items():
        if isinstance(value, str):
            lines.append(f"{key} = {_quoted(value)}")
        elif isinstance(value, int):
            lines.append(f"{key} = {value}")
        else:
            rows = [f"{_key(name)} = {_quoted(text)}" for name, text in value.items()]
            tables.append("\n".join(["", f"[{key}]", *rows]))
    return "\n".join(lines + tables) + "\n"


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and name.isascii() else _quoted(name)


def _quoted(text: str) -> str:
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise LabError(f"{text!r} contains a control character, so it cannot be in a TOML file")
    # TOML has the same escapes for quotes and backslashes as JSON.
    return json.dumps(text, ensure_ascii=False)


def write_if_changed(path: Path, text: str) -> bool:
    """Write a file in one step, unless it has this content; return whether it was written."""
    if path.exists() and path.read_text() == text:
        return False
    draft = path.with_name(path.name + ".new")
    draft.write_text(text)
    draft.replace(path)
    return True
