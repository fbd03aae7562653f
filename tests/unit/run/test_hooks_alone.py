"""A hook is tried where nothing runs, in the shell of the backup bot."""

import subprocess
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from ccci.deploy.driver import AppDriver
from ccci.run import hooks_alone
from ccci.swarm.alone import Command
from ccci.swarm.view import Service, Task

LABELS = {
    "backupbot.backup": "true",
    "backupbot.backup.pre-hook": "exit 3 | cat",
    "backupbot.backup.post-hook": "true",
    "backupbot.restore.post-hook": "exec sleep 60",
}
RUNNING = Task("t", "running", "running", True, datetime.now(UTC), None, "")
DB = Service("s1", "wiki_db", "db", "wiki:1", LABELS, 1, "", "any", (RUNNING,))
IDLE = Service("s2", "wiki_x", "x", "wiki:1", LABELS, 0, "", "any", ())


def test_each_hook_of_what_runs_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_: object, service: Service, command: Command, *names: str) -> int | None:
        assert (service, names[1], command.wants_secrets) == (DB, "r1", True)
        try:
            return subprocess.run(command.words, timeout=5).returncode
        except subprocess.TimeoutExpired:
            return None

    monkeypatch.setattr(hooks_alone, "exit_code_alone", run)
    written: list[str] = []
    journal = SimpleNamespace(run_id="r1", record=lambda _, name: written.append(name))
    driver = SimpleNamespace(
        services=lambda: [DB, IDLE],
        target=SimpleNamespace(swarm=None),
        record=SimpleNamespace(journal=journal),
    )
    assert hooks_alone.hooks_that_fail_alone(cast(AppDriver, driver)) == {
        "db: backupbot.backup.pre-hook": True,
        "db: backupbot.backup.post-hook": False,
        "db: backupbot.restore.post-hook": True,
    }
    assert written == [f"ccci-r1-hook-{number}-of-db" for number in range(3)]
