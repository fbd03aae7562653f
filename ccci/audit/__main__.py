"""`python -m ccci.audit RECIPES... [--quick] [--only TEXT]… [--list] [--source FOLDER]`."""

import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from ccci.audit.basis import hash_of_tests
from ccci.audit.record import (
    AUDIT,
    Finding,
    Record,
    audit_folder,
    continued,
    key_of,
    write_record,
)
from ccci.audit.running import Runner
from ccci.audit.table import line_of, not_caught, score, table
from ccci.audit.trial import Trial
from ccci.audit.trials import CONTROL, trials_of
from ccci.budget.places import default_slots
from ccci.errors import CcciError, Misuse
from ccci.interrupts import hear_interrupts
from ccci.matrix.sharing import plan_sharing, shared_provider
from ccci.node.locks import only_one
from ccci.project import PROJECT
from ccci.recipe.checkout import check_out
from ccci.recipe.config import RecipeConfig, check_recipe_name, config_path, load_recipe_config
from ccci.recipe.defects import load_defects
from ccci.recipe.fit_report import operators_recipes
from ccci.results.modes import closed_folder
from ccci.results.store import MATRIX_VARIABLE, read_results
from ccci.run.run import new_run_id
from ccci.stage_names import STAGES

# With other runs beside it an app comes up later: at worst, each run waits for all others.
_LEAST_TIMES_AS_LONG = 3
_LEAST_TIMEOUT_SECONDS = 60


@click.command(help="Break recipes on purpose, one defect at a time; show what suites notice.")
@click.argument("recipes", nargs=-1, required=True)
@click.option("--source", type=click.Path(path_type=Path), help="the recipe's repository")
@click.option(
    "--only", multiple=True, help="try only defects whose name contains this text; may be repeated"
)
@click.option("--quick", is_flag=True, help="try only the half that takes the least time")
@click.option("--list", "only_list", is_flag=True, help="list the defects, and run nothing")
def main(
    recipes: tuple[str, ...],
    source: Path | None,
    only: tuple[str, ...],
    quick: bool,
    only_list: bool,
) -> None:
    """Audit recipes; the exit code is 0 only if every defect that was tried was caught."""
    hear_interrupts()
    if source and len(recipes) > 1:
        raise click.UsageError("a repository is that of one recipe")
    scores, good = [], True
    for recipe in dict.fromkeys(recipes):
        try:
            planned = _plan(recipe, source)
            chosen = _chosen(planned.trials, only, quick)
            if only_list:
                click.echo("\n".join(map(_listed, chosen)))
                continue
            record = _audited(planned, chosen)
        except CcciError as error:
            # The other recipes are audited all the same.
            click.echo(f"{recipe}: {error}", err=True)
            scores.append(f"{recipe}: not audited, see above")
            good = False
            continue
        except KeyboardInterrupt:
            sentence = "interrupted; the same command goes on where it was"
            raise click.ClickException(sentence) from None
        click.echo(table(record))
        scores.append(not_caught(record, [one.name for one in chosen]) + score(record))
        good = good and _all_caught(record, chosen)
    for line in scores:
        click.echo(line)
    sys.exit(0 if good else 1)


@dataclass(frozen=True)
class _Plan:
    """All that can be tried of a recipe: its repository, the commit to break, and the trials."""

    recipe: str
    source: Path
    head: str
    trials: list[Trial]


def _plan(recipe: str, source: Path | None) -> _Plan:
    check_recipe_name(recipe)
    source = (source or operators_recipes() / recipe).resolve()
    defects = load_defects(config_path(PROJECT, recipe).with_name("defects.toml"))
    with tempfile.TemporaryDirectory(prefix="ccci-audit-") as temporary:
        checkout = check_out(recipe, source, Path(temporary) / recipe)
        trials = trials_of(checkout, _config(recipe), defects)
    return _Plan(recipe, source, checkout.commit, trials)


def _audited(plan: _Plan, chosen: list[Trial]) -> Record:
    """Run what is not in the record yet, and return the record."""
    folder = audit_folder(PROJECT, plan.recipe)
    # The results of another audit would be taken away under its runs.
    busy = f"Another audit of {plan.recipe} is running. Wait until it has ended, or interrupt it."
    with only_one(closed_folder(folder.parent) / f"{AUDIT}.lock", busy):
        started = datetime.now(UTC).isoformat(timespec="seconds")
        counted = sum(not trial.harmless for trial in plan.trials)
        tests = hash_of_tests(PROJECT, plan.recipe)
        new = Record(plan.recipe, plan.head, tests, started, counted)
        record = continued(folder, new, plan.trials)
        left = _left(record, chosen)
        click.echo(f"== {plan.recipe}: {len(chosen)} defects, {len(left)} of them to run")
        if left:
            runner = Runner(plan.recipe, plan.source, plan.head, folder)
            with _provider(plan.recipe, folder):
                _run(record, left, runner)
        elif record.control:
            # What is called harmless since the last time.
            write_record(folder, record)
        return record


