"""P4: what people entrust to an app is planted, looked for, and seen to be gone.

Each line of `[holds]` in recipe.toml has keywords with its tag; see `ccci.authoring.held`.
"""

from collections.abc import Iterator

from ccci.authoring.assertions import asserts
from ccci.authoring.held import GONE, PLANT, TAG, THERE, held_by
from ccci.authoring.model import Definition, Finding
from ccci.authoring.project import Project
from ccci.authoring.recipes import DATA_STAGES
from ccci.authoring.vocabulary import Vocabulary
from ccci.errors import Misuse
from ccci.recipe.config import RecipeConfig, load_recipe_config
from ccci.recipe.toml_lines import line_of

_WHAT_IT_LACKS = {PLANT: "planted", THERE: "looked for", GONE: "seen to be gone"}


def check_entrusted(project: Project, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Yield the lines of `[holds]` that no keyword plants, finds, or sees to be gone."""
    for recipe, config in _with_seed(project):
        path = project.recipe_file(recipe, "recipe.toml")
        text = path.read_text(encoding="utf-8")
        for held in held_by(project, vocabulary, recipe, config):
            line = line_of(text, ("holds", held.key))
            for root, keywords in held.keywords.items():
                if sentence := _missing(vocabulary, held.key, root, keywords):
                    yield project.finding(path, line, f"P4: {sentence}")
        yield from _unknown_tags(project, recipe, config)


def check_something_held(project: Project) -> Iterator[Finding]:
    """Yield each recipe.toml that does not say what people entrust to the app."""
    for recipe, config in _with_seed(project):
        if not config.holds:
            path = project.recipe_file(recipe, "recipe.toml")
            yield project.finding(
                path,
                line_of(path.read_text(encoding="utf-8"), ("holds",)),
                "[holds] is empty; give it a line for each thing that people entrust to the app.",
                "to write",
            )


def _with_seed(project: Project) -> Iterator[tuple[str, RecipeConfig]]:
    for recipe in project.enrolled:
        path = project.recipe_file(recipe, "recipe.toml")
        try:
            config = load_recipe_config(path)
        except Misuse:
            continue  # `check_recipes` reports it.
        if config.is_written and not set(config.opt_out) >= DATA_STAGES:
            yield recipe, config


def _missing(vocabulary: Vocabulary, key: str, root: str, keywords: tuple[Definition, ...]) -> str:
    tag, lack = f"{TAG}{key}", _WHAT_IT_LACKS[root]
    if not keywords:
        return (
            f"'{key}' is never {lack}: '{root}' calls no keyword tagged {tag}. Write "
            f"'[Tags]    {tag}' into the keyword that does it, and let '{root}' call that one."
        )
    if root == PLANT or any(
        keyword.to_write or asserts(keyword, vocabulary.file_of(keyword), vocabulary)
        for keyword in keywords
    ):
        return ""
    return (
        f"'{key}' is never {lack}: keyword '{keywords[0].name}' (tagged {tag}), which '{root}' "
        "calls, holds no assertion. Compare in it what the app answers with what it should be."
    )


def _unknown_tags(project: Project, recipe: str, config: RecipeConfig) -> Iterator[Finding]:
    folder = project.root / "recipes" / recipe
    own = [file for file in project.resources if file.path.parent == folder]
    for keyword in (keyword for file in own for keyword in file.keywords):
        for key in (tag.removeprefix(TAG) for tag in keyword.tags if tag.startswith(TAG)):
            if key not in config.holds:
                yield project.finding(
                    keyword.path,
                    keyword.line,
                    f"P4: keyword '{keyword.name}' is tagged {TAG}{key}, and [holds] of "
                    f"recipe.toml has no line '{key}'; it has {', '.join(config.holds) or 'none'}.",
                )
