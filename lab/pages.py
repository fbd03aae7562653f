"""The lab's web server for the dashboard: custom-html over a folder that the loop writes.

The pages are in a folder within: Docker fills a volume that is empty with the image's own pages.
"""

from lab.apps import App
from lab.made import Made
from lab.settings import Settings

NAME = "tests"
RECIPE = "custom-html"
FOLDER = "web"
PAGES = "recipes"


def app(settings: Settings, made: Made) -> App:
    """The web server as an app to deploy; makes its folder."""
    if made.find("path", FOLDER) is None:
        made.record("path", FOLDER)
    folder = settings.lab / FOLDER
    for path in (folder, folder / PAGES):
        path.mkdir(exist_ok=True)
        # The server in the container is another user's.
        path.chmod(0o755)
    return App(recipe=RECIPE, domain=settings.name(NAME), binds={"content": folder})


def url(settings: Settings) -> str:
    """The dashboard's address, without a slash at its end; its front page is index.html there."""
    port = "" if settings.https_port == 443 else f":{settings.https_port}"
    return f"https://{settings.name(NAME)}{port}/{PAGES}"
