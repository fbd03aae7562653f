"""The lab's abra, compared with docs/abra.md: commands for a running app.

All tests share one deployment. The docstring of each test names the section of docs/abra.md that it
checks.
"""

import json
import os
import re
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest
from ptyprocess import PtyProcess

from tests.abra_home import ABRA, OLD, RECIPE, AbraHome
from tests.lab.standins.abra_site import (
    abra_site,
    docker,
    labels_of,
    left_of,
    new_app,
    service_of,
    stack_of,
)

pytestmark = pytest.mark.lab
APP = "abra-run.lab.test"
STACK = stack_of(APP)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AbraHome]:
    with abra_site(tmp_path_factory.mktemp("running")) as made:
        new_app(made, APP, OLD)
        done = made.abra("app", "deploy", "-nD", APP)
        assert done.code == 0, done.err
        yield made


def test_labels(home: AbraHome) -> None:
    """2, 'Labels on app service deploy'."""
    assert labels_of(APP) == {"recipe": RECIPE, "chaos": "false", "version": OLD, "timeout": "20"}


def test_all_settings_are_exposed_to_the_service_app(home: AbraHome) -> None:
    """1.4, 'merge abra.sh exports', 'expose all env to the app service, incl. TYPE with version';
    abra.sh is read, but not executed."""
    entries = service_of(APP)["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"]
    env = dict(entry.partition("=")[::2] for entry in entries)
    assert env["TYPE"] == f"{RECIPE}:{OLD}"
    assert env["DOMAIN"] == APP
    assert env["STACK_NAME"] == STACK
    assert env["GREETING_VERSION"] == "v1"
    assert env["SECRET_TOKEN_VERSION"] == "v1"
    assert env["OWN"] == "from-compose"
    assert not list(home.path.rglob("executed"))
    # Environment variables of the caller are not passed on.
    assert "ABRA_DIR" not in env


def test_deploy_waits_for_the_health_check(home: AbraHome) -> None:
    """1.4, 'deploy, then wait'."""
    row = home.abra("app", "ps", "-m", APP).json["app"]
    assert "(healthy)" in row["status"]


def test_a_deployed_app_is_refused_without_force(home: AbraHome) -> None:
    """1.4, 'already deployed? (stop unless force/chaos)'; 1.2, -f."""
    done = home.abra("app", "deploy", "-nD", APP)
    assert done.code == 1 and f"{APP} is already deployed" in done.err
    assert home.abra("app", "deploy", "-nDf", APP).code == 0


def test_ps(home: AbraHome) -> None:
    """1.2 app ps: object of objects, all strings."""
    found = home.abra("app", "ps", APP, "-m").json
    assert list(found) == ["app"]
    row = found["app"]
    assert set(row) == {
        "service", "chaos", "created", "image", "ports", "state", "status", "version",
    }  # fmt: skip
    assert all(isinstance(value, str) for value in row.values())
    assert (row["service"], row["chaos"], row["state"]) == ("app", "false", "running")
    assert (row["image"], row["version"]) == ("abra-test:1.0", OLD)


def test_ps_of_an_app_that_is_not_deployed(home: AbraHome) -> None:
    """1.2 app ps, 'Non-zero if not deployed'; 1.2 app ls -S, 'unknown when absent'."""
    new_app(home, "abra-not.lab.test", OLD)
    done = home.abra("app", "ps", "-m", "abra-not.lab.test")
    assert (done.code, done.out) == (1, "")
    row = home.abra("app", "ls", "-mS").json["default"]["apps"][0]
    assert row["appName"] == "abra-not.lab.test"
    names = ("status", "chaos", "chaosVersion", "version", "upgrade")
    assert {row[name] for name in names} == {"unknown"}
    assert home.abra("app", "remove", "-n", "abra-not.lab.test").code == 0


