"""Which images the lab's recipes name, and which of them the lab knows how to build."""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab.errors import LabError
from lab.settings import REPO

IMAGES = REPO / "lab" / "images"
RECIPES = REPO / "lab" / "recipes"
KNOWN_KEYS = {"folder", "release", "args", "wheels"}
# ${NAME} and ${NAME:-default}, the two forms that recipes use in an image's name.
VARIABLE = re.compile(r"\$\{(\w+)(?::?-([^}]*))?\}")


@dataclass(frozen=True)
class Plan:
    """How one image is built: see the head of images.toml."""

    ref: str
    context: Path
    release: str
    args: tuple[tuple[str, str], ...]
    wheels: tuple[str, ...]

    def content_hash(self, base_hash: str) -> str:
        """Changes when, and only when, a build would come out different."""
        digest = hashlib.sha256(base_hash.encode())
        digest.update(json.dumps([self.ref, self.args, self.wheels]).encode())
        for path in sorted(self.context.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                mode = "x" if path.stat().st_mode & 0o100 else "-"
                digest.update(f"{path.relative_to(self.context)}\0{mode}".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:16]


def plans(folder: Path = IMAGES) -> dict[str, Plan]:
    """Every image that can be built here, by its full name.

    Raises:
        LabError: images.toml cannot be read, or holds an unknown key or a missing folder.
    """
    path = folder / "images.toml"
    try:
        content = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise LabError(f"{path}: {error}") from error
    found = {}
    for ref, entry in content.items():
        if unknown := set(entry) - KNOWN_KEYS:
            raise LabError(f"{path}: [{ref}] has the unknown key {sorted(unknown)[0]}")
        context = folder / entry.get("folder", ref.split(":")[0].rsplit("/")[-1])
        if not (context / "Dockerfile").is_file():
            raise LabError(f"{path}: [{ref}] needs {context}/Dockerfile, which is not there")
        args = tuple(sorted((str(key), str(value)) for key, value in entry.get("args", {}).items()))
        release = entry.get("release", "bookworm")
        found[ref] = Plan(ref, context, release, args, tuple(entry.get("wheels", ())))
    return found


def recipes(folder: Path = RECIPES) -> tuple[str, ...]:
    """The names of the lab's own recipes."""
    return tuple(sorted(path.parent.name for path in folder.glob("*/releases.toml")))


def images_of(
    recipe: str, folder: Path = RECIPES, *, head_only: bool = False, files: Iterable[str] = ()
) -> tuple[str, ...]:
    """Every image that a recipe's head or one of its releases names.

    Args:
        recipe: its name.
        folder: where the lab's recipes are.
        head_only: leave the releases out.
        files: the compose files to look into; those that .env.sample names by default.

    Raises:
        LabError: the lab has no such recipe.
    """
    home = folder / recipe
    if not (home / "releases.toml").is_file():
        known = ", ".join(recipes(folder)) or "none"
        raise LabError(f"the lab has no recipe {recipe} (it has: {known})")
    head = home / "recipe"
    trees = [] if head_only else sorted((home / "releases").glob("*"))
    names: set[str] = set()
    for tree in (head, *trees):
        sample = _first(tree / ".env.sample", head / ".env.sample")
        environment = environment_in(sample)
        usual = (environment.get("COMPOSE_FILE") or "compose.yml").split(":")
        for file in tuple(files) or usual:
            names.update(_images_in(_first(tree / file, head / file), environment))
    return tuple(sorted(names))


def _first(*paths: Path) -> Path | None:
    """A release's folder holds only the files that differ from the head's."""
    return next((path for path in paths if path.is_file()), None)


def environment_in(sample: Path | None) -> dict[str, str]:
    """The settings of an env file: comments and quotes dropped, references left as they are."""
    lines: Iterable[str] = sample.read_text().splitlines() if sample else ()
    pairs = (line.split("=", 1) for line in lines if re.match(r"[A-Z]\w*=", line))
    return {key: value.split(" #")[0].strip().strip("\"'") for key, value in pairs}


def _images_in(compose: Path | None, environment: Mapping[str, str]) -> Iterable[str]:
    try:
        content: dict[str, Any] = yaml.safe_load(compose.read_text()) if compose else {}
    except yaml.YAMLError as error:
        raise LabError(f"{compose} is not YAML: {error}") from error
    for service in (content.get("services") or {}).values():
        if "image" in service:
            yield VARIABLE.sub(
                lambda found: environment.get(found[1]) or found[2] or "", service["image"]
            )
