"""One recipe's page: what its suite proves, in the order in which it is proven."""

import re
from collections.abc import Iterator
from pathlib import Path

from ccci.authoring.held import ROOTS, held_by
from ccci.authoring.model import Call, Definition, RobotFile, plain, stage_of
from ccci.authoring.parity import read_rows
from ccci.authoring.project import Project
from ccci.authoring.recipes import REQUIRED_KEYWORDS
from ccci.authoring.robotfile import read_robot_file
from ccci.authoring.verified_pages import verified_part
from ccci.authoring.vocabulary import Vocabulary
from ccci.errors import Misuse
from ccci.recipe.config import RecipeConfig, load_recipe_config

MADE = "<!-- Made by `make docs`: edit the sources, not this page. -->"


def recipe_page(project: Project, vocabulary: Vocabulary, recipe: str) -> str:
    """Return the page as Markdown."""
    try:
        config = load_recipe_config(project.recipe_file(recipe, "recipe.toml"))
    except Misuse:
        # `make check` names the defect with its line; the page still shows the tests.
        config = RecipeConfig()
    folder = project.root / "suites" / recipe
    paths = sorted(folder.glob("*.robot"), key=lambda path: (path.stem != "__init__", path.name))
    files = [read_robot_file(path) for path in paths if path.exists()]
    lines = [MADE, "", f"# {recipe}", "", *_settings(config), *verified_part(project, recipe)]
    lines += _seed(project, recipe)
    lines += _held(project, vocabulary, recipe, config)
    for file in files:
        lines += _suite(file, config, vocabulary)
    lines += _parity(project, recipe)
    return "\n".join(lines).rstrip() + "\n"


def _settings(config: RecipeConfig) -> Iterator[str]:
    needs = [*config.requires, *(f"{name} (tests only)" for name in config.test_requires)]
    needs += [f"{name} (companion)" for name in config.companions]
    if config.sso is not None:
        needs.append(f"{config.sso.provider} (signs users in)")
    yield f"Needs: {', '.join(needs) if needs else 'no other recipe'}. Weight: {config.weight}."
    yield ""
    if config.browser is not None:
        yield f"No browser tests: {config.browser.none}"
        yield ""
    for stage, reason in sorted(config.opt_out.items()):
        yield f"**Opted out** of the generic part of *{stage}*: {reason}"
        yield ""
    for limit in config.limit:
        yield f"**Limit** of the service `{limit.service}` raised: {limit.reason}"
        yield ""


def _seed(project: Project, recipe: str) -> Iterator[str]:
    """The keywords that restart, backup and upgrade call, which are the recipe's own."""
    path = project.recipe_file(recipe, f"{recipe}.resource")
    keywords = {
        plain(keyword.name): keyword
        for file in project.resources
        if file.path == path
        for keyword in file.keywords
    }
    found = [keywords[plain(name)] for name in REQUIRED_KEYWORDS if plain(name) in keywords]
    if found:
        yield from ("## The seed", "")
        yield "Restart, backup and upgrade plant data through the app and look for it again:"
        yield ""
        yield from (f"- **{keyword.name}**: {_text(keyword.documentation)}" for keyword in found)
        yield ""


def _held(
    project: Project, vocabulary: Vocabulary, recipe: str, config: RecipeConfig
) -> Iterator[str]:
    """What people entrust to the app, and the keywords that carry its tag."""
    rows = list(held_by(project, vocabulary, recipe, config))
    if rows:
        yield from ("What people entrust to the app, and the keywords that see to it:", "")
        yield from ("| | planted by | found by | seen to be gone by |", "| --- | --- | --- | --- |")
        for held in rows:
            names = (
                ", ".join(dict.fromkeys(one.name for one in held.keywords[root])) for root in ROOTS
            )
            yield f"| `{held.key}`: {held.meaning} | {' | '.join(names)} |"
        yield ""


def _suite(file: RobotFile, config: RecipeConfig, vocabulary: Vocabulary) -> Iterator[str]:
    stage = stage_of(file.path)
    if file.path.stem == "__init__":
        yield from ("## Set-up and teardown", "")
    else:
        part = "generic" if file.path.is_symlink() else "the recipe's own"
        left_out = ", opted out" if part == "generic" and stage in config.opt_out else ""
        yield from (f"## {stage} ({part}{left_out})", "")
    if file.documentation:
        yield from (_text(file.documentation), "")
    for call in file.settings_calls:
        yield _step(call, file, vocabulary)
    if file.settings_calls:
        yield ""
    for test in file.tests:
        yield from _test(test, file, vocabulary)


def _test(test: Definition, file: RobotFile, vocabulary: Vocabulary) -> Iterator[str]:
    yield from (f"### {test.name}", "")
    if test.documentation:
        yield from (_text(test.documentation), "")
    if test.tags:
        yield from (f"Tags: {', '.join(test.tags)}.", "")
    if test.template:
        template = Call(test.template, (), test.line)
        yield from (f"For each row: {_named(template, file, vocabulary)}", "")
        rows = [call.args for call in test.calls if call.name == test.template]
        yield from (f"- {', '.join(f'`{cell}`' for cell in row)}" for row in rows)
    else:
        yield from (_step(call, file, vocabulary) for call in test.calls)
    yield ""


def _step(call: Call, file: RobotFile, vocabulary: Vocabulary) -> str:
    return f"- {_named(call, file, vocabulary)}"


def _named(call: Call, file: RobotFile, vocabulary: Vocabulary) -> str:
    cells = "".join(f" `{arg}`" for arg in call.args)
    keywords = vocabulary.user_keywords(call, file)
    own = vocabulary.library_keyword(call)
    about = keywords[0].documentation if keywords else own.short if own else ""
    return f"**{call.name}**{cells}{': ' + _text(about) if about else ''}"


def _text(documentation: str) -> str:
    first = re.split(r"\n\s*\n", documentation.strip())[0]
    return " ".join(first.split())


def _parity(project: Project, recipe: str) -> Iterator[str]:
    path: Path = project.recipe_file(recipe, "PARITY.md")
    rows = read_rows(path) if path.exists() else ()
    if not rows:
        return
    yield from ("## Parity with the older tests", "", "| older test | here | what |")
    yield "| --- | --- | --- |"
    for row in rows:
        yield f"| `{row.old}` | {row.target} :: {row.test} | {row.what} |"
