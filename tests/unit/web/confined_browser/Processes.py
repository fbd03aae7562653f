"""The browser as a run starts it, and its processes as the kernel sees them."""

import pwd
import tempfile
from pathlib import Path

import psutil
from robot.api.deco import keyword, library

from ccci.node.server import Server
from ccci.web.browser_user import confinement
from ccci.web.chromium import BrowserSettings, browser_settings


@library(scope="GLOBAL", auto_keywords=False)
class Processes:
    """Settings for `New Browser`, and what became of them."""

    def __init__(self, server: str) -> None:
        """Take the content of a server file."""
        self._server = Server.model_validate_json(server)
        self._home = tempfile.TemporaryDirectory(prefix="ccci-browser-", dir="/var/tmp")

    @keyword
    def browser_settings(self) -> BrowserSettings:
        """Return the settings, with the confinement of this machine."""
        return browser_settings(self._server, Path(self._home.name), confinement())

    @keyword
    def the_browser_should_be_confined(self) -> None:
        """Fail unless no process is root's, and the page's own has a filter of system calls."""
        confined = confinement()
        own = [one for one in psutil.Process().children(recursive=True) if _is_browser(one)]
        assert own, "there is no browser"
        users = {one.username() for one in own}
        expected = confined.user or pwd.getpwuid(psutil.Process().uids().real).pw_name
        assert users == {expected}, users
        renderers = [one for one in own if "--type=renderer" in one.cmdline()]
        assert renderers, "no page is open"
        for one in renderers:
            status = Path(f"/proc/{one.pid}/status").read_text()
            assert ("Seccomp:\t2" in status) == confined.sandbox, status
            assert ("--no-sandbox" in one.cmdline()) != confined.sandbox

    @keyword
    def remove_the_home(self) -> None:
        """Remove what the browser wrote."""
        self._home.cleanup()


def _is_browser(process: psutil.Process) -> bool:
    try:
        return "chrom" in process.exe()
    except psutil.Error:
        return False