def test_list_with_status(home: AbraHome) -> None:
    """1.2 app ls -m -S; upgrade: newline-joined newer tags, descending."""
    home.git("tag", "--annotate", "--message", "later", "1.2.0+1.11.0", OLD)
    server = home.abra("app", "ls", "-m", "-S").json["default"]
    home.git("tag", "--delete", "1.2.0+1.11.0")
    assert server["apps"] == [
        {
            "server": "default",
            "recipe": RECIPE,
            "appName": APP,
            "domain": APP,
            "status": "deployed",
            "chaos": "false",
            "chaosVersion": "unknown",
            "version": OLD,
            "upgrade": "1.2.0+1.11.0\n1.1.0+1.10.0",
        }
    ]
    counts = {key: value for key, value in server.items() if key != "apps"}
    assert counts == {
        "appCount": 1, "versionCount": 1, "unversionedCount": 0, "latestCount": 0,
        "upgradeCount": 1,
    }  # fmt: skip


def test_run(home: AbraHome) -> None:
    """1.2 app run: no terminal with -t; `--` before flags of the command; FATA ends with 1."""
    done = home.abra("app", "run", "-t", APP, "app", "cat", "/greeting")
    assert (done.code, done.out) == (0, "hello\n")
    done = home.abra("app", "run", "-t", "-u", "7:8", APP, "app", "--", "id", "-u")
    assert (done.code, done.out) == (0, "7\n")
    done = home.abra("app", "run", "-t", APP, "app", "--", "sh", "-c", "exit 3")
    assert done.code == 1 and "FATA exit status 3" in done.err
    done = home.abra("app", "run", "-t", APP, "none", "true")
    assert done.code == 1 and "no running container" in done.err
    done = home.in_terminal("app", "run", APP, "app", "--", "sh", "-c", "test -t 1 && echo tty")
    assert (done.code, done.out) == (0, "tty\r\n")


def test_secrets_are_mounted(home: AbraHome) -> None:
    """2, 'Mounted /run/secrets/<name>'."""
    done = home.abra("app", "run", "-t", APP, "app", "cat", "/run/secrets/token")
    assert re.fullmatch(r"[0-9a-f]{24}", done.out)


def test_cmd(home: AbraHome) -> None:
    """1.2 app cmd: a function of abra.sh, in the container, or with -l locally; cmd list."""
    done = home.abra("app", "cmd", "-t", APP, "app", "hello", "it's me")
    assert (done.code, done.out) == (0, f"hello it's me from {STACK} in app\n"), done.err
    done = home.abra("app", "cmd", "-l", APP, "hello", "you")
    assert done.out == f"hello you from {STACK} in local\n"
    assert "hello" in home.abra("app", "cmd", "list", APP).out
    done = home.abra("app", "cmd", "-t", APP, "app", "nothing")
    assert done.code == 1 and "has no command 'nothing'" in done.err
    for trace in home.path.rglob("executed"):
        trace.unlink()  # The shell executes all of abra.sh to call a function.


def test_cp_in_both_directions(home: AbraHome) -> None:
    """1.2 app cp."""
    (home.path / "there").write_text("there and back", encoding="utf-8")
    assert home.abra("app", "cp", APP, "there", "app:/tmp/there").code == 0
    assert home.abra("app", "cp", APP, "app:/tmp/there", "back").code == 0
    assert (home.path / "back").read_text(encoding="utf-8") == "there and back"
    done = home.abra("app", "cp", APP, "there", "back")
    assert done.code == 1 and "<service>:<path>" in done.err


def test_volumes(home: AbraHome) -> None:
    """1.2 app volume; rm is refused while the app is deployed."""
    listed = home.in_terminal("app", "volume", "ls", APP)
    assert listed.code == 0 and f"{STACK}_data" in listed.out
    done = home.in_terminal("app", "volume", "rm", "-fn", APP)
    assert done.code == 1 and "still deployed" in done.out
    assert left_of(APP)["volumes"] == [f"{STACK}_data"]


