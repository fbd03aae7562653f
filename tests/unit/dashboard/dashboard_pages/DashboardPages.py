"""URLs of the dashboard's pages, and the settings of the browser, for dashboard.robot."""

from pathlib import Path

from robot.api.deco import keyword, library

from ccci.node.server import Server
from ccci.web.chromium import BrowserSettings, browser_settings


@library(scope="GLOBAL", auto_keywords=False)
class DashboardPages:
    """The pages in one folder, opened as files."""

    def __init__(self, pages: str, output: str) -> None:
        """Take the folder of the pages, and Robot's output folder."""
        self._pages, self._output = Path(pages), Path(output)

    @keyword
    def browser_settings(self) -> BrowserSettings:
        """Return the settings of the browser that the suites use."""
        # The browser opens files only, so the domain does not matter.
        return browser_settings(Server(domain="nowhere.test"), self._output / "home")

    @keyword
    def page_url(self, page: str) -> str:
        """Return the file: URL of a page."""
        return (self._pages / page).as_uri()

    @keyword
    def script(self, name: str) -> str:
        """Return the content of a script in this folder."""
        return (Path(__file__).parent / name).read_text(encoding="utf-8")

    @keyword
    def screenshot_path(self, page: str, width: int, colours: str) -> str:
        """Return the path of the screenshot of a page, without the extension."""
        return str(self._output / f"{Path(page).stem}-{width}-{colours}")
