"""How images are built, and when they are rebuilt."""

from pathlib import Path

import pytest

from lab import debian, imagelist, imagestock
from lab.errors import LabError
from lab.up import Targets


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\n")
    (tmp_path / "images.toml").write_text('["demo:1"]\nargs = { A = "1" }\n')
    return tmp_path


def test_the_content_hash_changes_with_content_only(folder: Path) -> None:
    first = imagelist.plans(folder)["demo:1"].content_hash("base")
    (folder / "demo" / "Dockerfile").touch()
    assert imagelist.plans(folder)["demo:1"].content_hash("base") == first
    assert imagelist.plans(folder)["demo:1"].content_hash("other base") != first
    (folder / "demo" / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\nUSER nobody\n")
    assert imagelist.plans(folder)["demo:1"].content_hash("base") != first


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('["demo:1"]\ncolour = "red"\n', "unknown key colour"),
        ('["other:1"]\n', "other/Dockerfile"),
        ('["demo:1"]\nonly_pulled = "why"\nfolder = "demo"\n', "unknown key folder"),
        ("[", "images.toml"),
    ],
)
def test_an_invalid_images_file_is_refused(folder: Path, content: str, message: str) -> None:
    (folder / "images.toml").write_text(content)
    with pytest.raises(LabError, match=message):
        imagelist.plans(folder)


def test_an_image_that_can_only_be_pulled_has_a_reason_and_no_plan(folder: Path) -> None:
    (folder / "images.toml").write_text('["demo:1"]\nonly_pulled = "nobody has its sources"\n')
    assert imagelist.only_pulled(folder) == {"demo:1": "nobody has its sources"}
    assert imagelist.plans(folder) == {}


@pytest.mark.parametrize(
    ("ref", "registry"),
    [
        ("nginx:1.26.3", ""),
        ("library/nginx:1", ""),
        ("registry.example/a/b:1", "registry.example"),
        ("localhost/a:1", "localhost"),
        ("host:5000/a:1", "host:5000"),
    ],
)
def test_the_registry_of_an_image(ref: str, registry: str) -> None:
    assert imagestock.registry_of(ref) == registry


def test_the_mirror_is_the_one_that_apt_uses() -> None:
    listing = (
        "https://a.example/debian-security|Debian|trixie-security|main\n"
        "https://b.example/tools|Other|trixie|main\n"
        "https://c.example/debian|Debian|trixie|contrib\n"
        "https://d.example/debian|Debian|trixie|main\n"
    )
    assert debian.mirror_in(listing) == ["https://d.example/debian"]
    assert debian.mirror_in("") == []


def test_a_needed_recipe_requires_images_of_its_head_a_tested_one_of_all_releases() -> None:
    def keycloaks(targets: Targets) -> list[str]:
        return sorted(ref for ref in targets.images() if "/keycloak:" in ref)

    tested, needed = Targets(["keycloak"]), Targets(["gitea"], ["keycloak"])
    assert len(keycloaks(tested)) == 2
    assert keycloaks(needed) == [max(keycloaks(tested))]
    assert keycloaks(Targets(["gitea"])) == []
    assert any(ref.startswith("gitea/gitea:") for ref in needed.images())


def test_a_needed_companion_requires_its_image() -> None:
    assert "inbucket/inbucket:3.1.1" in Targets(["gitea"], ["mail"]).images()
    assert "inbucket/inbucket:3.1.1" not in Targets(["gitea"]).images()
