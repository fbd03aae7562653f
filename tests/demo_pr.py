"""`make demo-pr`: the pull request loop as a maintainer sees it, on the lab's own forge.

Two pull requests on custom-html: one that publishes a new release and passes, one that loses the
backup's label and does not.
"""

import sys
import time

from ccci.loop import mirror
from ccci.loop.forge import Forge
from ccci.loop.poller import Poller
from ccci.loop.store import LIVE, Store
from tests.forge_people import ForgePeople

RECIPE = "custom-html"
MOST_SECONDS = 900.0
PAUSE_SECONDS = 1.0
RELEASE = ("version=1.1.0+1.26.3", "version=1.2.0+1.26.3")
BACKUP_LOST = ('        - "backupbot.backup=${ENABLE_BACKUPS:-true}"\n', "")


def main() -> int:
    """Show both pull requests; return 0 when both ended as they should."""
    site = ForgePeople.make("recipe-maintainers")
    forge, store = site.forge(), Store.of(site.settings)
    poller = Poller(forge, store, _say)
    poller.start()
    _say(mirror.mirror(forge, site.settings, RECIPE))
    good = _show(site, forge, store, poller, "Publish release 1.2.0", RELEASE)
    bad = _show(site, forge, store, poller, "Tidy up the labels", BACKUP_LOST)
    shown = site.dashboard(f"{RECIPE}.html")
    runs = [one.run_id for one in store.requests()][-2:]
    rows = sum(run in shown for run in runs)
    _say(f"{site.settings.dashboard}/{RECIPE}.html has {rows} of these 2 runs")
    _say(f"the first pull request ended in {good}, the second in {bad}")
    return 0 if (good, bad, rows) == ("success", "failure", 2) else 1


def _show(
    site: ForgePeople,
    forge: Forge,
    store: Store,
    poller: Poller,
    title: str,
    change: tuple[str, str],
) -> str:
    """Open a pull request, ask for a test, and show the comment as it changes."""
    compose = site.content(RECIPE, "compose.yml")
    assert change[0] in compose, f"{RECIPE} does not hold {change[0]!r} any more"
    files = {"compose.yml": compose.replace(*change)}
    number = site.open_pull_request(RECIPE, title, files)
    head = forge.pull_request(RECIPE, number).head
    _say(f"{site.settings.url}/{site.organisation}/{RECIPE}/pulls/{number}: {title}")
    site.say(RECIPE, number, "!testme")
    _say(f"{site.maintainer} commented !testme")
    shown = ""
    deadline = time.monotonic() + MOST_SECONDS
    look = True
    while time.monotonic() < deadline:
        poller.turn(look)
        look = False
        said = site.said(RECIPE, number)
        body = said[0]["body"] if said else ""
        if body != shown:
            shown = body
            lines = [line for line in body.splitlines() if not line.startswith("<!--")]
            print("\n".join(f"    | {line}" for line in lines), flush=True)
        if not store.requests(*LIVE) and not store.untold():
            break
        time.sleep(PAUSE_SECONDS)
    for comment in site.said(RECIPE, number):
        for asset in comment["assets"]:
            _say(f"attached: {asset['name']} ({asset['size']} bytes)")
    state = site.statuses(RECIPE, head).get(f"ccci/{RECIPE}", "none")
    _say(f"commit status of {head[:7]}: {state}")
    return state


def _say(words: str) -> None:
    print(f"demo-pr  {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
