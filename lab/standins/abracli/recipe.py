"""A recipe's git repository: its versions, and which one is checked out."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from lab.standins.abracli import paths, tags
from lab.standins.abracli.git import git
from lab.standins.abracli.logs import Fatal, debug
from lab.standins.abracli.session import Session


@dataclass(frozen=True)
class Recipe:
    """One recipe.

    Attributes:
        name: the name of the recipe, or its git URL if that was given.
        path: the working tree of its repository, which all apps in ABRA_DIR share.
    """

    name: str
    path: Path

    def require(self) -> None:
        """Raise if the repository does not exist."""
        if not (self.path / ".git").exists():
            raise Fatal(
                f"recipe '{self.name}' does not exist: no git repository at {self.path}, "
                f"run 'abra recipe fetch {self.name}'"
            )

    def versions(self) -> list[str]:
        """Return the tags that are versions, oldest first."""
        return tags.ascending((git(self.path, "tag", "--list") or "").split())

    def head(self) -> str:
        """Return the first eight characters of the commit that is checked out."""
        return (git(self.path, "rev-parse", "HEAD") or "")[:8]

    def changes(self) -> str:
        """Return the uncommitted changes, except in files that git ignores."""
        return git(self.path, "status", "--porcelain") or ""

    def chaos_version(self) -> str:
        """Return the commit that is checked out, with +U if there are uncommitted changes."""
        return self.head() + ("+U" if self.changes() else "")

    def require_clean(self) -> None:
        """Raise if there are uncommitted changes."""
        if changed := self.changes():
            raise Fatal(
                f"{self.name} ({self.path}) has locally unstaged changes? please commit/remove "
                f"your changes before proceeding: {', '.join(changed.split()[1::2])}"
            )

    def check_out(self, version: str) -> None:
        """Check out a version tag or a commit.

        Raises:
            Fatal: there is no such version.
        """
        for reference in (f"refs/tags/{version}", version):
            commit = git(
                self.path, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}",
                allow_failure=True,
            )  # fmt: skip
            if commit:
                git(self.path, "checkout", "--quiet", "--force", "--detach", commit)
                return
        raise Fatal(f"unable to check out {self.name} at '{version}': no such version or commit")

    def check_out_newest_commit(self) -> None:
        """Check out the branch main or master; change nothing if there is none."""
        for branch in ("main", "master"):
            reference = f"refs/heads/{branch}"
            if git(self.path, "rev-parse", "--verify", "-q", reference, allow_failure=True):
                git(self.path, "checkout", "--quiet", "--force", branch)
                return

    def fetch(self) -> None:
        """Fetch tags and commits from the origin, if there is one."""
        if "origin" not in (git(self.path, "remote") or "").split():
            debug(f"{self.name}: no remote, nothing to fetch")
            return
        git(self.path, "fetch", "--quiet", "--tags", "origin")
        git(self.path, "merge", "--quiet", "--ff-only", "@{upstream}", allow_failure=True)

    def ensure(self, session: Session, pinned: str = "", chaos: bool = False) -> None:
        """Check out the pinned version, as every command without chaos does first.

        Args:
            session: the flags of all commands.
            pinned: the version in the app's .env file; "" for the default branch.
            chaos: change nothing.

        Raises:
            Fatal: there is no repository, it has uncommitted changes, or there is no such version.
        """
        self.require()
        if chaos:
            return
        self.require_clean()
        if not session.offline:
            self.fetch()
        if pinned.endswith("+U"):
            raise Fatal(f"can not redeploy chaos version ({pinned}) without --chaos")
        if pinned:
            self.check_out(pinned)
        else:
            self.check_out_newest_commit()

    def exports(self) -> dict[str, str]:
        """Return the variables in `export X=Y` lines of abra.sh. The file is never executed."""
        try:
            text = (self.path / "abra.sh").read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        found = re.findall(r"^export[ \t]+(\w+)=(\"[^\"]*\"|'[^']*'|[^\s#]*)", text, re.MULTILINE)
        return {name: value.strip("\"'") for name, value in found}


def recipe_named(name: str) -> Recipe:
    """Return a recipe by its name or git URL; its repository need not exist yet."""
    folder = name
    if "/" in name:
        stem = re.sub(r"^\w+://|^git@|\.git$", "", name)
        folder = re.sub(r"[/.:]", "_", stem)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", folder):
        raise Fatal(f"'{name}' is not a recipe name")
    return Recipe(name, paths.recipes_dir() / folder)


def catalogue() -> dict[str, dict[str, object]]:
    """Return the entry of each recipe in the catalogue; none if there is no catalogue.

    Raises:
        Fatal: it cannot be read.
    """
    file = paths.catalogue_file()
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Fatal(f"unable to read {file}: {error}") from None
    return content if isinstance(content, dict) else {}


def fetch_recipe(name: str, session: Session, force: bool = False) -> Recipe:
    """Clone a recipe if it is missing, else fetch its new commits.

    Args:
        name: a name in the catalogue, or a git URL.
        session: the flags of all commands.
        force: clone it again; local changes are lost.

    Raises:
        Fatal: it is not in the catalogue, or cannot be cloned.
    """
    recipe = recipe_named(name)
    if force and recipe.path.exists():
        shutil.rmtree(recipe.path)
    if (recipe.path / ".git").exists():
        if not session.offline:
            recipe.fetch()
        return recipe
    if session.offline:
        raise Fatal(f"recipe '{name}' was not fetched yet, and --offline was given")
    origin = name if "/" in name else str(catalogue().get(name, {}).get("repository") or "")
    if not origin:
        raise Fatal(f"recipe '{name}' does not exist: not in {paths.catalogue_file()}")
    recipe.path.parent.mkdir(parents=True, exist_ok=True)
    git(recipe.path.parent, "clone", "--quiet", origin, recipe.path.name)
    return recipe


def images_at(recipe: Recipe, tag: str) -> list[dict[str, str]]:
    """Return version, service, image and tag of each service in compose.yml of a version."""
    import yaml

    content = yaml.safe_load(git(recipe.path, "show", f"{tag}:compose.yml") or "") or {}
    rows = []
    for service, part in (content.get("services") or {}).items():
        image, _, version = str(part.get("image", "")).partition("@")[0].rpartition(":")
        rows.append({"version": tag, "service": service, "image": image, "tag": version})
    return rows
