"""P6: an app with pages is driven by a browser, and the log shows what it saw."""

from collections.abc import Iterator

from ccci.authoring.model import Call, Definition, Finding, RobotFile, plain, stage_of
from ccci.authoring.project import Project
from ccci.authoring.vocabulary import Vocabulary, inner_calls
from ccci.recipe.config import RecipeConfig


def check_browser(
    project: Project, recipe: str, config: RecipeConfig, vocabulary: Vocabulary
) -> Iterator[Finding]:
    """Yield what is missing of a recipe's browser tests, a picture of the proof included."""
    suites = [file for file in project.own_suites(recipe) if stage_of(file.path) == "browser"]
    if config.browser is not None:
        for file in suites:
            yield project.finding(
                file.path, 1, "P6: recipe.toml says [browser] none, and here are browser tests."
            )
        return
    if not any(file.tests for file in suites):
        yield Finding(
            f"suites/{recipe}/3__browser.robot",
            1,
            "P6: no browser test; expected one that signs in, makes the object and sees it, or "
            '[browser] none = "<reason>" in recipe.toml for an app without pages.',
        )
        return
    shown = [
        (file, test, test.to_write or _takes_screenshot(test, file, vocabulary, frozenset()))
        for file in suites
        for test in file.tests
    ]
    any_shown = any(seen for _, _, seen in shown) or any(
        _shows(call, file, vocabulary, frozenset())
        for file in suites
        for call in file.settings_calls
    )
    for file, test, seen in shown:
        if not seen and not any_shown:
            yield project.finding(
                file.path,
                test.line,
                f"P6: browser test '{test.name}' takes no screenshot, nor does any other here. "
                "Take one at the moment that proves it.",
            )


def _takes_screenshot(
    definition: Definition, file: RobotFile, vocabulary: Vocabulary, seen: frozenset[str]
) -> bool:
    return any(_shows(call, file, vocabulary, seen) for call in definition.calls)


def _shows(call: Call, file: RobotFile, vocabulary: Vocabulary, seen: frozenset[str]) -> bool:
    for made in (call, *inner_calls(call)):
        name = plain(made.name)
        if "screenshot" in name:
            return True
        own = vocabulary.library_keyword(made)
        if own is not None and "screenshot" in own.tags:
            return True
        if name in seen:
            continue
        for keyword in vocabulary.user_keywords(made, file):
            holder = vocabulary.file_of(keyword) or file
            if _takes_screenshot(keyword, holder, vocabulary, seen | {name}):
                return True
    return False
