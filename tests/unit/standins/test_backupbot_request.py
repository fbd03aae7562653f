"""Flags, environment, the choice of a snapshot, the schedule, the archive."""

import io
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from backupbot.archive import write_archive
from backupbot.cli import Request, read_request
from backupbot.errors import BackupError, RequestError
from backupbot.restic import TAG, choose, environment, read_snapshot
from backupbot.schedule import parse_schedule
from backupbot.swarm import read_service, stack_names


def test_the_environment_variables_of_abra_are_read() -> None:
    given = {
        "SERVICE": "shop.lab.test",
        "SNAPSHOT": "0a1b2c3d",
        "INCLUDE_PATH": "/x",
        "TARGET": "/tmp/there",
        "VOLUMES": "a,b",
        "CONTAINER": "app db",
        "NO_COMMANDS": "true",
        "RETRIES": "3",
        "NONINTERACTIVE": "1",
    }
    assert read_request(["--", "restore"], given) == Request(
        "restore", "shop.lab.test", "0a1b2c3d", "/x", "/tmp/there", ("a", "b"), ("app", "db"),
        no_commands=True, retries=3, noninteractive=True,
    )  # fmt: skip


def test_flags_have_priority() -> None:
    request = read_request(
        ["create", "--service", "a", "--retries", "0", "--no-commands"],
        {"SERVICE": "b", "RETRIES": "9"},
    )
    assert request == Request("create", "a", retries=0, no_commands=True)


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read_request(["ls"], {"SNAPSHOT": "", "TARGET": " ", "RETRIES": ""}) == Request("ls")


@pytest.mark.parametrize(
    ("variable", "value"), [("RETRIES", "-1"), ("NO_COMMANDS", "perhaps"), ("INCLUDE_SECRETS", "1")]
)
def test_the_error_for_an_invalid_value_names_the_variable(variable: str, value: str) -> None:
    with pytest.raises(RequestError, match=variable):
        read_request(["create"], {variable: value})


@pytest.mark.parametrize("arguments", [["delete"], [], ["create", "--everything"]])
def test_an_unknown_command_or_flag_ends_with_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_request(arguments, {})
    assert ended.value.code == 2


def test_the_stack_names_of_a_domain() -> None:
    assert stack_names("shop.lab.test") == ("shop_lab_test",)
    long = "a-recipe-with-a-long-name-pr12-abcdef0.some.long.test"
    assert stack_names(long) == (long.replace(".", "_"), long.replace(".", "_")[:45])


def row(name: str, stack: str, day: int, tag: str = TAG) -> dict[str, object]:
    return {
        "id": name * 8,
        "time": f"2026-01-{day:02}T10:00:00.123456789+01:00",
        "hostname": stack,
        "paths": ["/var/lib/docker/volumes/x/_data"],
        "tags": [tag],
    }


SNAPSHOTS = [
    read_snapshot(each)
    for each in (
        row("aaaaaaaa", "shop", 1),
        row("bbbbbbbb", "shop", 3),
        row("cccccccc", "shop", 2),
        row("dddddddd", "other", 4),
        row("eeeeeeee", "shop", 5, tag="by-hand"),
    )
]


def test_the_latest_snapshot_is_that_of_the_app() -> None:
    assert choose(SNAPSHOTS, ["shop"], "latest").short_id == "bbbbbbbb"
    assert choose(SNAPSHOTS, ["shop"], "aaaaaa").short_id == "aaaaaaaa"


@pytest.mark.parametrize(
    ("stack", "wanted", "message"),
    [
        ("shop", "dddddddd", "belongs to another app"),
        ("shop", "eeeeeeee", "belongs to another app"),
        ("shop", "ffffffff", "no snapshot ffffffff of shop"),
        ("shop", "aaa", "no snapshot aaa"),
        ("empty", "latest", "no snapshot of empty in the repository"),
    ],
)
def test_a_snapshot_of_another_app_is_never_chosen(stack: str, wanted: str, message: str) -> None:
    with pytest.raises(BackupError, match=message):
        choose(SNAPSHOTS, [stack], wanted)


