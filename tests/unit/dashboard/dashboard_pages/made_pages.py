"""Where the pages are that dashboard.robot looks at, and the browser that it looks with."""

from pathlib import Path

from robot.api.deco import keyword, library

from ccci.node.server import Server
from ccci.web.chromium import BrowserSettings, browser_settings


@library(scope="GLOBAL", auto_keywords=False)
class made_pages:  # noqa: N801  Robot wants the module's name.
    """Addresses of files, and a browser that needs no names: it opens files only."""

    def __init__(self, pages: str, output: str) -> None:
        """Take the folder of the pages and that of Robot's own output."""
        self._pages, self._output = Path(pages), Path(output)

    @keyword
    def the_browser(self) -> BrowserSettings:
        """Return the project's own browser."""
        return browser_settings(Server(domain="nowhere.test"), self._output / "home")

    @keyword
    def address_of(self, page: str) -> str:
        """Return the address of a page, as a file."""
        return (self._pages / page).as_uri()

    @keyword
    def script(self, name: str) -> str:
        """Return a script that stands beside this file."""
        return (Path(__file__).parent / name).read_text(encoding="utf-8")

    @keyword
    def picture_name(self, page: str, width: int, colours: str) -> str:
        """Return where a picture of a page goes."""
        return str(self._output / f"{Path(page).stem}-{width}-{colours}")
