"""Which keywords plant what people entrust to an app, find it again, and see that it is gone.

Each line of `[holds]` in recipe.toml has keywords with the tag `holds:<key>`: one that
`Plant The Seed` calls, directly or through others, and one each that `The Seed Should Be There` and
`The Seed Should Be Gone` call, with an assertion in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ccci.authoring.model import Definition, plain
from ccci.authoring.project import Project
from ccci.authoring.vocabulary import Vocabulary, with_inner
from ccci.recipe.config import RecipeConfig

TAG = "holds:"
PLANT, THERE, GONE = "Plant The Seed", "The Seed Should Be There", "The Seed Should Be Gone"
ROOTS = (PLANT, THERE, GONE)


@dataclass(frozen=True)
class Held:
    """One line of `[holds]`, and the tagged keywords that each of the three keywords calls."""

    key: str
    meaning: str
    keywords: dict[str, tuple[Definition, ...]]


def held_by(
    project: Project, vocabulary: Vocabulary, recipe: str, config: RecipeConfig
) -> Iterator[Held]:
    """Yield each line of `[holds]` with the keywords that are tagged for it."""
    path = project.recipe_file(recipe, f"{recipe}.resource")
    own = [keyword for file in project.resources if file.path == path for keyword in file.keywords]
    called = {
        root: [one for keyword in own if plain(keyword.name) == plain(root)
               for one in _called_by(keyword, vocabulary)]
        for root in ROOTS
    }  # fmt: skip
    for key, meaning in config.holds.items():
        tagged = {
            root: tuple(one for one in keywords if f"{TAG}{key}" in one.tags)
            for root, keywords in called.items()
        }
        yield Held(key, meaning, tagged)


def _called_by(root: Definition, vocabulary: Vocabulary) -> list[Definition]:
    """Return the keywords that one calls, at any depth, without itself."""
    found: list[Definition] = []
    waiting = [root]
    while waiting:
        current = waiting.pop()
        file = vocabulary.file_of(current)
        for made in with_inner(current.calls):
            new = [k for k in vocabulary.user_keywords(made, file) if k not in (root, *found)]
            found += new
            waiting += new
    return found
