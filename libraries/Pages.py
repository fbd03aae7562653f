"""The settings of a browser for the server under test, and the addresses of the app's pages."""

from robot.api.deco import library

from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.web.chromium import BrowserSettings, browser_settings


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Pages:
    """Addresses of an app's pages, and the settings of a browser that may open them."""

    @project_keyword()
    def browser_settings(self) -> BrowserSettings:
        """Returns ``executable``, ``arguments`` and ``environment`` for `New Browser`.

        The browser resolves names as the server file says, and trusts the same certificates as
        every other client here; certificates are verified. Fails when Chromium is not installed.

        Example:
        | ${browser}=    Browser Settings
        | New Browser    executablePath=${browser.executable}    args=${browser.arguments}
        """
        return browser_settings(session.server, session.folder("browser"))

    @project_keyword()
    def page_address(self, path: str = "/") -> str:
        """Returns the full address of a page of the app under test.

        Fails when no run has begun.

        Example:
        | ${address}=    Page Address    /about.html
        """
        return session.app.url + path
