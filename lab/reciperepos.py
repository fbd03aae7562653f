"""Writes the lab's recipes as git repositories, with their catalogue, as abra expects them."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError
from lab.imagelist import RECIPES

KEYS = {"category", "description", "release", "serves_subdomains"}
RELEASE_KEYS = {"tag", "message", "absent"}
BRANCH = "main"
# The same author and the same times on every machine, so that the commits are the same too.
IDENTITY = {
    "GIT_AUTHOR_NAME": "Co-op Cloud lab",
    "GIT_AUTHOR_EMAIL": "lab@lab.test",
    "GIT_COMMITTER_NAME": "Co-op Cloud lab",
    "GIT_COMMITTER_EMAIL": "lab@lab.test",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
FIRST_COMMIT = 1767268800  # 2026-01-01 12:00 UTC. Each further commit is a day later.
DAY_SECONDS = 86400
# Files that are written into a checkout for a deployment: git must ignore them.
EXCLUDED = ("compose.lab.yml", "compose.ccci.yml")
STAMP = "lab-content"


@dataclass(frozen=True)
class Release:
    """A release, which becomes an annotated tag.

    Its files are those of the head without `absent`, replaced by those in releases/<tag>/. Files
    that several recipes or releases share are symbolic links to one file.
    """

    tag: str
    message: str
    absent: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """A recipe in lab/recipes, the source of a git repository.

    If it serves subdomains, it answers for names below its domain, which need certificates.
    """

    name: str
    folder: Path
    category: str
    description: str
    releases: tuple[Release, ...]
    serves_subdomains: bool = False

    @property
    def content_hash(self) -> str:
        digest = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                mode = "x" if path.stat().st_mode & 0o100 else "-"
                digest.update(f"{path.relative_to(self.folder)}\0{mode}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:16]


def load(name: str, folder: Path = RECIPES) -> Recipe:
    """Read a recipe's releases.toml.

    Raises:
        LabError: it does not exist, cannot be read, or has an unknown key.
    """
    path = folder / name / "releases.toml"
    try:
        content = tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        raise LabError(f"the lab has no recipe {name}: {path} does not exist") from error
    except tomllib.TOMLDecodeError as error:
        raise LabError(f"{path}: {error}") from error
    _require(not (set(content) - KEYS), f"{path}: unknown key {sorted(set(content) - KEYS)}")
    releases = []
    for entry in content.get("release", []):
        unknown = sorted(set(entry) - RELEASE_KEYS)
        _require(not unknown, f"{path}: unknown key {unknown} in a release")
        _require("tag" in entry, f"{path}: a release has no tag")
        message = entry.get("message", entry["tag"])
        releases.append(Release(entry["tag"], message, tuple(entry.get("absent", ()))))
    _require(bool(releases), f"{path}: there is no release")
    tags = {release.tag for release in releases}
    for extra in sorted((folder / name / "releases").glob("*")):
        _require(extra.name in tags, f"{extra} is not for a release in {path}")
    return Recipe(
        name=name,
        folder=folder / name,
        category=content.get("category", "Apps"),
        description=content.get("description", ""),
        releases=tuple(releases),
        serves_subdomains=bool(content.get("serves_subdomains", False)),
    )


def _require(condition: bool, problem: str) -> None:
    if not condition:
        raise LabError(problem)


def ensure(recipe: Recipe, home: Path) -> bool:
    """Write the recipe's git repository if it is missing or out of date.

    Args:
        recipe: the recipe.
        home: the folder of the repositories: ABRA_DIR/recipes.

    Returns: whether it was written.

    Raises:
        LabError: git failed, or there is a repository that the lab did not create.
    """
    target = home / recipe.name
    stamp = target / ".git" / STAMP
    if stamp.exists() and stamp.read_text() == recipe.content_hash:
        return False
    _require(
        stamp.exists() or not target.exists(),
        f"{target} exists, and the lab did not create it: move it away",
    )
    home.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{recipe.name}-", dir=home))
    try:
        repository = scratch / "new"
        _create(recipe, repository)
        if target.exists():
            target.rename(scratch / "old")
        repository.rename(target)
    finally:
        shutil.rmtree(scratch)
    return True


def _create(recipe: Recipe, repository: Path) -> None:
    repository.mkdir()
    _git(repository, "init", "--quiet", f"--initial-branch={BRANCH}")
    exclude = repository / ".git" / "info" / "exclude"
    exclude.write_text("".join(f"/{name}\n" for name in EXCLUDED))
    for number, release in enumerate(recipe.releases):
        _write_files(recipe, repository, release)
        when = FIRST_COMMIT + number * DAY_SECONDS
        _commit(repository, release.message, when)
        tag = ["tag", "--annotate", "--no-sign", release.tag, "--message", release.message]
        _git(repository, *tag, when=when)
    _write_files(recipe, repository, None)
    when = FIRST_COMMIT + len(recipe.releases) * DAY_SECONDS
    _commit(repository, "Work after the last release", when)
    (repository / ".git" / STAMP).write_text(recipe.content_hash)


def _write_files(recipe: Recipe, repository: Path, release: Release | None) -> None:
    for path in repository.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(recipe.folder / "recipe", repository, dirs_exist_ok=True)
    if release is None:
        return
    for name in release.absent:
        (repository / name).unlink()
    changes = recipe.folder / "releases" / release.tag
    if changes.is_dir():
        shutil.copytree(changes, repository, dirs_exist_ok=True)


def _commit(repository: Path, message: str, when: int) -> None:
    # git would miss a change of a file with the same size, times and inode: empty its index.
    _git(repository, "read-tree", "--empty")
    _git(repository, "add", "--all")
    _git(
        repository, "commit", "--quiet", "--allow-empty", "--no-gpg-sign", "-m", message, when=when
    )


def _git(repository: Path, *arguments: str, when: int = FIRST_COMMIT) -> None:
    dates = {"GIT_AUTHOR_DATE": f"{when} +0000", "GIT_COMMITTER_DATE": f"{when} +0000"}
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments],
        env={**inherited, **IDENTITY, **dates},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LabError(f"`git {arguments[0]}` failed in {repository}: {done.stderr.strip()}")


def catalogue(recipes: Mapping[str, Recipe], home: Path) -> str:
    """Return the catalogue of the lab's recipes, in the format of Co-op Cloud's recipes.json.

    Args:
        recipes: the recipes by name.
        home: the folder of the git repositories.
    """
    content = {}
    for name, recipe in sorted(recipes.items()):
        readme = (recipe.folder / "recipe" / "README.md").read_text()
        content[name] = {
            "category": recipe.category,
            "default_branch": BRANCH,
            "description": recipe.description,
            "features": _features(readme),
            "icon": "",
            "name": name,
            "repository": str(home / name),
            "ssh_url": str(home / name),
            "versions": [{one.tag: _services(recipe, one)} for one in recipe.releases],
            "website": "",
        }
    return json.dumps(content, indent=2) + "\n"


def _services(recipe: Recipe, release: Release) -> dict[str, dict[str, str]]:
    own = recipe.folder / "releases" / release.tag / "compose.yml"
    path = own if own.is_file() else recipe.folder / "recipe" / "compose.yml"
    compose: dict[str, Any] = yaml.safe_load(path.read_text())
    found = {}
    for service, content in compose["services"].items():
        image, _, tag = content.get("image", "").rpartition(":")
        found[service] = {"image": image, "tag": tag}
    return found


def _features(readme: str) -> dict[str, Any]:
    block = readme.partition("<!-- metadata -->")[2].partition("<!-- endmetadata -->")[0]
    features = {}
    for line in block.splitlines():
        key, colon, value = line.strip("* ").replace("**", "").partition(":")
        if colon:
            features[key.strip().lower()] = value.strip()
    status = features.get("status", "0")
    return {
        "backups": features.get("backups", ""),
        "email": features.get("email", ""),
        "healthcheck": features.get("healthcheck", ""),
        "image": {"image": features.get("image", ""), "rating": "", "source": "", "url": ""},
        "status": int(status[0]) if status[:1].isdigit() else 0,
        "tests": features.get("tests", ""),
        "sso": features.get("sso", ""),
    }
