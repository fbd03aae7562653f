"""The steps of a backup; after a failure, no snapshot is kept."""

import subprocess
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import backupbot.create
import pytest
from backupbot.errors import BackupError
from backupbot.hooks import _SHELL, HookRunner
from backupbot.labels import parse
from backupbot.plan import Hook, Mount, Promise, Service, Stack
from backupbot.swarm import CommandResult

LABELS = {
    "backupbot.backup": "true",
    "backupbot.backup.pre-hook": "dump",
    "backupbot.backup.post-hook": "tidy",
}


class Site:
    """A Swarm and a repository for tests; it records what is called."""

    def __init__(self, fails: str = "", replaced_by: str = "") -> None:
        self.done: list[str] = []
        self.snapshots: list[str] = []
        self.fails = fails
        self.replaced_by = replaced_by

    def container_of(self, service: Service) -> str:
        return self.replaced_by if self.replaced_by and "backup" in self.done else "first"

    def run(self, container: str, command: list[str]) -> CommandResult:
        self.done.append(command[-1])
        return CommandResult(3 if self.fails == command[-1] else 0, "it broke")

    def backup(self, stack: str, version: str, paths: Sequence[str]) -> str:
        self.done.append("backup")
        if self.fails == "backup" or (self.fails == "once" and self.done.count("backup") == 1):
            raise BackupError("some files could not be read")
        self.snapshots.append("0123456789")
        return "0123456789"

    def forget(self, snapshot: str) -> None:
        self.snapshots.remove(snapshot)


def take(site: Site, monkeypatch: pytest.MonkeyPatch, lines: list[str], **options: bool) -> str:
    monkeypatch.setattr(backupbot.create, "require_promised", lambda promises, say: None)
    monkeypatch.setattr(backupbot.create, "own_folder", lambda stack, volumes, own: nullcontext())
    monkeypatch.setattr(backupbot.create, "carry", lambda source, target, paths: None)
    mount = Mount("volume", "shop_data", "/data")
    stack = Stack("shop", (Service("db", "id", parse("db", LABELS), (mount,)),))
    return backupbot.create.create(stack, site, site, lines.append, **options)


def test_hooks_run_before_and_after_the_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    site, lines = Site(), list[str]()
    assert take(site, monkeypatch, lines) == "0123456789"
    assert site.done == ["dump", "backup", "tidy"]
    assert "dump" not in " ".join(lines), "the command line of a hook may have secret values"


def test_hooks_can_be_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site()
    take(site, monkeypatch, [], with_hooks=False)
    assert site.done == ["backup"]


def test_a_backup_that_failed_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(fails="once")
    take(site, monkeypatch, [])
    assert site.done == ["dump", "backup", "backup", "tidy"]


@pytest.mark.parametrize(
    ("fails", "replaced_by", "message", "done"),
    [
        ("dump", "", "pre-hook of service db failed with exit code 3", ["dump", "tidy"]),
        ("backup", "", "could not be read", ["dump", "backup", "backup", "tidy"]),
        ("tidy", "", "post-hook of service db failed", ["dump", "backup", "tidy"]),
        ("", "second", "db was replaced", ["dump", "backup", "tidy"]),
    ],
)
def test_after_any_failure_no_snapshot_is_kept_and_the_post_hook_is_run(
    monkeypatch: pytest.MonkeyPatch, fails: str, replaced_by: str, message: str, done: list[str]
) -> None:
    site = Site(fails, replaced_by)
    with pytest.raises(BackupError, match=message):
        take(site, monkeypatch, [])
    assert site.done == done
    assert site.snapshots == []


def test_promised_paths_must_exist(tmp_path: Path) -> None:
    data = tmp_path / "shop_data" / "_data"
    data.mkdir(parents=True)
    (data / "dump.sql").touch()
    (data / "link").symlink_to("/elsewhere")
    lines: list[str] = []
    check = backupbot.create.require_promised
    check([Promise("shop_data"), Promise("shop_data", "dump.sql")], lines.append, tmp_path)
    assert lines == ["warning: volume shop_data: dump.sql is an empty file"]
    with pytest.raises(BackupError, match=r"not there: volume shop_data: x; volume shop_gone$"):
        check([Promise("shop_data", "x"), Promise("shop_gone")], lines.append, tmp_path)
    for path in ("link", "link/below"):
        with pytest.raises(BackupError, match="'link' of volume shop_data is a symbolic link"):
            check([Promise("shop_data", path)], lines.append, tmp_path)


@pytest.mark.parametrize(
    ("command", "code"),
    [("true", 0), ("exit 4", 4), ("false | cat", 1), ("echo $((1+1)) | grep -q 2", 0)],
)
def test_a_hook_fails_if_any_command_of_its_pipe_fails(command: str, code: int) -> None:
    done = subprocess.run(["sh", "-c", _SHELL, "sh", command], check=False)
    assert done.returncode == code


def test_the_error_names_a_service_without_a_container() -> None:
    class WithoutContainers(Site):
        def container_of(self, service: Service) -> str:
            raise BackupError("it has no running container")

    hook = Hook(Service("db", "id", parse("db", {})), "dump")
    with pytest.raises(BackupError, match="service db could not run: it has no running container"):
        HookRunner(WithoutContainers(), lambda line: None).run("backup pre-hook", [hook])
