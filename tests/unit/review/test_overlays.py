"""Compose files that no run deploys: what apps that use them would lose is told."""

import pytest

from ccci.review.files import CommitFiles
from ccci.review.overlays import Use, lost_overlays

MAIN = "services:\n  app:\n    image: wiki\n    volumes: [content:/srv]\n"
DATABASE = """
services:
  db:
    image: mariadb:11.8.9
    environment: [TYPE=mysql]
    deploy: {labels: {backupbot.backup.pre-hook: /dump, other: "1"}}
    volumes:
      - db:/var/lib/mysql
      - {type: volume, source: logs, target: /var/log}
      - /etc/localtime:/etc/localtime:ro
    ports:
      - {target: 3306, published: 13306, mode: host}
      - "64738:64738/udp"
      - "9000"
"""
RELEASE = {"compose.yml": MAIN, "compose.mariadb.yml": DATABASE}


def _lost(head: dict[str, str], note: str = "", deployed: str = "compose.yml") -> list[str]:
    use = Use([deployed], note=note)
    found = lost_overlays(CommitFiles.of(RELEASE), CommitFiles.of(head), use)
    lines = list(found)
    assert {name for name, _ in lines} <= {"compose.mariadb.yml"}
    return [sentence for _, sentence in lines]


def test_a_file_that_is_as_it_was_is_not_told() -> None:
    assert _lost(RELEASE) == []
    short = DATABASE.replace("{type: volume, source: logs, target: /var/log}", "logs:/var/log:rw")
    short = short.replace('"64738:64738/udp"', '"${VOICE:-64738}:64738/udp"')
    short = short.replace("db:/var/lib/mysql", "db:/var/lib/mysql/")
    assert _lost({**RELEASE, "compose.mariadb.yml": short}) == []
    newer = DATABASE.replace("mariadb:11.8.9", "mariadb:12.0.1@sha256:0123")
    assert _lost({**RELEASE, "compose.mariadb.yml": newer}) == []
    # What it had may stand in another file.
    merged = MAIN + DATABASE.removeprefix("\nservices:\n")
    assert _lost({"compose.yml": merged, "compose.mariadb.yml": "services:\n  db: {}\n"}) == []


def test_a_file_that_is_gone_is_told_unless_a_note_names_it() -> None:
    renamed = {"compose.yml": MAIN, "compose.mysql.yml": DATABASE}
    assert _lost(renamed) == [
        "'compose.mariadb.yml' is gone: an app whose COMPOSE_FILE names it cannot be deployed."
    ]
    assert _lost(renamed, "compose.mariadb.yml is now called compose.mysql.yml.") == []


def test_a_file_that_cannot_be_read_is_told() -> None:
    broken = {**RELEASE, "compose.mariadb.yml": "services: [db"}
    assert _lost(broken) == ["'compose.mariadb.yml' cannot be read any more."]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("db:/var/lib/mysql", "db:/var/lib/mariadb", "mounts db at /var/lib/mysql no more"),
        ("source: logs", "source: log", "mounts logs at /var/log no more"),
        ("published: 13306", "published: 3306", "publishes 13306 to 3306/tcp no more"),
        ('      - "64738:64738/udp"\n', "", "publishes 64738 to 64738/udp no more"),
        ("mariadb:11.8.9", "mariadb:10.11", "runs mariadb:10.11 and not mariadb:11.8.9: "),
        ("mariadb:11.8.9", "mariadb:11.8.8", "the version is older"),
        ("deploy: {", "deploy: {update_config: {order: start-first}, ", "is updated start-first"),
        ("TYPE=mysql", "TYPE=mariadb", "has the variable TYPE=mysql no more"),
        (
            "pre-hook: /dump",
            "pre-hook: /bin/true",
            "has the label backupbot.backup.pre-hook=/dump no",
        ),
        ("  db:\n", "  database:\n", "service 'db' is gone"),
    ],
)
def test_what_its_apps_would_miss_is_told(old: str, new: str, words: str) -> None:
    assert old in DATABASE
    changed = {**RELEASE, "compose.mariadb.yml": DATABASE.replace(old, new)}
    (sentence,) = _lost(changed)
    assert words in sentence
    # What the run deploys is seen there.
    assert _lost(changed, deployed="compose.mariadb.yml") == []


