"""`make new RECIPE=x`: the folders of a recipe, from its compose files and .env.sample.

What can be guessed is written; what only a person can write is there as a test or keyword that
fails by saying what to write, so that nothing is green by accident.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from ccci.authoring.composefile import read_recipe
from ccci.authoring.contract import to_write
from ccci.authoring.model import Finding
from ccci.authoring.pages import write as write_pages
from ccci.authoring.project import Project
from ccci.authoring.skeletons import recipe_files, suite_files
from ccci.errors import Misuse
from ccci.recipe.config import check_recipe_name
from ccci.recipe.fit_report import operators_recipes


def make_recipe(root: Path, recipe: str, source: Path | None = None) -> list[Finding]:
    """Make recipes/<recipe>/ and suites/<recipe>/ and return what is left to write.

    Args:
        root: the project's folder.
        recipe: the recipe's name.
        source: the recipe's own repository; without it, the one among the server's recipes.

    Raises:
        Misuse: the name cannot be one, the folders are there already, or there is no such recipe.
            Nothing is left behind.

    Example:
        >>> make_recipe(Path("."), "n8n", Path("~/recipes/n8n").expanduser())
    """
    check_recipe_name(recipe)
    if recipe == "generic":
        raise Misuse("'generic' is the folder of the generic stages; a recipe needs another name.")
    places = {place: root / place / recipe for place in ("recipes", "suites")}
    for path in places.values():
        if path.exists() or path.is_symlink():
            raise Misuse(f"{path.relative_to(root)} is there already; nothing was changed.")
    seen = read_recipe(source if source is not None else _find(recipe))
    # Made aside and moved at the end: whatever goes wrong leaves no half recipe.
    aside = Path(tempfile.mkdtemp(prefix=".new-", dir=root))
    try:
        _write(aside / "recipes", recipe_files(recipe, seen))
        _write(aside / "suites", suite_files(recipe, seen))
        for stage in Project(root).generic_files:
            (aside / "suites" / stage.name).symlink_to(f"../generic/{stage.name}")
        for place, path in places.items():
            path.parent.mkdir(exist_ok=True)
            (aside / place).rename(path)
    except OSError as error:
        for path in places.values():
            shutil.rmtree(path, ignore_errors=True)
        raise Misuse(f"{recipe}: the folders cannot be made: {error}.") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    write_pages(root)
    return [item for item in to_write(Project(root)) if f"/{recipe}/" in item.path]


def _find(recipe: str) -> Path:
    recipes = operators_recipes()
    folder = recipes / recipe
    if not (folder / "compose.yml").is_file():
        raise Misuse(
            f"There is no recipe '{recipe}' in {recipes}. Name its repository: "
            f"make new RECIPE={recipe} SOURCE=<folder with compose.yml>."
        )
    return folder


def _write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(mode=0o755)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def main(argv: list[str] | None = None) -> int:
    """Make the folders of a recipe; what only a person can write is named, one line each."""
    parser = argparse.ArgumentParser(prog="ccci.authoring.new", description=main.__doc__)
    parser.add_argument("recipe", metavar="RECIPE")
    parser.add_argument("--source", type=Path, help="the recipe's own repository")
    parser.add_argument("--root", type=Path, default=Path.cwd())
    options = parser.parse_args(argv)
    root = options.root.resolve()
    try:
        left = make_recipe(root, options.recipe, options.source)
    except Misuse as error:
        print(error, file=sys.stderr)
        return 2
    print(f"made recipes/{options.recipe}/ and suites/{options.recipe}/; to write:")
    for item in left:
        print(f"  {item}")
    print(f"then: make check, and make run RECIPE={options.recipe}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
