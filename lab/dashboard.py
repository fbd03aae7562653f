"""The lab's web server for the dashboard: a custom-html with a folder that the loop writes.

The pages are in a subfolder, as Docker fills an empty volume with the pages of the image.
"""

from pathlib import Path

from lab.apps import App
from lab.inventory import Inventory
from lab.settings import Settings

NAME = "tests"
RECIPE = "custom-html"
FOLDER = "web"
PAGES = "recipes"


def app(settings: Settings, inventory: Inventory) -> App:
    """Create the folder of the web server, and return the app to deploy."""
    if inventory.find("path", FOLDER) is None:
        inventory.record("path", FOLDER)
    folder = settings.lab / FOLDER
    for path in (folder, folder / PAGES):
        path.mkdir(exist_ok=True)
        # The server in the container runs as another user.
        path.chmod(0o755)
    return App(
        recipe=RECIPE,
        domain=settings.name(NAME),
        configs={"nginx_default_conf": Path(__file__).with_name("dashboard.conf.tmpl")},
        binds={"content": folder},
    )


def url(settings: Settings) -> str:
    """Return the URL of the folder with the pages, without a slash at the end."""
    port = "" if settings.https_port == 443 else f":{settings.https_port}"
    return f"https://{settings.name(NAME)}{port}/{PAGES}"