def test_a_range_is_its_ports() -> None:
    release = CommitFiles.of(
        {"compose.rtp.yml": "services: {app: {ports: ['7000-7002:7000-7002/udp']}}"}
    )
    one = "{target: %d, published: %d, protocol: udp, mode: host}"
    all_three = ", ".join(one % (port, port) for port in (7000, 7001, 7002))
    head = CommitFiles.of({"compose.rtp.yml": f"services: {{app: {{ports: [{all_three}]}}}}"})
    assert list(lost_overlays(release, head, Use())) == []
    two = CommitFiles.of(
        {"compose.rtp.yml": "services: {app: {ports: ['7000-7001:7000-7001/udp']}}"}
    )
    ((_, sentence),) = lost_overlays(release, two, Use())
    assert "publishes 7002 to 7002/udp no more" in sentence


def test_links_and_files_for_developers_are_left_alone() -> None:
    release = CommitFiles.of({**RELEASE, "dev/compose.yml": MAIN})
    renamed = CommitFiles.of({"compose.yml": MAIN, "compose.mysql.yml": DATABASE})
    assert list(lost_overlays(release, renamed, Use(links=["compose.mariadb.yml"]))) == []


@pytest.mark.parametrize(
    ("environment", "needed"),
    [
        ("[TYPE=mysql, SENDER]", "SENDER"), ("[TYPE=mysql, 'FROM=${SENDER}']", "SENDER"),
        ("[TYPE=mysql, FROM=$SENDER]", "SENDER"),
        ("[TYPE=mysql, 'FROM=${SENDER:-me}']", ""), ("[TYPE=mysql, FROM=$$SENDER]", ""),
        ("[TYPE=mysql, 'FROM=${STACK_NAME}_${DOMAIN}_${SCRIPT_VERSION}']", ""),
        ("[TYPE=mysql, ZONE, 'OLD=${OLD}']", ""),
    ],
)  # fmt: skip
def test_a_need_that_no_app_can_have_is_told(environment: str, needed: str) -> None:
    release = CommitFiles.of({**RELEASE, ".env.sample": "ZONE=UTC\n#OLD=1\n"})
    text = DATABASE.replace("[TYPE=mysql]", environment) + "# ${COMMENTED}\n"
    head = CommitFiles.of(
        {
            **RELEASE,
            ".env.sample": "ZONE=UTC\nSENDER=me@example.org\n",
            "abra.sh": "export SCRIPT_VERSION=v1\n",
            "compose.mariadb.yml": text,
        }
    )
    found = [words for _, words in lost_overlays(release, head, Use(["compose.yml"]))]
    assert found == (
        [f"'compose.mariadb.yml': it needs {needed}, which no app has: give it a default."]
        if needed
        else []
    )
    told = Use(["compose.yml"], note="SENDER is new.")
    assert list(lost_overlays(release, head, told)) == []


def test_an_image_is_read_with_the_settings_that_an_upgraded_app_has() -> None:
    def files(image: str, exported: str) -> CommitFiles:
        compose = f"services:\n  db:\n    image: {image}\n"
        script = f"export DB_VERSION={exported}\n"
        return CommitFiles.of({"compose.yml": MAIN, "compose.db.yml": compose, "abra.sh": script})

    plain, later = files("postgres:15.1", "15.1"), files("postgres:${DB_VERSION}", "15.2")
    assert list(lost_overlays(plain, later, Use())) == []
    ((_, sentence),) = lost_overlays(later, files("postgres:${DB_VERSION}", "14.2"), Use())
    assert "runs postgres:14.2 and not postgres:15.2" in sentence
