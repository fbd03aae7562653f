"""Which run of a recipe is recorded: its newest full one that passed, of the recipe's own head."""

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ccci.errors import Misuse
from ccci.recipe.checkout import check_out
from ccci.recipe.config import check_recipe_name, config_path
from ccci.recipe.fit_report import operators_recipes
from ccci.results.levels import verdict_of
from ccci.results.store import RESULTS_FILE, RunResults, results_dir
from ccci.results.suite_fingerprint import fingerprint_of_suite
from ccci.stage_names import STAGES

_READER = TypeAdapter(RunResults)


@dataclass(frozen=True)
class PassedOver:
    """A run that is not recorded, and why."""

    run: str
    why: str


@dataclass(frozen=True)
class Chosen:
    """The run to record, and the newer ones that are not."""

    results: RunResults
    passed_over: tuple[PassedOver, ...]


def own_head(project: Path, recipe: str) -> str:
    """Return the commit of the server's own copy of a recipe: what a run tests unless told else.

    Args:
        project: the folder with recipes/.
        recipe: the recipe.

    Raises:
        Misuse: it is not enrolled, or the server has no copy of it.
    """
    check_recipe_name(recipe)
    if not config_path(project, recipe).exists():
        raise Misuse(f"There is no recipes/{recipe}/ to record a run in: enroll the recipe first.")
    with tempfile.TemporaryDirectory(prefix="ccci-record-") as folder:
        return check_out(recipe, operators_recipes() / recipe, Path(folder) / recipe).commit


def choose_run(project: Path, recipe: str, head: str) -> Chosen:
    """Return the newest run of a recipe that may be recorded.

    Args:
        project: the folder with recipes/, suites/ and results/.
        recipe: the recipe.
        head: its own head; runs of other commits are passed over.

    Raises:
        Misuse: there is none. The sentence says why the newest is not, and what to do.

    Example:
        ``choose_run(PROJECT, "n8n", own_head(PROJECT, "n8n")).results.facts.run_id``
    """
    remedy = f"Run 'make run RECIPE={recipe}'"
    suite = fingerprint_of_suite(project, recipe)
    passed_over: list[PassedOver] = []
    for folder in _runs(results_dir(project) / recipe):
        found = _read(folder)
        why = found if isinstance(found, str) else _objection(found, recipe, head, suite)
        if not isinstance(found, str) and not why:
            return Chosen(found, tuple(passed_over))
        passed_over.append(PassedOver(folder.name, why))
    if not passed_over:
        raise Misuse(f"There is no run of {recipe} to record. {remedy}.")
    newest = passed_over[0]
    raise Misuse(
        f"No run of {recipe} can be recorded. The newest, {newest.run}, cannot: {newest.why}. "
        f"{remedy}; it must pass."
    )


def _runs(folder: Path) -> Iterator[Path]:
    yield from (path.parent for path in sorted(folder.glob(f"[0-9]*/{RESULTS_FILE}"), reverse=True))


def _read(folder: Path) -> RunResults | str:
    """Return the results of a run, or why they cannot be read."""
    try:
        return _READER.validate_json((folder / RESULTS_FILE).read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"its {RESULTS_FILE} is of an unknown shape ({where or 'it'}: {first['msg']})"
    except OSError as error:
        return f"its {RESULTS_FILE} cannot be read ({error.strerror})"


def _objection(results: RunResults, recipe: str, head: str, suite: str) -> str:
    """Return why a run is not recorded; "" if it may be."""
    facts, plain = results.facts, asdict(results)
    not_run = [stage for stage in STAGES if verdict_of(plain, stage) == "not run"]
    if facts.recipe != recipe:
        return f"it is a run of {facts.recipe or 'no recipe'}"
    if results.verdict != "passed":
        reason = f" ({results.reason})" if results.reason else ""
        return f"its verdict is {results.verdict}{reason}"
    if not_run:
        return f"it is no full run, since stages were not run: {', '.join(not_run)}"
    if facts.pull_request:
        return f"it tested pull request {facts.pull_request}, and not the recipe itself"
    if not (facts.images and facts.suite and facts.head_version and results.passed_tests):
        return "it does not say which images and tests it had, as runs of older versions do not"
    if not facts.own_copy:
        return "it tested another repository than the server's own copy of the recipe"
    if facts.head != head:
        return f"it tested commit {facts.head[:7]}, and the recipe is at {head[:7]}"
    if facts.suite != suite:
        return "the tests of the recipe have changed since it began"
    return ""
