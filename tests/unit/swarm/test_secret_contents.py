"""A secret that is made anew at a start is seen, and its value is not."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ccci.errors import NodeFailure, RecipeFailure
from ccci.run.checks import check_secrets_unchanged
from ccci.swarm.secret_contents import secret_contents
from ccci.swarm.view import Service, SwarmView, Task

# Shows a file of a folder as if it were in the container.
DOCKER = '#!/bin/sh\nexec cat "{root}/$4/$6"\n'
RUNNING = Task("t", "running", "running", True, datetime.now(UTC), None, "")
APP = Service("s1", "wiki_app", "app", "wiki:1", {}, 1, "", "any", (RUNNING,))


class Wiki:
    """A stack of one service, whose files are in a folder."""

    def __init__(self, root: Path, *secrets: str) -> None:
        self.root, self.service = root / "c1", APP
        files = [{"File": {"Name": name}} for name in secrets]
        spec = {"Spec": {"TaskTemplate": {"ContainerSpec": {"Secrets": files}}}}
        api = SimpleNamespace(inspect_service=lambda _: spec)
        self.swarm: Any = SimpleNamespace(
            services=lambda _: [self.service],
            container_of=lambda _: SimpleNamespace(id="c1"),
            client=SimpleNamespace(api=api),
        )

    def write(self, path: str, content: str) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    def variables(self, **values: str) -> None:
        self.write(
            "/proc/1/environ", "\0".join(f"{name}={value}" for name, value in values.items())
        )

    def seen(self) -> dict[str, str]:
        return secret_contents(cast(SwarmView, self.swarm), "wiki")


@pytest.fixture(autouse=True)
def _docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(DOCKER.format(root=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_what_stays_is_the_same_and_what_changes_is_named(tmp_path: Path) -> None:
    wiki = Wiki(tmp_path, "db_password", "/etc/wiki/key")
    wiki.write("/run/secrets/db_password", "first")
    wiki.write("/etc/wiki/key", "second")
    wiki.variables(JWT_SECRET="third", PATH="/bin", HOSTNAME="a", API_TOKEN="fourth")
    before = wiki.seen()
    assert sorted(before) == [
        "/etc/wiki/key of app",
        "/run/secrets/db_password of app",
        "variable API_TOKEN of app",
        "variable JWT_SECRET of app",
    ]
    wiki.variables(JWT_SECRET="third", PATH="/sbin", HOSTNAME="b", API_TOKEN="fourth")
    told = check_secrets_unchanged(before, wiki.seen())
    assert told.startswith("Compared as the containers see them: /etc/wiki/key of app, ")
    wiki.variables(JWT_SECRET="anew", API_TOKEN="fourth")
    wiki.write("/run/secrets/db_password", "anew")
    with pytest.raises(RecipeFailure) as failure:
        check_secrets_unchanged(before, wiki.seen())
    assert "changed: /run/secrets/db_password of app, variable JWT_SECRET of app." in str(
        failure.value
    )
    for value in ("first", "third", "anew", before["variable JWT_SECRET of app"]):
        assert value not in str(failure.value)


def test_without_a_secret_there_is_nothing_to_compare(tmp_path: Path) -> None:
    wiki = Wiki(tmp_path)
    wiki.variables(
        PATH="/bin", SECRET_KEY_VERSION="v1", DB_PASSWORD_FILE="/run/secrets/db", KEYBOARD="de"
    )
    assert check_secrets_unchanged({}, wiki.seen()).startswith("Nothing to compare: ")
    # The Swarm's own list of them cannot change, so that alone compares nothing.
    ids = {"wiki_key_v1": "k1"}
    assert check_secrets_unchanged(ids, dict(ids)).startswith("Nothing to compare: ")


def test_what_cannot_be_read_or_does_not_run_is_left_out(tmp_path: Path) -> None:
    wiki = Wiki(tmp_path, "db_password")
    assert wiki.seen() == {}
    wiki.write("/run/secrets/db_password", "first")
    assert list(wiki.seen()) == ["/run/secrets/db_password of app"]
    wiki.service = replace(APP, tasks=())
    assert wiki.seen() == {}


def test_a_file_without_an_end_ends(tmp_path: Path) -> None:
    wiki = Wiki(tmp_path, "zero")
    (tmp_path / "c1" / "run" / "secrets").mkdir(parents=True)
    (tmp_path / "c1" / "run" / "secrets" / "zero").symlink_to("/dev/zero")
    assert wiki.seen() == {}


def test_a_container_that_is_gone_is_no_secret_that_changed(tmp_path: Path) -> None:
    wiki = Wiki(tmp_path, "db_password")
    gone = "#!/bin/sh\necho 'Error response from daemon: No such container: c1' >&2\nexit 1\n"
    (tmp_path / "bin" / "docker").write_text(gone)
    with pytest.raises(NodeFailure, match="db_password could not be read in container c1: Error"):
        wiki.seen()
