"""The lab's backup bot on the real Swarm: all forms of labels, failures and restores."""

import io
import re
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import pytest

from ccci.teardown.snapshots import replaced_programs
from tests.lab.standins.backupbot_site import Form, Site, until

pytestmark = pytest.mark.lab

VOLUMES = "/var/lib/docker/volumes"
SNAPSHOT_FILES = "ls /backups/restic/snapshots"
DUMP = "cp /var/lib/db/live /var/lib/db/dump.sql"
LOAD = "cp /var/lib/db/dump.sql /var/lib/db/live"
FORMS = {
    "specification": Form(
        app={
            "backupbot.backup": "true",
            "backupbot.backup.volumes.cache": "false",
            "backupbot.backup.volumes.data.path": "dump.sql",
        },
        db={
            "backupbot.backup.pre-hook": DUMP,
            "backupbot.backup.post-hook": "rm /var/lib/db/dump.sql",
            "backupbot.restore.post-hook": LOAD,
        },
        files=["content/_data/page", "content/_data/sub/picture", "data/_data/dump.sql"],
    ),
    "path": Form(
        app={"backupbot.backup": "true", "backupbot.backup.path": "/srv/content/sub"},
        db={
            "backupbot.backup": "true",
            "backupbot.backup.path": "/var/lib/db/dump.sql",
            "backupbot.backup.pre-hook": f"sh -c '{DUMP}'",
            "backupbot.restore.post-hook": f"sh -c '{LOAD}'",
        },
        files=["content/_data/sub/picture", "data/_data/dump.sql"],
    ),
    "older": Form(
        app={"backupbot.backup": "true", "backupbot.volumes.cache": "false"},
        db={
            "backupbot.backup.command": DUMP,
            "backupbot.volumes.data.path": "dump.sql",
            "backupbot.restore.post-hook": LOAD,
        },
        files=["content/_data/page", "content/_data/sub/picture", "data/_data/dump.sql"],
    ),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    new = Site(docker.from_env())
    try:
        new.set_up(tmp_path_factory.mktemp("backupbot"))
        yield new
    finally:
        new.tear_down()


@pytest.fixture(scope="module")
def snapshot(site: Site) -> str:
    """The id of a snapshot of the app `one`, with its whole volume `content`."""
    fill(site, site.one, FORMS["specification"])
    done = site.backup("create", site.one)
    assert done.code == 0, done.text
    return done.lines[-1].rsplit(" ", 1)[1]


def fill(site: Site, stack: str, form: Form) -> None:
    """Set the labels of a stack, and write files into each volume."""
    site.label(stack, form.app, form.db)
    site.shell(
        stack,
        "app",
        "cd /srv/content; rm -rf page sub cache/*; mkdir sub; echo hello > page; "
        "printf '\\000\\377\\n' > sub/picture; echo warm > cache/entry",
    )
    site.shell(stack, "db", f"cd /var/lib/db; rm -f *; echo rows-of-{stack} > live")


@pytest.mark.parametrize("name", FORMS)
def test_what_the_labels_promise_is_restored_after_a_loss(site: Site, name: str) -> None:
    form = FORMS[name]
    fill(site, site.one, form)
    done = site.backup("create", site.one, tty=True)
    assert done.code == 0, done.text
    ended = re.fullmatch(r"backup finished ([0-9a-f]{8})", done.lines[-1])
    assert ended and site.snapshots(site.one)[-1] == ended[1]

    listed = site.backup("ls", site.one).lines
    found = [line for line in listed if line.rsplit("/", 1)[1] in ("page", "picture", "dump.sql")]
    assert sorted(found) == [f"{VOLUMES}/{site.one}_{file}" for file in form.files]
    assert not [line for line in listed if "cache/_data" in line or line.endswith("/live")]

    site.shell(site.one, "app", "cd /srv/content; rm -rf page sub cache/*; echo new > newer")
    site.shell(site.one, "db", "rm -f /var/lib/db/*")
    restored = site.backup("restore", site.one, SNAPSHOT=ended[1])
    assert restored.code == 0, restored.text
    assert restored.lines[-1] == "restore finished"
    assert site.shell(site.one, "app", "od -An -tx1 /srv/content/sub/picture").strip() == "00 ff 0a"
    assert site.shell(site.one, "db", "cat /var/lib/db/live") == f"rows-of-{site.one}"
    assert site.shell(site.one, "app", "ls /srv/content/cache; cat /srv/content/newer") == "new"


HOOKED = {"backupbot.backup.pre-hook": DUMP, "backupbot.backup.post-hook": "touch /var/lib/db/tidy"}


@pytest.mark.parametrize(
    ("app", "db", "message"),
    [
        (
            {},
            HOOKED | {"backupbot.backup.pre-hook": "echo out of space >&2; false | cat"},
            "pre-hook of service db failed with exit code 1; its output:\nout of space",
        ),
        (
            {"backupbot.backup.volumes.data.path": "dump.sql,other.sql"},
            HOOKED,
            "promised by a label and not there: volume {stack}_data: other.sql",
        ),
        (
            {"backupbot.backup.path": "/etc/nginx"},
            {},
            "promises /etc/nginx, which is not in a volume",
        ),
        (
            {},
            HOOKED | {"backupbot.backup.post-hook": "touch /var/lib/db/tidy; exit 7"},
            "post-hook of service db failed with exit code 7",
        ),
    ],
    ids=["pre-hook", "missing-path", "no-volume", "post-hook"],
)
def test_after_a_failure_no_snapshot_is_kept(
    site: Site, app: dict[str, str], db: dict[str, str], message: str
) -> None:
    fill(site, site.two, Form({"backupbot.backup": "true", **app}, db))
    before = site.shell(site.bot, "app", SNAPSHOT_FILES)
    ended = site.backup("create", site.two)
    assert ended.code == 1, ended.text
    assert message.format(stack=site.two) in ended.text
    assert "backup finished" not in ended.text
    assert site.shell(site.bot, "app", SNAPSHOT_FILES) == before
    if db:
        assert site.shell(site.two, "db", "ls /var/lib/db/tidy")


def test_the_backup_fails_if_a_container_ends_during_its_hook(site: Site) -> None:
    hook = {"backupbot.backup.pre-hook": "touch /var/lib/db/started; sleep 60"}
    fill(site, site.two, Form({"backupbot.backup": "true"}, hook))
    victim = site.container(site.two, "db")
    with ThreadPoolExecutor() as pool:
        ended = pool.submit(site.backup, "create", site.two)
        started = ["ls", "/var/lib/db/started"]
        until("the hook has started", lambda: not victim.exec_run(started)[0])
        victim.kill()
        assert ended.result().code == 1
    assert "hook of service db" in ended.result().text
    site.wait_for(f"{site.two}_db")


def test_snapshots_of_other_apps_are_not_restored(site: Site, snapshot: str) -> None:
    for stack, wanted, message in (
        (site.two, snapshot, "belongs to another app"),
        (site.two, "0123abcd", "no snapshot 0123abcd"),
        ("never_lab_test", "latest", "no snapshot of never_lab_test"),
    ):
        ended = site.backup("restore", stack, SNAPSHOT=wanted)
        assert ended.code == 1 and message in ended.text, ended.text
    assert site.backup("create", "never_lab_test").text.endswith("is not deployed on this server")


def test_two_apps_are_backed_up_at_the_same_time(site: Site) -> None:
    stacks = (site.one, site.two)
    for stack in stacks:
        fill(site, stack, FORMS["specification"])
    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(lambda stack: site.backup("create", stack), stacks))
    assert [each.code for each in ended] == [0, 0], ended
    for stack, each in zip(stacks, ended, strict=True):
        assert site.snapshots(stack)[-1] == each.lines[-1].rsplit(" ", 1)[1]


