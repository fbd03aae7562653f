"""P1, P4 and P5: each recipe's folders, settings, opt-outs and required keywords."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ccci.authoring.browserflow import check_browser
from ccci.authoring.model import Finding, plain, sentence_words, stage_of
from ccci.authoring.project import Project
from ccci.authoring.vocabulary import Vocabulary
from ccci.errors import Misuse
from ccci.recipe.config import RecipeConfig, load_recipe_config

REQUIRED_KEYWORDS = (
    "Plant The Seed",
    "The Seed Should Be There",
    "The Seed Should Be Gone",
    "Change And Delete The Seed",
    "The App Should Work",
)
DATA_STAGES = frozenset({"restart", "backup", "upgrade"})
OWN_FILE = "2__functional.robot"


def check_recipes(project: Project, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Yield what is missing or wrong in the folders of each recipe."""
    for recipe in project.suite_folders:
        if recipe not in project.enrolled:
            yield Finding(
                f"suites/{recipe}",
                1,
                f"P1: there is no recipes/{recipe}/ beside this suite. `make new RECIPE={recipe}` "
                "makes both.",
            )
    for recipe in project.enrolled:
        yield from _files(project, recipe)
        path = project.recipe_file(recipe, "recipe.toml")
        try:
            config = load_recipe_config(path)
        except Misuse as error:
            yield _misuse(project, path, str(error))
            continue
        yield from _settings(project, recipe, path, config)
        yield from _keywords(project, recipe, config)
        yield from check_browser(project, recipe, config, vocabulary)


def _files(project: Project, recipe: str) -> Iterator[Finding]:
    folder = project.root / "suites" / recipe
    if not folder.is_dir():
        yield Finding(
            f"recipes/{recipe}",
            1,
            f"P1: there is no suites/{recipe}/ for this recipe. `make new RECIPE={recipe}` makes "
            "both.",
        )
        return
    notes = project.recipe_file(recipe, "NOTES.md")
    if not notes.exists():
        yield project.finding(
            notes, 1, "P8: missing; expected the decisions that concern this recipe alone."
        )
    for generic in project.generic_files:
        path = folder / generic.name
        wanted = f"../generic/{generic.name}"
        if not path.is_symlink() and path.exists():
            yield project.finding(
                path,
                1,
                f"P1: a copy of a generic stage; expected a link to {wanted}, so that every recipe "
                "runs the same. What is special goes to a file of its own beside it.",
            )
        elif not path.is_symlink():
            yield project.finding(
                path,
                1,
                f"P1: the generic stage is missing; expected a link to {wanted}. A stage that the "
                "recipe leaves out stays, with a reason under [opt_out] in recipe.toml.",
            )
        elif str(path.readlink()) != wanted:
            yield project.finding(
                path, 1, f"P1: links to '{path.readlink()!s}', expected {wanted}."
            )
    for path in sorted(folder.glob("*.robot")):
        if path.is_symlink() and path.name not in {item.name for item in project.generic_files}:
            yield project.finding(
                path, 1, "P1: a link to no generic stage; expected a file of the recipe's own."
            )
    if not (folder / OWN_FILE).exists():
        yield project.finding(
            folder / OWN_FILE, 1, f"P1: the recipe has no functional tests; expected {OWN_FILE}."
        )


def _misuse(project: Project, path: Path, sentence: str) -> Finding:
    found = re.match(rf"{re.escape(str(path))}(?::(\d+))?:\s*(.+)", sentence, re.DOTALL)
    if not found:
        return project.finding(path, 1, f"P5: {sentence}")
    at = found.group(1) or (re.search(r"at line (\d+)", sentence) or ["", "1"])[1]
    return project.finding(path, int(at), f"P5: {found.group(2)}")