def _config(recipe: str) -> RecipeConfig:
    path = config_path(PROJECT, recipe)
    return load_recipe_config(path) if path.exists() else RecipeConfig()


def _chosen(trials: list[Trial], only: tuple[str, ...], quick: bool) -> list[Trial]:
    for text in only:
        if not any(text.lower() in trial.name.lower() for trial in trials):
            raise Misuse(f"No defect has {text!r} in its name. --list lists all.")
    wanted = only or ("",)
    chosen = [one for one in trials if any(text.lower() in one.name.lower() for text in wanted)]
    if quick:
        tried = [trial for trial in chosen if not trial.harmless]
        tried.sort(key=lambda trial: (len(trial.stages), STAGES.index(trial.stages[-1])))
        chosen = tried[: (len(tried) + 1) // 2]
    return chosen


def _listed(trial: Trial) -> str:
    if trial.harmless:
        return f"harmless  {trial.name}: {trial.harmless}"
    return f"{'/'.join(trial.stages):<36}  {trial.name}"


@contextmanager
def _provider(recipe: str, folder: Path) -> Iterator[None]:
    """Deploy one provider for all runs, where the recipe can share one."""
    sharing = None
    sso = _config(recipe).sso
    if sso:
        try:
            sharing = plan_sharing(PROJECT, sso.provider, [recipe], [recipe])
        except Misuse as error:
            click.echo(f"Each run deploys its own {sso.provider}: {error}")
    if not sharing:
        yield
        return
    # The runs of a matrix share a provider; an audit is a matrix of broken copies of one recipe.
    os.environ[MATRIX_VARIABLE] = matrix = new_run_id()
    logs = folder / "services" / sharing.provider
    with shared_provider(PROJECT, sharing, matrix, logs, click.echo):
        yield


def _left(record: Record, trials: list[Trial]) -> list[Trial]:
    """Note what is harmless in the record, and return what is not in it yet."""
    for trial in trials:
        if trial.harmless:
            harmless = Finding(trial.name, trial.stages, harmless=trial.harmless, key=key_of(trial))
            record.findings[trial.name] = harmless
    return [trial for trial in trials if trial.name not in record.findings]


def _run(record: Record, trials: list[Trial], runner: Runner) -> None:
    """Run trials, side by side where it can be; Ctrl-C keeps the record."""
    _require_green(record, runner)
    runner.timeout_seconds = _enough(record, runner.folder, _config(record.recipe).timeout_seconds)
    _try_out([trial for trial in trials if not trial.alone], default_slots(), record, runner)
    _try_out([trial for trial in trials if trial.alone], 1, record, runner)


def _try_out(trials: list[Trial], at_once: int, record: Record, runner: Runner) -> None:
    for finding in _findings(trials, at_once, runner):
        click.echo(line_of(finding))
        record.findings[finding.name] = finding
        write_record(runner.folder, record)


def _findings(trials: list[Trial], at_once: int, runner: Runner) -> Iterator[Finding]:
    """Yield what trials show, as they end; Ctrl-C or an error interrupts those that run."""
    with ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(runner.try_out, trial) for trial in trials]
        try:
            for future in as_completed(futures):
                finding = future.result()
                if finding:
                    yield finding
        except BaseException:
            runner.stop()
            pool.shutdown(cancel_futures=True)
            raise


def _require_green(record: Record, runner: Runner) -> None:
    """Fail unless the suite is green over the recipe as it is: red would prove nothing."""
    if record.control is None:
        for finding in _findings([CONTROL], 1, runner):
            if not finding.passed:
                raise Misuse(
                    f"The suite must be green before anything is broken, and it is not: "
                    f"{finding.said}. Its terminal output is in {runner.folder / 'runs'}."
                )
            record.control = finding
            write_record(runner.folder, record)


def _enough(record: Record, folder: Path, most: int) -> int:
    """Return how long the app may take to come up, by how long it took when nothing was broken."""
    results = read_results(folder / record.control.run) if record.control else None
    took = results.facts.stage_seconds.get("install", most) if results else most
    times_as_long = max(_LEAST_TIMES_AS_LONG, default_slots())
    return min(most, max(_LEAST_TIMEOUT_SECONDS, round(times_as_long * took)))


def _all_caught(record: Record, trials: list[Trial]) -> bool:
    found = [record.findings.get(trial.name) for trial in trials]
    return all(one is not None and (one.caught or bool(one.harmless)) for one in found)


if __name__ == "__main__":
    main()
