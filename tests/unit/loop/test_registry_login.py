"""The run of a pull request has only those logins at registries that are approved."""

import json
from pathlib import Path
from typing import Any

import docker.auth
import pytest
from pydantic import TypeAdapter

from ccci.errors import Misuse
from ccci.loop.registry_login import write_docker_config
from ccci.recipe.config import Approval

HUB = "https://index.docker.io/v1/"
LOGIN = {"auth": "b3BlcmF0b3I6c2VjcmV0"}


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The operator's own configuration."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    return folder


def written(theirs: Path, config: dict[str, Any], *approvals: str) -> dict[str, Any]:
    (theirs / "config.json").write_text(json.dumps(config))
    folder = write_docker_config(theirs.parent / "own", approvals)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "config.json").stat().st_mode & 0o777 == 0o600
    return dict(json.loads((folder / "config.json").read_text()))


def test_without_an_approval_there_is_no_login(theirs: Path) -> None:
    config = {
        "auths": {HUB: LOGIN, "registry.example.org": LOGIN},
        "credsStore": "pass",
        "credHelpers": {"other.example.org": "pass"},
        "HttpHeaders": {"X-Token": "secret"},
        "proxies": {"default": {"httpProxy": "http://user:secret@proxy"}},
    }
    assert written(theirs, config, "host-port:80") == {"auths": {}, "credHelpers": {}}


def test_an_approved_registry_keeps_its_login(theirs: Path) -> None:
    config = {
        "auths": {"https://registry.example.org/v2/": LOGIN, "example.org": LOGIN, HUB: LOGIN},
        "credHelpers": {"registry.example.org": "pass", "gcr.io": "gcloud"},
    }
    approval = TypeAdapter(Approval).validate_python("registry:registry.example.org")
    own = written(theirs, config, approval)
    assert own["auths"] == {"https://registry.example.org/v2/": LOGIN}
    assert own["credHelpers"] == {"registry.example.org": "pass"}


def test_the_store_of_all_logins_is_asked_for_approved_ones_only(theirs: Path) -> None:
    own = written(theirs, {"credsStore": "pass"}, "registry:r.example.org", "registry:docker.io")
    assert "credsStore" not in own
    assert own["credHelpers"] == dict.fromkeys(
        ["r.example.org", HUB, "index.docker.io", "docker.io"], "pass"
    )


@pytest.mark.parametrize(("approvals", "found"), [((), False), (("registry:docker.io",), True)])
def test_the_docker_client_finds_what_is_written(
    approvals: tuple[str, ...], found: bool, theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(theirs, {"auths": {HUB: {"auth": "YTpi"}}}, *approvals)
    monkeypatch.setenv("DOCKER_CONFIG", str(theirs.parent / "own"))
    assert bool(docker.auth.load_config().resolve_authconfig("docker.io")) == found


def test_how_abra_finds_its_server_is_kept(theirs: Path) -> None:
    (theirs / "contexts" / "meta").mkdir(parents=True)
    assert written(theirs, {"currentContext": "ci"})["currentContext"] == "ci"
    assert (theirs.parent / "own" / "contexts" / "meta").is_dir()


def test_an_operator_without_a_configuration_needs_none(theirs: Path) -> None:
    folder = write_docker_config(theirs.parent / "own", ["registry:docker.io"])
    assert json.loads((folder / "config.json").read_text()) == {"auths": {}, "credHelpers": {}}


def test_a_configuration_that_cannot_be_read_is_named(theirs: Path) -> None:
    (theirs / "config.json").write_text("{")
    with pytest.raises(Misuse, match=r"config\.json cannot be read as a Docker configuration"):
        write_docker_config(theirs.parent / "own", [])
