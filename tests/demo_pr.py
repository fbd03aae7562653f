"""`make demo-pr`: the pull request loop as a maintainer sees it, on the lab's own forge.

Two pull requests on custom-html: one publishes a new release and passes, the other removes the
backup label and fails.
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
    """Show both pull requests; return 0 if both have the expected result."""
    site = ForgePeople.make("recipe-maintainers")
    forge, store = site.forge(), Store.of(site.settings)
    poller = Poller(forge, store, _log)
    poller.start()
    _log(mirror.mirror(forge, site.settings, RECIPE))
    good = _show(site, forge, store, poller, "Publish release 1.2.0", RELEASE)
    bad = _show(site, forge, store, poller, "Tidy up the labels", BACKUP_LOST)
    shown = site.dashboard(f"{RECIPE}.html")
    runs = [one.run_id for one in store.requests()][-2:]
    rows = sum(run in shown for run in runs)
    _log(f"{site.settings.dashboard}/{RECIPE}.html shows {rows} of these 2 runs")
    _log(f"result of the first pull request: {good}, of the second: {bad}")
    return 0 if (good, bad, rows) == ("success", "failure", 2) else 1


def _show(
    site: ForgePeople,
    forge: Forge,
    store: Store,
    poller: Poller,
    title: str,
    change: tuple[str, str],
) -> str:
    """Open a pull request, ask for a test, and print the comment each time it changes."""
    compose = site.content(RECIPE, "compose.yml")
    assert change[0] in compose, f"compose.yml of {RECIPE} does not contain {change[0]!r} any more"
    files = {"compose.yml": compose.replace(*change)}
    number = site.open_pull_request(RECIPE, title, files)
    commit = forge.pull_request(RECIPE, number).commit
    _log(f"{site.settings.url}/{site.organisation}/{RECIPE}/pulls/{number}: {title}")
    site.comment(RECIPE, number, "!testme")
    _log(f"{site.maintainer} commented !testme")
    shown = ""
    deadline = time.monotonic() + MOST_SECONDS
    poll = True
    while time.monotonic() < deadline:
        poller.cycle(poll)
        poll = False
        comments = site.loop_comments(RECIPE, number)
        body = comments[0]["body"] if comments else ""
        if body != shown:
            shown = body
            lines = [line for line in body.splitlines() if not line.startswith("<!--")]
            print("\n".join(f"    | {line}" for line in lines), flush=True)
        if not store.requests(*LIVE) and not store.unposted():
            break
        time.sleep(PAUSE_SECONDS)
    for comment in site.loop_comments(RECIPE, number):
        for asset in comment["assets"]:
            _log(f"attached: {asset['name']} ({asset['size']} bytes)")
    state = site.statuses(RECIPE, commit).get(f"ccci/{RECIPE}", "none")
    _log(f"commit status of {commit[:7]}: {state}")
    return state


def _log(line: str) -> None:
    print(f"demo-pr  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