def test_a_part_can_be_downloaded(site: Site, snapshot: str) -> None:
    wanted = f"{VOLUMES}/{site.one}_content/_data/sub"
    ended = site.backup("download", site.one, SNAPSHOT=snapshot, INCLUDE_PATH=wanted)
    assert ended.code == 0 and ended.lines[-1] == "/tmp/backup.tar.gz", ended.text
    stream, _ = site.container(site.bot, "app").get_archive("/tmp/backup.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as outer:
        inner = outer.extractfile("backup.tar.gz")
        assert inner is not None
        with tarfile.open(fileobj=inner) as archive:
            assert archive.getnames() == [wanted[1:], f"{wanted[1:]}/picture"]
    missing = site.backup("download", site.one, INCLUDE_PATH="/etc")
    assert missing.code == 1 and "has nothing at /etc" in missing.text


def test_the_lock_of_a_killed_backup_is_removed(site: Site, tmp_path: Path) -> None:
    bot = site.container(site.bot, "app")
    bot.exec_run(
        ["sh", "-c", "sleep 300 | restic backup --stdin & echo $! > /tmp/pid"], detach=True
    )
    locks = ["sh", "-c", "ls /backups/restic/locks | grep ."]
    until("restic has a lock", lambda: bot.exec_run(locks)[0] == 0)
    site.shell(site.bot, "app", "kill -9 $(cat /tmp/pid) $(pgrep -f '^sleep 300$' || true)")
    fill(
        site,
        site.two,
        Form({"backupbot.backup": "true"}, {"backupbot.backup.post-hook": "exit 1"}),
    )
    # To remove the snapshot again, restic needs an exclusive lock.
    ended = site.backup("create", site.two)
    assert ended.code == 1 and "was removed again" in ended.text, ended.text
    assert bot.exec_run(locks)[0] == 1


# From a volume's own root to another volume, in the bot's container and on the node.
OUT = ["../../{two}_content/_data", "/volumes/{two}_content/_data", f"{VOLUMES}/{{two}}_content"]


def assert_untouched(site: Site) -> None:
    """Nothing of the app `two` or of the bot itself has changed."""
    said = site.shell(site.two, "app", "cd /srv/content; cat page picture; ls")
    assert said.split() == ["theirs", "theirs", "cache", "page", "picture"]
    assert replaced_programs(site.container(site.bot, "app")) == []
    assert site.shell(site.bot, "app", f"ls -A {VOLUMES}") == ""


@pytest.fixture
def theirs(site: Site) -> None:
    """The app `two` has files that no other app may read or write."""
    script = "cd /srv/content; rm -rf page sub cache/*; echo theirs > page; echo theirs > picture"
    site.shell(site.two, "app", script)


@pytest.mark.parametrize("target", OUT)
@pytest.mark.parametrize("label", ["path", "volume"])
def test_no_backup_leaves_the_app_s_volumes(
    site: Site, theirs: None, target: str, label: str
) -> None:
    labels = {
        "path": {"backupbot.backup.path": "/srv/content/way/page"},
        "volume": {"backupbot.backup.volumes.content.path": "way/page"},
    }
    fill(site, site.one, Form({"backupbot.backup": "true", **labels[label]}, {}))
    site.shell(site.one, "app", f"ln -s {target.format(two=site.two)} /srv/content/way")
    before = site.shell(site.bot, "app", SNAPSHOT_FILES)
    ended = site.backup("create", site.one)
    site.shell(site.one, "app", "rm /srv/content/way")
    assert ended.code == 1, ended.text
    assert f"'way' of volume {site.one}_content is a symbolic link" in ended.text
    assert site.shell(site.bot, "app", SNAPSHOT_FILES) == before
    assert_untouched(site)


@pytest.mark.parametrize("target", [*OUT, "/usr/bin"])
def test_no_restore_goes_through_a_folder_that_became_a_link(
    site: Site, snapshot: str, theirs: None, target: str
) -> None:
    there = target.format(two=site.two)
    site.shell(site.one, "app", f"cd /srv/content; rm -rf sub; ln -s {there} sub")
    ended = site.backup("restore", site.one, SNAPSHOT=snapshot)
    site.shell(site.one, "app", "rm /srv/content/sub")
    assert ended.code == 1, ended.text
    assert f"'sub' of volume {site.one}_content is a symbolic link" in ended.text
    assert_untouched(site)


@pytest.mark.parametrize("target", [f"{each}/page" for each in OUT] + ["/usr/bin/restic"])
def test_no_restore_writes_through_a_file_that_became_a_link(
    site: Site, snapshot: str, theirs: None, target: str
) -> None:
    there = target.format(two=site.two)
    site.shell(site.one, "app", f"cd /srv/content; rm -rf sub page; ln -s {there} page")
    ended = site.backup("restore", site.one, SNAPSHOT=snapshot)
    assert ended.code == 0, ended.text
    assert site.shell(site.one, "app", "cat /srv/content/page; stat -c %F /srv/content/page") == (
        "hello\nregular file"
    )
    assert_untouched(site)


SWAPPING = """
import ctypes, os
os.makedirs("/srv/content/sub", exist_ok=True)
os.symlink(%r, "/srv/content/link")
libc = ctypes.CDLL(None)
while not os.path.exists("/srv/content/stop"):
    libc.renameat2(-100, b"/srv/content/sub", -100, b"/srv/content/link", 2)
"""


def test_an_app_that_swaps_a_folder_for_a_link_all_the_time_leads_nowhere(
    site: Site, snapshot: str, theirs: None
) -> None:
    labels = {"backupbot.backup": "true", "backupbot.backup.path": "/srv/content/sub/picture"}
    fill(site, site.one, Form(labels, {}))
    program = SWAPPING % OUT[0].format(two=site.two)
    site.container(site.one, "app").exec_run(["python3", "-c", program], detach=True)
    try:
        for _ in range(8):
            site.backup("restore", site.one, SNAPSHOT=snapshot, NO_COMMANDS="true")
            assert_untouched(site)
            site.backup("create", site.one)
    finally:
        site.shell(
            site.one, "app", "touch /srv/content/stop; sleep 0.2; cd /srv/content; rm -rf *k p* s*"
        )
    picture = f"{VOLUMES}/{site.one}_content/_data/sub/picture"
    for made in site.snapshots(site.one):
        dump = f"restic dump {made} {picture} 2>/dev/null | od -An -tx1"
        assert site.shell(site.bot, "app", dump).strip() in ("00 ff 0a", ""), made
