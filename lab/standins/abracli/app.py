"""An app: one .env file below servers/<server>/."""

from dataclasses import dataclass
from pathlib import Path

from lab.standins.abracli import envfile, paths
from lab.standins.abracli.envfile import EnvFile
from lab.standins.abracli.logs import Fatal
from lab.standins.abracli.recipe import Recipe, recipe_named

# Swarm takes 64 characters for `<stack>_<secret>_<version>`: a part of that is kept free.
LONGEST_STACK_NAME = 45


@dataclass(frozen=True)
class App:
    """One app.

    Attributes:
        name: the .env file's stem, normally the domain.
        server: the server's folder name.
        path: the .env file.
        file: its content.
        recipe: its recipe.
        pinned: the version behind the recipe's name in TYPE, or "".
    """

    name: str
    server: str
    path: Path
    file: EnvFile
    recipe: Recipe
    pinned: str

    @property
    def domain(self) -> str:
        """The DOMAIN of the .env, else the app's name."""
        return self.file.values.get("DOMAIN") or self.name

    @property
    def stack(self) -> str:
        """The name of its stack; STACK_NAME in the .env wins."""
        return self.file.values.get("STACK_NAME") or stack_name(self.name)

    def settings(self) -> dict[str, str]:
        """Return what compose files are filled in with: the .env and abra.sh's exports."""
        return {**self.file.values, "STACK_NAME": self.stack, **self.recipe.exports()}


def stack_name(app_name: str) -> str:
    """Return the stack's name: dots become underscores, cut at 45 characters.

    Example:
        >>> stack_name("blog.lab.test")
        'blog_lab_test'
    """
    return app_name.replace(".", "_")[:LONGEST_STACK_NAME]


def load(name: str) -> App:
    """Return the app of that name.

    Raises:
        Fatal: there is none, or its .env is broken.
    """
    if name and "/" not in name:
        for path in sorted(paths.servers_dir().glob("*/*.env")):
            if path.name == f"{name}.env":
                return _load(path)
    raise Fatal(f"cannot find app with name '{name}'")


def all_apps() -> list[App]:
    """Return all apps of this ABRA_DIR, ordered by server and name."""
    return [_load(path) for path in sorted(paths.servers_dir().glob("*/*.env"))]


def _load(path: Path) -> App:
    file = envfile.read(path)
    kind = file.values.get("TYPE") or file.values.get("RECIPE") or ""
    # The version follows the last colon, unless that is the one of a URL.
    recipe, colon, version = kind.rpartition(":")
    if not colon or version.startswith("//"):
        recipe, version = kind, ""
    if not recipe:
        raise Fatal(f"{path}: TYPE= names no recipe")
    return App(path.stem, path.parent.name, path, file, recipe_named(recipe), version)
