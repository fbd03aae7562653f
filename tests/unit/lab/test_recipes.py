"""The lab's recipes as git repositories."""

import json
import subprocess
from pathlib import Path

import pytest

from ccci.project import PROJECT
from lab import imagelist, reciperepos
from lab.errors import LabError

ENROLLED = sorted(path.parent.name for path in (PROJECT / "recipes").glob("*/recipe.toml"))


def _git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "recipes" / "demo"
    (home / "recipe" / "release").mkdir(parents=True)
    (home / "recipe" / "compose.yml").write_text("services: {app: {image: 'demo:2'}}\n")
    (home / "recipe" / "README.md").write_text("# Demo\n")
    (home / "recipe" / "release" / "1.1.0+2").write_text("notes\n")
    # The same size as the file of the head: git must see the difference nevertheless.
    (home / "releases" / "1.0.0+1").mkdir(parents=True)
    (home / "releases" / "1.0.0+1" / "compose.yml").write_text(
        "services: {app: {image: 'demo:1'}}\n"
    )
    (home / "releases.toml").write_text(
        '[[release]]\ntag = "1.0.0+1"\nabsent = ["release/1.1.0+2"]\n[[release]]\ntag = "1.1.0+2"\n'
    )
    return tmp_path / "recipes"


def test_tags_are_annotated_and_have_their_own_files(folder: Path, tmp_path: Path) -> None:
    assert reciperepos.ensure(reciperepos.load("demo", folder), tmp_path / "out")
    repository = tmp_path / "out" / "demo"
    for tag in ("1.0.0+1", "1.1.0+2"):
        assert _git(repository, "cat-file", "-t", tag) == "tag"
    assert "demo:1" in _git(repository, "show", "1.0.0+1:compose.yml")
    assert "demo:2" in _git(repository, "show", "1.1.0+2:compose.yml")
    assert "release/1.1.0+2" not in _git(repository, "ls-tree", "-r", "--name-only", "1.0.0+1")
    assert _git(repository, "status", "--porcelain") == ""
    release = _git(repository, "rev-parse", "1.1.0+2^{commit}")
    assert _git(repository, "rev-parse", "HEAD") != release


def test_the_same_content_gives_the_same_commits(folder: Path, tmp_path: Path) -> None:
    heads = set()
    for out in ("one", "two"):
        reciperepos.ensure(reciperepos.load("demo", folder), tmp_path / out)
        heads.add(_git(tmp_path / out / "demo", "rev-parse", "HEAD", "1.0.0+1"))
    assert len(heads) == 1


def test_a_repository_is_written_again_only_after_a_change(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    reciperepos.ensure(reciperepos.load("demo", folder), out)
    assert not reciperepos.ensure(reciperepos.load("demo", folder), out)
    (folder / "demo" / "recipe" / "README.md").write_text("# Changed\n")
    assert reciperepos.ensure(reciperepos.load("demo", folder), out)
    assert "Changed" in (out / "demo" / "README.md").read_text()
    assert [path.name for path in out.iterdir()] == ["demo"]


def test_a_repository_that_the_lab_did_not_create_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "demo").mkdir(parents=True)
    with pytest.raises(LabError, match="demo exists, and the lab did not create it"):
        reciperepos.ensure(reciperepos.load("demo", folder), tmp_path / "out")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "there is no release"),
        ("colour = 1\n[[release]]\ntag='1'\n", "colour"),
        ("[[release]]\ntag='1.0.0+1'\nsize=3\n", "size"),
        ("[[release]]\nmessage='x'\n", "has no tag"),
        ("[[release]]\ntag='9.9.9+9'\n", "is not for a release"),
        ("[[release", "releases.toml"),
    ],
)
def test_an_invalid_releases_file_is_refused(folder: Path, content: str, message: str) -> None:
    (folder / "demo" / "releases.toml").write_text(content)
    with pytest.raises(LabError, match=message):
        reciperepos.load("demo", folder)


def test_images_of_every_release_are_found(folder: Path) -> None:
    assert imagelist.images_of("demo", folder) == ("demo:1", "demo:2")
    assert imagelist.images_of("demo", folder, head_only=True) == ("demo:2",)


def test_images_are_read_with_compose_file_and_variables(folder: Path) -> None:
    head = folder / "demo" / "recipe"
    (head / ".env.sample").write_text(
        'COMPOSE_FILE="compose.yml:compose.db.yml"\nDB=15 # old\n#DB=17\n'
    )
    (head / "compose.db.yml").write_text(
        "services: {db: {image: 'db:${DB}'}, cache: {image: 'cache:${CACHE:-7}'}}\n"
    )
    images = imagelist.images_of("demo", folder, head_only=True)
    assert images == ("cache:7", "db:15", "demo:2")


def test_the_error_for_an_unknown_recipe_lists_the_known_ones(folder: Path) -> None:
    with pytest.raises(LabError, match="no recipe other \\(it has: demo\\)"):
        imagelist.images_of("other", folder)


def test_the_catalogue_has_the_format_of_the_public_one(folder: Path, tmp_path: Path) -> None:
    text = reciperepos.catalogue({"demo": reciperepos.load("demo", folder)}, tmp_path)
    entry = json.loads(text)["demo"]
    assert entry["versions"] == [
        {"1.0.0+1": {"app": {"image": "demo", "tag": "1"}}},
        {"1.1.0+2": {"app": {"image": "demo", "tag": "2"}}},
    ]


def test_the_labs_own_recipes_have_two_releases_each() -> None:
    for name in imagelist.recipes():
        assert len(reciperepos.load(name).releases) >= 2, name


@pytest.mark.parametrize("name", ENROLLED)
def test_a_change_of_the_head_is_none_of_the_newest_release(name: str) -> None:
    """The head is compared with it, and nothing is lost where both lost it."""
    recipe = reciperepos.load(name)
    newest = recipe.releases[-1]
    head, release = recipe.folder / "recipe", recipe.folder / "releases" / newest.tag
    shared = [path.relative_to(head).as_posix() for path in head.rglob("*") if path.is_file()]
    documents = [path for path in shared if path == "README.md" or path.startswith("release/")]
    missing = set(shared) - {*documents, *newest.absent}
    assert [path for path in sorted(missing) if not (release / path).is_file()] == []


def test_every_image_of_the_labs_recipes_can_be_built_or_has_a_reason() -> None:
    described = {**imagelist.plans(), **imagelist.only_pulled()}
    for name in (*imagelist.recipes(), *imagelist.companions()):
        for ref in imagelist.images_of(name):
            assert ref in described, f"{name} uses {ref}"


def test_a_companion_is_found_beside_the_recipes(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "companions" / "mail" / "recipe"
    home.mkdir(parents=True)
    (home / "compose.yml").write_text("services: {app: {image: 'post:3'}}\n")
    assert imagelist.companions(tmp_path / "companions") == ("mail",)
    found = imagelist.images_of("mail", folder, beside=tmp_path / "companions", head_only=True)
    assert found == ("post:3",)
    with pytest.raises(LabError, match="no recipe post"):
        imagelist.images_of("post", folder, beside=tmp_path / "companions")
