"""Reading the backup labels of a service, in each of their forms."""

import pytest
from backupbot.errors import RequestError
from backupbot.labels import HookCommands, VolumeRule, parse


def test_the_form_of_the_specification() -> None:
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


def test_the_older_names() -> None:
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


def test_the_root_of_a_volume_is_the_whole_volume() -> None:
    assert parse("db", {"backupbot.backup.volumes.data.path": "/"}).volumes == (VolumeRule("data"),)


def test_an_unknown_label_is_recorded() -> None:
    assert parse("db", {"backupbot.backup.prehook": "x"}).unknown == ("backupbot.backup.prehook",)


@pytest.mark.parametrize(
    ("label", "value", "message"),
    [
        ("backupbot.backup", "maybe", "must be true or false"),
        ("backupbot.backup.path", "relative/path", "not an absolute path"),
        ("backupbot.backup.path", "/data/../etc", "not an absolute path"),
        ("backupbot.backup.volumes.data.path", "../other", "is not in the volume"),
        ("backupbot.backup.volumes.data.path", " , ", "is empty"),
        ("backupbot.backup.volumes.data", "dump.sql", "must be true or false"),
        ("backupbot.backup.volumes.", "true", "has no name of a volume"),
    ],
)
def test_an_invalid_value_is_refused(label: str, value: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        parse("db", {label: value})
