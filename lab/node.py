"""What this node can do, and the file that tells the suites about this server."""

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


# A virtual IP and the routing mesh are both IPVS: without it neither carries a packet.
WITH_IPVS = Traits("vip", "ingress")
WITHOUT_IPVS = Traits("dnsrr", "host")


def load_ipvs() -> bool:
    """Try to load the kernel's module; False where there is no module or no way to load one."""
    program = shutil.which("modprobe") or shutil.which("modprobe", path="/usr/sbin:/sbin")
    if program is None:
        return False
    done = subprocess.run([program, "ip_vs"], capture_output=True, check=False)
    return done.returncode == 0


def detect(ipvs: Path = IPVS, load: Callable[[], bool] = load_ipvs) -> Traits:
    """Find out whether this kernel balances connections (IPVS), which Swarm's mesh is made of.

    Args:
        ipvs: the file that a kernel with IPVS shows.
        load: asked once when the file is missing, as dockerd itself would.

    Example:
        >>> detect(Path("/nowhere"), load=lambda: False)
        Traits(endpoint_mode='dnsrr', publish_mode='host')
    """
    return WITH_IPVS if ipvs.exists() or load() else WITHOUT_IPVS


Value = str | int | Mapping[str, str]


def toml(content: Mapping[str, Value]) -> str:
    """Write a small TOML file: strings, whole numbers, and tables of strings (last).

    Raises:
        LabError: a string holds a control character.

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
        raise LabError(f"{text!r} holds a control character and cannot stand in server.toml")
    # JSON's escapes for quotes and backslashes are TOML's too.
    return json.dumps(text, ensure_ascii=False)


def write_if_changed(path: Path, text: str) -> bool:
    """Write a file whole or not at all; returns whether it was different before."""
    if path.exists() and path.read_text() == text:
        return False
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text)
    fresh.replace(path)
    return True
