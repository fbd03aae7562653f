"""The images that the lab's recipes use, and how the lab builds them."""

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
COMPANIONS = REPO / "resources" / "companions"
KNOWN_KEYS = {"folder", "release", "args", "wheels"}
ONLY_PULLED = "only_pulled"
# ${NAME} and ${NAME:-default}: no other form is used in the name of an image.
VARIABLE = re.compile(r"\$\{(\w+)(?::?-([^}]*))?\}")


@dataclass(frozen=True)
class Plan:
    """How an image is built: see the top of images.toml."""

    ref: str
    context: Path
    release: str
    args: tuple[tuple[str, str], ...]
    wheels: tuple[str, ...]

    def content_hash(self, base_hash: str) -> str:
        """Return a hash of everything that the image depends on."""
        digest = hashlib.sha256(base_hash.encode())
        digest.update(json.dumps([self.ref, self.args, self.wheels]).encode())
        for path in sorted(self.context.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                mode = "x" if path.stat().st_mode & 0o100 else "-"
                digest.update(f"{path.relative_to(self.context)}\0{mode}".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:16]


def plans(folder: Path = IMAGES) -> dict[str, Plan]:
    """Return the plan of every image that the lab can build, by its full name.

    Raises:
        LabError: images.toml cannot be read, has an unknown key, or names a missing folder.
    """
    path = folder / "images.toml"
    found = {}
    for ref, entry in _described(path).items():
        if ONLY_PULLED in entry:
            continue
        context = folder / entry.get("folder", ref.split(":")[0].rsplit("/")[-1])
        if not (context / "Dockerfile").is_file():
            raise LabError(f"{path}: [{ref}] needs {context}/Dockerfile, which does not exist")
        args = tuple(sorted((str(key), str(value)) for key, value in entry.get("args", {}).items()))
        release = entry.get("release", "bookworm")
        found[ref] = Plan(ref, context, release, args, tuple(entry.get("wheels", ())))
    return found


def only_pulled(folder: Path = IMAGES) -> dict[str, str]:
    """Return the images that the lab cannot build, each with the reason.

    Raises:
        LabError: images.toml cannot be read, or has an unknown key.
    """
    described = _described(folder / "images.toml")
    return {ref: entry[ONLY_PULLED] for ref, entry in described.items() if ONLY_PULLED in entry}


def _described(path: Path) -> dict[str, dict[str, Any]]:
    try:
        content: dict[str, dict[str, Any]] = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise LabError(f"{path}: {error}") from error
    for ref, entry in content.items():
        known = {ONLY_PULLED} if ONLY_PULLED in entry else KNOWN_KEYS
        if unknown := set(entry) - known:
            raise LabError(f"{path}: [{ref}] has the unknown key {sorted(unknown)[0]}")
    return content


def recipes(folder: Path = RECIPES) -> tuple[str, ...]:
    """Return the names of the lab's recipes."""
    return tuple(sorted(path.parent.name for path in folder.glob("*/releases.toml")))


def companions(folder: Path = COMPANIONS) -> tuple[str, ...]:
    """Return the names of the companions: what runs beside recipes, and is no recipe itself."""
    return tuple(sorted(path.parent.name for path in folder.glob("*/recipe")))


def images_of(
    recipe: str,
    folder: Path = RECIPES,
    *,
    head_only: bool = False,
    files: Iterable[str] = (),
    beside: Path = COMPANIONS,
) -> tuple[str, ...]:
    """Return every image that a recipe's head or one of its releases uses; or a companion.

    Args:
        recipe: the name of the recipe, or of the companion.
        folder: the folder with the lab's recipes.
        head_only: ignore the releases.
        files: the compose files to read; by default, those that .env.sample names.
        beside: the folder with the companions.

    Raises:
        LabError: the lab has no such recipe, and there is no such companion.
    """
    home = folder / recipe
    if not (home / "releases.toml").is_file():
        if recipe not in companions(beside):
            known = ", ".join(recipes(folder)) or "none"
            raise LabError(f"the lab has no recipe {recipe} (it has: {known})")
        home = beside / recipe
    head = home / "recipe"
    trees = [] if head_only else sorted((home / "releases").glob("*"))
    names: set[str] = set()
    for tree in (head, *trees):
        sample = _first(tree / ".env.sample", head / ".env.sample")
        environment = environment_in(sample)
        default = (environment.get("COMPOSE_FILE") or "compose.yml").split(":")
        for file in tuple(files) or default:
            names.update(_images_in(_first(tree / file, head / file), environment))
    return tuple(sorted(names))


def _first(*paths: Path) -> Path | None:
    """Return the first path that exists: a release's folder has only what differs from the head."""
    return next((path for path in paths if path.is_file()), None)


def environment_in(sample: Path | None) -> dict[str, str]:
    """Return the settings of an env file, without comments and quotes; references are kept."""
    lines: Iterable[str] = sample.read_text().splitlines() if sample else ()
    pairs = (line.split("=", 1) for line in lines if re.match(r"[A-Z]\w*=", line))
    return {key: value.split(" #")[0].strip().strip("\"'") for key, value in pairs}


def _images_in(compose: Path | None, environment: Mapping[str, str]) -> Iterable[str]:
    try:
        content: dict[str, Any] = yaml.safe_load(compose.read_text()) if compose else {}
    except yaml.YAMLError as error:
        raise LabError(f"{compose} is not valid YAML: {error}") from error
    for service in (content.get("services") or {}).values():
        if "image" in service:
            yield VARIABLE.sub(
                lambda found: environment.get(found[1]) or found[2] or "", service["image"]
            )
