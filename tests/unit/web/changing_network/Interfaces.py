"""An app and a browser on a network whose interfaces come and go, as beside starting containers.

It changes the network of its process: see tests/unit/web/test_network_changes.py.
"""

import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from robot.api.deco import keyword, library

from ccci.web.browser_user import Confinement, confinement
from ccci.web.chromium import BrowserSettings, browser_settings
from tests.unit.web.small_app import running

# The two ends of what Docker makes for each container: one stays on the node, with an address.
_ADD = (
    "link add veth-node type veth peer name veth-app",
    "addr add 10.99.0.1/24 dev veth-node",
    "link set veth-node up",
    "link set veth-app up",
)
_REMOVE = ("link del veth-node",)


@library(scope="GLOBAL", auto_keywords=False)
class Interfaces:
    """The app, the settings of a browser for it, and the interfaces."""

    def __init__(self) -> None:
        """Start the app."""
        self._open = ExitStack()
        folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        folder.chmod(0o755)
        self._home = folder / "home"
        self._app = self._open.enter_context(running(folder))
        self._changes = 0

    @keyword
    def app_address(self) -> str:
        """Return the address of a page of the app."""
        return f"{self._app.url}/form"

    @keyword
    def settings_of_a_run(self) -> BrowserSettings:
        """Return the settings that each run uses."""
        return browser_settings(self._app.server, self._home, confinement())

    @keyword
    def settings_without_our_program(self) -> BrowserSettings:
        """Return settings that start Chromium itself, as root, and so without its sandbox."""
        settings = browser_settings(self._app.server, self._home, Confinement("", False))
        return replace(settings, executable=settings.environment["CCCI_CHROMIUM"])

    @keyword
    def let_interfaces_come_and_go(self) -> None:
        """Add and remove interfaces from now on."""
        self._changes = 0
        self._changing = self._open.enter_context(ExitStack())
        self._changing.enter_context(self._changed_all_the_time())

    @keyword
    def interfaces_should_have_come_and_gone(self) -> None:
        """Fail unless they did so several times; stop it."""
        self._changing.close()
        assert self._changes >= 5, f"the interfaces changed {self._changes} times only"

    @keyword
    def stop_the_app(self) -> None:
        """Stop all that was started, and remove its files."""
        self._open.close()

    @contextmanager
    def _changed_all_the_time(self) -> Iterator[None]:
        ended = threading.Event()

        def change() -> None:
            while not ended.wait(0.05):
                for words in (*_ADD, *_REMOVE):
                    subprocess.run(["ip", *words.split()], check=True)
                self._changes += 1

        thread = threading.Thread(target=change)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
