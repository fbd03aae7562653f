"""A restore: restic writes where no link of an app stands, and only then into the volumes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import backupbot.carry
import backupbot.restore
import pytest
from backupbot.errors import BackupError
from backupbot.plan import VOLUMES_ROOT
from backupbot.restic import Snapshot
from backupbot.restore import RestoreChoice, restore

PAGE = f"{VOLUMES_ROOT}/shop_data/_data/sub/page"
SNAPSHOT = Snapshot("0123456789", datetime.now(UTC), "shop", (PAGE,))


class Repository:
    """Writes one page to wherever it is told, as restic does, through links too."""

    def __init__(self, own: Path) -> None:
        self.own, self.targets = own, list[str]()

    def restore(self, snapshot: Snapshot, target: str, includes: Sequence[str]) -> None:
        self.targets.append(target)
        page = self.own / Path(PAGE).relative_to(VOLUMES_ROOT)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("restored")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    live, own = tmp_path / "live", tmp_path / "own"
    (live / "shop_data" / "_data").mkdir(parents=True)
    monkeypatch.setattr(backupbot.carry, "_LOCKS", tmp_path / "locks")
    monkeypatch.setattr(backupbot.restore, "LIVE_ROOT", live)
    monkeypatch.setattr(backupbot.restore, "OWN_ROOT", own)
    return Repository(own)


def restored(repository: Any, target: str = "/") -> None:
    choice = RestoreChoice(target=target, with_hooks=False)
    no_swarm: Any = None
    restore(None, SNAPSHOT, no_swarm, repository, lambda line: None, choice)


def test_a_page_comes_back_and_nothing_is_left_in_the_own_folder(
    repository: Repository, tmp_path: Path
) -> None:
    restored(repository)
    page = tmp_path / "live" / "shop_data" / "_data" / "sub" / "page"
    assert page.read_text() == "restored"
    assert list((tmp_path / "own").iterdir()) == []


def test_nothing_is_written_through_a_link(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "live" / "shop_data" / "_data" / "sub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BackupError, match="'sub' of volume shop_data is a symbolic link"):
        restored(repository)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert list((tmp_path / "own").iterdir()) == []


@pytest.mark.parametrize("target", ["{live}", "{live}/shop_data/_data", "/tmp/../{live}"])
def test_no_volume_can_be_the_target(repository: Repository, tmp_path: Path, target: str) -> None:
    with pytest.raises(BackupError, match="may be in a volume: choose another folder"):
        restored(repository, target.format(live=tmp_path / "live"))
    assert repository.targets == []