def _settings(project: Project, recipe: str, path: Path, config: RecipeConfig) -> Iterator[Finding]:
    if not path.exists():
        yield project.finding(
            path, 1, f"P1: recipe '{recipe}' has no recipe.toml (an empty one is all defaults)."
        )
        return
    for key, names in (("requires", config.requires), ("test_requires", config.test_requires)):
        for name in names:
            if name not in project.enrolled:
                yield project.finding(
                    path,
                    line_of(path, key),
                    f"P5: {key} names '{name}', which is not enrolled (there is no "
                    f"recipes/{name}/). Enroll it first: a dependency is deployed as its recipe.",
                )
    if config.sso is not None:
        if config.sso.provider not in project.enrolled:
            yield project.finding(
                path,
                line_of(path, "provider"),
                f"P5: [sso] provider '{config.sso.provider}' is not enrolled (there is no "
                f"recipes/{config.sso.provider}/).",
            )
        script = config.sso.setup_script
        if script and not project.recipe_file(recipe, script).exists():
            yield project.finding(
                path,
                line_of(path, "setup_script"),
                f"P5: [sso] setup_script '{script}' is not in recipes/{recipe}/.",
            )
        elif script and not os.access(project.recipe_file(recipe, script), os.X_OK):
            yield project.finding(
                path,
                line_of(path, "setup_script"),
                f"P5: [sso] setup_script cannot be run: 'chmod +x recipes/{recipe}/{script}'.",
            )
    stages = {stage_of(file) for file in project.generic_files} - {""}
    for stage, reason in config.opt_out.items():
        if stage not in stages:
            yield project.finding(
                path,
                line_of(path, stage),
                f"P4: [opt_out] names '{stage}', which is no generic stage; known: "
                f"{', '.join(sorted(stages - {'teardown'}))}.",
            )
        yield from _reason(project, path, stage, reason)
    if config.browser is not None:
        yield from _reason(project, path, "none", config.browser.none)
    tables = (
        config.not_in_backup, config.empty_after_restore, config.not_secret, config.let_go
    )  # fmt: skip
    for name, reason in (item for table in tables for item in table.items()):
        yield from _reason(project, path, name, reason)
    for limit in config.limit:
        yield from _reason(project, path, "reason", limit.reason)


def _reason(project: Project, path: Path, key: str, reason: str) -> Iterator[Finding]:
    if len(sentence_words(reason)) < 4 or reason.rstrip()[-1:] not in (".", "!", "?"):
        yield project.finding(
            path,
            line_of(path, key),
            f"P4: the reason for '{key}' is '{reason}'; expected a sentence of at least four words "
            "with a full stop, which the report will show.",
        )


def _keywords(project: Project, recipe: str, config: RecipeConfig) -> Iterator[Finding]:
    path = project.recipe_file(recipe, f"{recipe}.resource")
    if set(config.opt_out) >= DATA_STAGES:
        return
    if not path.exists():
        yield project.finding(
            path, 1, f"P4: missing; expected the recipe's own keywords, among them {_named()}."
        )
        return
    resource = next(file for file in project.resources if file.path == path)
    known = {plain(keyword.name) for keyword in resource.keywords}
    for keyword in REQUIRED_KEYWORDS:
        if plain(keyword) not in known:
            yield project.finding(
                path,
                1,
                f"P4: keyword '{keyword}' is not here; the stages restart, backup and upgrade "
                f"call {_named()}.",
            )


def _named() -> str:
    return ", ".join(f"'{keyword}'" for keyword in REQUIRED_KEYWORDS)


def line_of(path: Path, key: str) -> int:
    """Return the line of a key in a TOML file, 1 where it is not found."""
    lines = path.read_text(encoding="utf-8").splitlines()
    name = re.escape(key)
    # At the start of a line first; an inline table holds it further on.
    for pattern in (rf"\s*\[?\"?{name}\b", rf".*\b{name}\"?\s*="):
        for number, line in enumerate(lines, 1):
            if re.match(pattern, line):
                return number
    return 1
