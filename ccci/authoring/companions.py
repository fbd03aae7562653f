"""P5 of companions: those that recipes name are there, and each can be deployed."""

import re
from collections.abc import Iterator

from ccci.authoring.model import Finding
from ccci.authoring.project import Project
from ccci.authoring.recipes import line_of
from ccci.errors import Misuse, UnreadableRecipe
from ccci.recipe.companions import companion_folder, companions_of, load_companion
from ccci.recipe.config import RecipeConfig, config_path, load_recipe_config
from ccci.recipe.fit import compare
from ccci.recipe.offered import read_offered
from ccci.recipe.toml_lines import line_of as line_of_place


def check_companions(project: Project) -> Iterator[Finding]:
    """Yield what is wrong with the companions of a project, and with the names of them."""
    for name in companions_of(project.root):
        yield from _companion(project, name)
    for recipe in project.enrolled:
        try:
            config = load_recipe_config(config_path(project.root, recipe))
        except Misuse:
            continue  # The check of the recipe's settings says so.
        yield from _named(project, recipe, config)


def _named(project: Project, recipe: str, config: RecipeConfig) -> Iterator[Finding]:
    there = companions_of(project.root)
    path = config_path(project.root, recipe)
    for name in config.companions:
        if name not in there:
            yield project.finding(
                path,
                line_of(path, "companions"),
                f"P5: companions names '{name}': there is no resources/companions/{name}/. There "
                f"are: {', '.join(there) or 'none'}.",
            )


def _companion(project: Project, name: str) -> Iterator[Finding]:
    folder = companion_folder(project.root, name)
    path = folder / "recipe.toml"
    if name in project.enrolled:
        yield project.finding(
            path,
            1,
            f"P5: '{name}' is an enrolled recipe too; a companion needs another name, since "
            "'Dependency' finds an app by it.",
        )
    try:
        config = load_companion(project.root, name)
    except Misuse as error:
        found = re.match(r"(?:.*?recipe\.toml(?::(\d+))?: )?(.+)", str(error), re.DOTALL)
        line, sentence = found.groups() if found else (None, str(error))
        yield project.finding(path, int(line or 1), f"P5: {sentence}")
        return
    compose = folder / "recipe" / "compose.yml"
    if not compose.exists():
        yield project.finding(compose, 1, "P5: missing; expected the companion's own recipe.")
        return
    try:
        offered = read_offered(folder / "recipe")
    except UnreadableRecipe as error:
        yield project.finding(compose, 1, f"P5: {error}")
        return
    if "app" not in offered.named("service"):
        yield project.finding(
            compose,
            1,
            "P5: a companion has a service 'app': apps find it at the name <stack>_app.",
        )
    text = path.read_text(encoding="utf-8")
    for one in compare(config.as_recipe, offered).mismatches:
        yield project.finding(path, line_of_place(text, one.place), f"P5: {one.sentence}.")