def test_a_secret_in_use_cannot_be_removed(home: AbraHome) -> None:
    """2, secrets are immutable, and cannot be removed while they are in use."""
    done = home.abra("app", "secret", "rm", "-n", APP, "token")
    assert done.code == 1 and "in use" in done.err
    assert f"{STACK}_token_v1" in left_of(APP)["secrets"]


def test_services(home: AbraHome) -> None:
    """1.2 services."""
    assert f"{STACK}_app" in home.abra("app", "services", APP).out


def test_logs_stream_until_killed(home: AbraHome) -> None:
    """1.2 app logs, 'streams until killed'."""
    process = PtyProcess.spawn(
        [str(ABRA), "app", "logs", APP, "app"], env={**os.environ, "ABRA_DIR": str(home.path)}
    )
    output = b""
    # A log that never comes ends this with EOFError.
    late = Timer(60, process.terminate, [True])
    late.start()
    try:
        while b"started" not in output:
            output += process.read(4096)
    finally:
        late.cancel()
    assert process.isalive()
    process.kill(signal.SIGINT)
    assert process.wait() != 0


def test_restart(home: AbraHome) -> None:
    """1.2 restart: a new task runs afterwards, with the same secrets and data."""
    before = _task()
    assert home.abra("app", "run", "-t", APP, "app", "touch", "/data/kept").code == 0
    done = home.abra("app", "restart", "-n", APP, "app")
    assert done.code == 0, done.err
    assert _task() != before
    assert home.abra("app", "run", "-t", APP, "app", "--", "test", "-e", "/data/kept").code == 0
    done = home.abra("app", "restart", "-n", APP, "none")
    assert done.code == 1 and "has no service 'none'" in done.err


def test_backup_and_restore(home: AbraHome) -> None:
    """4: the bot is found by its label and called with a terminal; download writes a tar.gz."""
    assert home.abra("app", "run", "-t", APP, "app", "touch", "/data/precious").code == 0
    made = home.in_terminal("app", "backup", "create", "-n", APP)
    assert made.code == 0, made.out
    listed = home.in_terminal("app", "backup", "snapshots", "-n", APP)
    snapshots = re.findall(r"\b[0-9a-f]{8,64}\b", listed.out)
    try:
        assert len(set(snapshots)) == 1, listed.out
        content = home.in_terminal("app", "backup", "list", "-n", "-s", snapshots[0], APP)
        assert f"{STACK}_data" in content.out and "precious" in content.out
        volume = json.loads(docker("volume", "inspect", f"{STACK}_data"))[0]["Mountpoint"]
        Path(volume, "precious").unlink()
        restored = home.in_terminal("app", "restore", "-n", "-s", snapshots[0], APP)
        assert restored.code == 0, restored.out
        assert (
            home.abra("app", "run", "-t", APP, "app", "--", "test", "-e", "/data/precious").code
            == 0
        )
        fetched = home.in_terminal("app", "backup", "download", "-n", "-s", snapshots[0], APP)
        assert fetched.code == 0, fetched.out
        with tarfile.open(home.path / "backup.tar.gz") as archive:
            assert any(name.endswith("precious") for name in archive.getnames())
        wrong = home.in_terminal("app", "restore", "-n", "-s", "ffffffff", APP)
        assert wrong.code != 0
    finally:
        _forget(set(snapshots))


def _forget(snapshots: set[str]) -> None:
    """Remove snapshots from the bot's repository; another run may have locked it for a moment."""
    bot = docker("ps", "-q", "--filter", "label=coop-cloud.backupbot.enabled=true").split()[0]
    deadline = time.monotonic() + 60
    while True:
        done = subprocess.run(
            ["docker", "exec", bot, "restic", "forget", *snapshots],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode == 0:
            return
        assert time.monotonic() < deadline, done.stderr
        time.sleep(0.5)


def _task() -> str:
    options = ["--filter", "desired-state=running", "--quiet", f"{STACK}_app"]
    return docker("service", "ps", *options).strip()
