"""The settings of a browser for the server under test, and the addresses of the app's pages."""

from robot.api import logger
from robot.api.deco import library

from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.web.browser_user import confinement
from ccci.web.chromium import BrowserSettings, browser_settings


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Pages:
    """Addresses of an app's pages, and the settings of a browser that may open them."""

    @project_keyword()
    def browser_settings(self) -> BrowserSettings:
        """Returns what `New Browser` needs, as in ``resources/browser.resource``.

        The browser resolves names as the server file says, and trusts the same certificates as
        every other client here; certificates are verified. Where the machine allows it, the browser
        has a user of its own and its sandbox is on; the log says if not. That user can read only
        what everybody can: this counts for files that a page uploads.

        Fails when Chromium is not installed.

        Example:
        | ${browser}=    Browser Settings
        | New Browser    executablePath=${browser.executable}    args=${browser.arguments}
        """
        confined = confinement()
        logger.info(f"{confined}.")
        return browser_settings(session.server, session.browser_home, confined)

    @project_keyword()
    def page_address(self, path: str = "/") -> str:
        """Returns the full address of a page of the app under test.

        Fails when no run has begun.

        Example:
        | ${address}=    Page Address    /about.html
        """
        return session.app.url + path
