"""A Chromium that trusts what the server file trusts and knows its names.

Chromium on Linux takes extra authorities from the NSS database below $HOME; with a private $HOME
nothing of the user's own is changed, and verification stays on.
Source: https://chromium.googlesource.com/chromium/src/+/main/docs/linux/cert_management.md
"""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ccci.errors import NodeFailure
from ccci.node.names import browser_arguments
from ccci.node.server import Server
from ccci.project import PROJECT
from ccci.web.browser_user import Confinement

_PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome-stable")
# Without these it looks for updates and answers of its maker's servers at each start.
_QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


@dataclass(frozen=True)
class BrowserSettings:
    """How to start the browser.

    Attributes:
        executable: the program that starts it.
        arguments: its options.
        environment: variables for it, HOME among them.
        downloads: the folder that it may write downloads to.
        sandbox: whether its sandbox is on.
    """

    executable: str
    arguments: list[str]
    environment: dict[str, str]
    downloads: str
    sandbox: bool


_AS_WE_ARE = Confinement("", False)


def browser_settings(
    server: Server, home: Path, confined: Confinement = _AS_WE_ARE
) -> BrowserSettings:
    """Prepare a private home for a browser and return how to start it.

    Args:
        server: names and trust.
        home: the private home; made if it is missing. A user of its own must be able to reach it.
        confined: as whom it runs, and whether its sandbox is on.

    Raises:
        NodeFailure: there is no Chromium, or its certificate tool is missing.
    """
    executable = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    if executable is None:
        raise NodeFailure("No Chromium is installed: 'make setup' installs one.")
    downloads = home / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    if server.ca_bundle:
        _trust(server.ca_bundle, home)
    environment = {
        "HOME": str(home),
        "CCCI_CHROMIUM": executable,
        "CCCI_BROWSER_USER": confined.user,
    }
    if confined.user:
        for path in (home, *home.rglob("*")):
            shutil.chown(path, confined.user, confined.user)
    starter = str(PROJECT / "ccci" / "bin" / "start-chromium")
    arguments = [*_QUIET, *browser_arguments(server.names)]
    return BrowserSettings(starter, arguments, environment, str(downloads), confined.sandbox)


def _trust(ca_bundle: Path, home: Path) -> None:
    """Put the authority that the operator added last to the bundle into the browser's trust."""
    database = home / ".pki" / "nssdb"
    if database.exists():
        return
    database.mkdir(parents=True, mode=0o700)
    added = ca_bundle.read_text(encoding="ascii").split("-----BEGIN CERTIFICATE-----")[-1]
    (home / "ca.pem").write_text("-----BEGIN CERTIFICATE-----" + added, encoding="ascii")
    commands = [
        ["-N", "--empty-password"],
        ["-A", "-t", "C,,", "-n", "ca", "-i", str(home / "ca.pem")],
    ]
    for command in commands:
        done = subprocess.run(
            ["certutil", "-d", f"sql:{database}", *command],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise NodeFailure(f"certutil failed: {done.stderr.strip()} (package libnss3-tools).")
