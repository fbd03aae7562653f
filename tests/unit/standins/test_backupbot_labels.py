"""What the backup labels of a service say, in each form in use."""

import pytest
from backupbot.errors import RequestError
from backupbot.labels import HookCommands, VolumeRule, parse


def test_the_specifications_form() -> None:
    labels = parse(
        "db",
        {
            "backupbot.backup": "true",
            "backupbot.backup.volumes.cache": "false",
            "backupbot.backup.volumes.data.path": "dump.sql, /uploads/ ",
            "backupbot.backup.pre-hook": "/pg_backup.sh backup",
            "backupbot.backup.post-hook": "rm dump.sql",
            "backupbot.restore.pre-hook": "stop",
            "backupbot.restore.post-hook": "/pg_backup.sh restore",
            "traefik.enable": "true",
        },
    )
    assert labels.switch is True
    assert labels.volumes == (
        VolumeRule("cache", included=False),
        VolumeRule("data", paths=("dump.sql", "uploads")),
    )
    assert labels.backup == HookCommands(("/pg_backup.sh backup",), ("rm dump.sql",))
    assert labels.restore == HookCommands(("stop",), ("/pg_backup.sh restore",))
    assert labels.unknown == ()


def test_the_path_form() -> None:
    labels = parse("app", {"backupbot.backup.path": "/usr/share/nginx/html/,/etc/x"})
    assert labels.container_paths == ("/usr/share/nginx/html", "/etc/x")
    assert labels.switch is None


def test_the_older_spellings() -> None:
    labels = parse(
        "db",
        {
            "backupbot.volumes.model-cache": "false",
            "backupbot.volumes.data.path": "a",
            "backupbot.backup.command": "dump",
            "backupbot.backup.pre-hook": "prepare",
            "backupbot.restore": "true",
            "backupbot.restore.command": "load",
        },
    )
    assert labels.volumes == (
        VolumeRule("data", paths=("a",)),
        VolumeRule("model-cache", included=False),
    )
    assert labels.backup.before == ("prepare", "dump")
    assert labels.restore.after == ("load",)


def test_the_whole_volume_may_be_named_by_its_root() -> None:
    assert parse("db", {"backupbot.backup.volumes.data.path": "/"}).volumes == (VolumeRule("data"),)


def test_a_misspelt_label_is_told() -> None:
    assert parse("db", {"backupbot.backup.prehook": "x"}).unknown == ("backupbot.backup.prehook",)


@pytest.mark.parametrize(
    ("label", "value", "says"),
    [
        ("backupbot.backup", "maybe", "say true or false"),
        ("backupbot.backup.path", "relative/path", "not an absolute path"),
        ("backupbot.backup.path", "/data/../etc", "not an absolute path"),
        ("backupbot.backup.volumes.data.path", "../other", "leaves the volume"),
        ("backupbot.backup.volumes.data.path", " , ", "is empty"),
        ("backupbot.backup.volumes.data", "dump.sql", "say true or false"),
        ("backupbot.backup.volumes.", "true", "names no volume"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(label: str, value: str, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        parse("db", {label: value})
