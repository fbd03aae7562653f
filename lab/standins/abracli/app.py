"""Apps: the .env files in servers/<server>/."""

from dataclasses import dataclass
from pathlib import Path

from lab.standins.abracli import envfile, paths
from lab.standins.abracli.envfile import EnvFile
from lab.standins.abracli.logs import Fatal
from lab.standins.abracli.recipe import Recipe, recipe_named

# In Swarm, `<stack>_<secret>_<version>` has at most 64 characters: this leaves room for the rest.
STACK_NAME_LIMIT = 45


@dataclass(frozen=True)
class App:
    """One app.

    Attributes:
        name: the name of the .env file without the extension, normally the domain.
        server: the name of the server's folder.
        path: the path of the .env file.
        file: the content of the .env file.
        recipe: the recipe.
        pinned: the version after the recipe's name in TYPE, or "".
    """

    name: str
    server: str
    path: Path
    file: EnvFile
    recipe: Recipe
    pinned: str

    @property
    def domain(self) -> str:
        """DOMAIN in the .env file, else the name of the app."""
        return self.file.values.get("DOMAIN") or self.name

    @property
    def stack(self) -> str:
        """STACK_NAME in the .env file, else the name that follows from the app's name."""
        return self.file.values.get("STACK_NAME") or stack_name(self.name)

    def settings(self) -> dict[str, str]:
        """Return the values for variables in compose files: the .env file and abra.sh's exports."""
        return {**self.file.values, "STACK_NAME": self.stack, **self.recipe.exports()}


def stack_name(app_name: str) -> str:
    """Return the name of an app's stack: with underscores for dots, and at most 45 characters.

    Example:
        >>> stack_name("blog.lab.test")
        'blog_lab_test'
    """
    return app_name.replace(".", "_")[:STACK_NAME_LIMIT]


def load(name: str) -> App:
    """Return an app by its name.

    Raises:
        Fatal: there is none, or its .env file is not valid.
    """
    if name and "/" not in name:
        for path in sorted(paths.servers_dir().glob("*/*.env")):
            if path.name == f"{name}.env":
                return _load(path)
    raise Fatal(f"cannot find app with name '{name}'")


def all_apps() -> list[App]:
    """Return all apps in ABRA_DIR, sorted by server and name."""
    return [_load(path) for path in sorted(paths.servers_dir().glob("*/*.env"))]


def _load(path: Path) -> App:
    file = envfile.read(path)
    kind = file.values.get("TYPE") or file.values.get("RECIPE") or ""
    # The version is after the last colon, unless that is part of a URL.
    recipe, colon, version = kind.rpartition(":")
    if not colon or version.startswith("//"):
        recipe, version = kind, ""
    if not recipe:
        raise Fatal(f"{path}: TYPE= does not name a recipe")
    return App(path.stem, path.parent.name, path, file, recipe_named(recipe), version)