def test_times_with_nanoseconds_are_read() -> None:
    assert SNAPSHOTS[0].time.astimezone(UTC) == datetime(2026, 1, 1, 9, tzinfo=UTC)
    plain = read_snapshot(row("aaaaaaaa", "shop", 1) | {"time": "2026-01-01T10:00:00Z"})
    assert plain.time == datetime(2026, 1, 1, 10, tzinfo=UTC)


def test_the_s3_key_comes_from_its_secret_file(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("abc\n")
    found = environment({"RESTIC_REPOSITORY": "s3:x", "AWS_SECRET_ACCESS_KEY_FILE": str(key)})
    assert found["AWS_SECRET_ACCESS_KEY"] == "abc"
    with pytest.raises(BackupError, match="RESTIC_REPOSITORY is not set"):
        environment({})


def test_a_swarm_service_is_read() -> None:
    spec = {
        "Name": "shop_lab_test_db",
        "Labels": {"backupbot.backup": "true"},
        "TaskTemplate": {
            "ContainerSpec": {
                "Mounts": [
                    {"Type": "volume", "Source": "shop_lab_test_data", "Target": "/data"},
                    {"Type": "volume", "Target": "/scratch"},
                ]
            }
        },
    }
    service = read_service("shop_lab_test", spec, "id")
    assert (service.name, service.volumes) == ("db", ("shop_lab_test_data",))
    assert service.labels.switch is True


@pytest.mark.parametrize(
    ("line", "after", "then"),
    [
        ("30 3 * * *", "2026-01-31 03:30", "2026-02-01 03:30"),
        ("*/15 8-10 * * *", "2026-01-01 10:46", "2026-01-02 08:00"),
        ("5/20 * * * *", "2026-01-01 10:26", "2026-01-01 10:45"),
        ("0 0 * * mon-fri", "2026-01-02 12:00", "2026-01-05 00:00"),
        ("0 0 * * 7", "2026-01-01 00:00", "2026-01-04 00:00"),
        ("0 0 13 * fri", "2026-01-01 00:00", "2026-01-02 00:00"),
        ("0 0 29 feb *", "2026-01-01 00:00", "2028-02-29 00:00"),
        ("@daily", "2026-01-01 00:00", "2026-01-02 00:00"),
    ],
)
def test_the_next_time_of_a_schedule(line: str, after: str, then: str) -> None:
    schedule = parse_schedule(line)
    assert schedule is not None
    assert schedule.next_after(datetime.fromisoformat(after)) == datetime.fromisoformat(then)


def test_an_empty_schedule_is_none() -> None:
    assert parse_schedule("  ") is None


@pytest.mark.parametrize(
    "line",
    ["daily", "60 * * * *", "* * * *", "*/0 * * * *", "5-1 * * * *", "0 0 30 2 *", "a b c d e"],
)
def test_an_invalid_schedule_is_refused(line: str) -> None:
    with pytest.raises(RequestError, match="CRON_SCHEDULE"):
        parse_schedule(line)


def test_an_archive_has_only_the_chosen_paths(tmp_path: Path) -> None:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for name in ("/v/a/_data/one", "/v/a/_data/sub/two", "/v/ab/_data/three"):
            entry = tarfile.TarInfo(name)
            entry.size = len(name)
            tar.addfile(entry, io.BytesIO(name.encode()))
    archive = tmp_path / "backup.tar.gz"
    assert write_archive(io.BytesIO(whole.getvalue()), ["/v/a"], archive) == 2
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["v/a/_data/one", "v/a/_data/sub/two"]
        two = tar.extractfile("v/a/_data/sub/two")
        assert two is not None and two.read() == b"/v/a/_data/sub/two"
    with pytest.raises(BackupError, match="has nothing at /w"):
        write_archive(io.BytesIO(whole.getvalue()), ["/w"], archive)
    assert [path.name for path in tmp_path.iterdir()] == ["backup.tar.gz"]
