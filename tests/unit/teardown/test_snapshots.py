"""Teardown forgets snapshots by their ids, and runs nothing that an app may have put there."""

from typing import TYPE_CHECKING, Any, cast

import pytest
from docker.errors import APIError

from ccci.errors import NodeFailure
from ccci.teardown import snapshots

if TYPE_CHECKING:
    from docker.models.containers import Container


class Bot:
    """A backup bot's container: tells what Docker says has changed in it, and what was run."""

    name = "backup-bot"

    def __init__(self, *changed: str) -> None:
        self.changed, self.ran = changed, list[list[str]]()

    def diff(self) -> list[dict[str, Any]] | None:
        return [{"Kind": 0, "Path": path} for path in self.changed] or None

    def exec_run(self, command: list[str], demux: bool) -> tuple[int, tuple[bytes, None]]:
        self.ran.append(command)
        return 0, (b'[{"id": "0123abcd", "hostname": "shop"}]', None)


def container(bot: Any) -> "Container":
    return cast("Container", bot)


def test_snapshots_are_forgotten_by_their_ids_and_nothing_is_pruned() -> None:
    bot = Bot()
    found = snapshots.snapshots_of(container(bot), ["shop"])
    snapshots.forget(container(bot), found)
    assert bot.ran[1:] == [["restic", "forget", "0123abcd"]]
    assert not [command for command in bot.ran if any("prune" in word for word in command)]


@pytest.mark.parametrize(
    "changed",
    [
        ("/usr", "/usr/bin", "/usr/bin/restic"),
        ("/usr", "/usr/local", "/usr/local/bin", "/usr/local/bin/restic"),
        ("/etc", "/etc/ld.so.preload"),
        ("/lib", "/lib/ld-musl-x86_64.so.1"),
    ],
)
def test_nothing_is_run_where_a_program_was_replaced(changed: tuple[str, ...]) -> None:
    bot = Bot(*changed)
    with pytest.raises(NodeFailure, match=f"of its image, the first {changed[-1]}: "):
        snapshots.snapshots_of(container(bot), ["shop"])
    with pytest.raises(NodeFailure, match="nothing is run in the backup bot"):
        snapshots.forget(container(bot), ["0123abcd"])
    assert bot.ran == []


def test_what_a_bot_writes_itself_is_no_replaced_program() -> None:
    bot = Bot(
        *("/run", "/run/lock", "/tmp/backup.tar.gz", "/var/cache/restic/x", "/etc/crontabs/root"),
        *("/usr", "/usr/lib", "/usr/lib/python3/__pycache__", "/usr/lib/python3/__pycache__/a.pyc"),
    )
    assert snapshots.snapshots_of(container(bot), ["shop"]) == ["0123abcd"]


def test_nothing_is_run_where_docker_does_not_say() -> None:
    class Mute(Bot):
        def diff(self) -> None:
            raise APIError("the container is being removed")

    bot = Mute()
    with pytest.raises(NodeFailure, match="does not say what has changed in the backup bot"):
        snapshots.snapshots_of(container(bot), ["shop"])
    assert bot.ran == []


class Busy(Bot):
    """A bot in which files vanish while Docker lists them, for the first so many times."""

    times = 1

    def diff(self) -> list[dict[str, Any]] | None:
        if self.times:
            self.times -= 1
            raise APIError(f'500 Server Error ("readdirent: {snapshots.VANISHED}")')
        return super().diff()


def test_a_file_that_vanishes_while_docker_lists_is_no_failure() -> None:
    assert snapshots.snapshots_of(container(Busy()), ["shop"]) == ["0123abcd"]


def test_a_program_that_was_replaced_meanwhile_is_found() -> None:
    with pytest.raises(NodeFailure, match="the first /usr/bin/restic"):
        snapshots.snapshots_of(container(Busy("/usr/bin/restic")), ["shop"])


def test_nothing_is_run_where_files_vanish_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "LISTING_SECONDS", 0.5)
    bot = Busy()
    bot.times = 1000
    with pytest.raises(NodeFailure, match=r"last seen: 500 .* \(waited 0"):
        snapshots.snapshots_of(container(bot), ["shop"])
    assert bot.ran == []


def test_the_files_of_a_snapshot_are_told_with_the_time_of_each() -> None:
    class Listing(Bot):
        def exec_run(self, command: list[str], demux: bool) -> tuple[int, tuple[bytes, None]]:
            assert command == ["restic", "ls", "--no-lock", "--json", "0123abcd"]
            rows = (
                '{"struct_type":"snapshot","id":"0123abcd"}',
                '{"type":"dir","path":"/a","mtime":"2026-01-01T00:00:00Z"}',
                '{"type":"file","path":"/a/b","mtime":"2026-01-01T01:00:00.123456789+01:00"}',
            )
            return 0, ("\n".join(rows).encode(), None)

    files = snapshots.files_of(container(Listing()), "0123abcd")
    assert files == {"/a/b": pytest.approx(1767225600.123456, abs=1e-5)}
