"""One provider for all recipes of a matrix that sign in there, when somebody asks for it.

The provider is a run of its own: it is in a journal, has a share of the node and a reaper. While it
stands, the runs of the matrix do not queue behind those who wait for that share.
"""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ccci.artefacts import save_logs
from ccci.budget import default_slots
from ccci.dependencies import enrolled, plan_for
from ccci.errors import Misuse
from ccci.locks import try_lock
from ccci.measured import measured, weight_by
from ccci.recipe import RecipeConfig
from ccci.run import Run, RunOptions
from ccci.shared_provider import SHARED_VARIABLE, SharedProvider
from ccci.sign_in import PROVIDERS
from ccci.starting import start_run
from ccci.state import ProcessIdentity, private_dir


def sharers(project: Path, provider: str, recipes: Iterable[str]) -> list[str]:
    """Return the recipes that can share a provider: they sign in there, and need it for no more.

    Raises:
        Misuse: it is no provider, no recipe shares it, or a recipe does not fit beside it on the
            node.
    """
    if provider not in PROVIDERS:
        raise Misuse(f"SHARE={provider}: it is no provider; there is {', '.join(PROVIDERS)}.")
    slots = default_slots()
    left = slots - _weight_of(project, provider, "", slots)
    chosen = []
    for recipe in recipes:
        shares = _shares(project, provider, recipe)
        weight = _weight_of(project, recipe, provider if shares else "", slots)
        if weight > left:
            raise Misuse(
                f"SHARE={provider}: '{recipe}' needs {weight} places, and beside the provider "
                f"{left} of {slots} are left. Leave it out of this matrix, or SHARE."
            )
        chosen += [recipe] if shares else []
    if not chosen:
        raise Misuse(f"SHARE={provider}: no recipe of this matrix signs in there.")
    return chosen


@contextmanager
def shared_provider(
    project: Path,
    provider: str,
    recipes: list[str],
    matrix: str,
    logs: Path,
    tell: Callable[[str], None],
) -> Iterator[None]:
    """Have a provider for the length of the block, for the runs of these recipes.

    Args:
        project: the folder that holds recipes/.
        provider: its recipe, as the operator has it.
        recipes: what `sharers` returned.
        matrix: the matrix that it belongs to.
        logs: where its services' last words are kept.
        tell: told, in a few words, what happens.

    Raises:
        Misuse: another matrix on this node has one.
        NodeFailure, RecipeFailure: it did not deploy. Nothing is left behind.
    """
    with _alone():
        run = _begin(project, provider, matrix, tell)
        try:
            _deploy(run)
            folder = _admit(run, provider, recipes)
            os.environ[SHARED_VARIABLE] = str(folder)
            yield
        finally:
            os.environ.pop(SHARED_VARIABLE, None)
            try:
                save_logs(run.swarm, run.driver.app, logs, run.credentials.values())
            finally:
                # Nobody tested it: nothing is said of its recipe.
                run.end("incomplete", failed=False)


@contextmanager
def _alone() -> Iterator[None]:
    """Only one matrix shares a provider: of two, each might wait for what the other one holds."""
    descriptor = os.open(private_dir("matrix") / "sharing.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not try_lock(descriptor):
            raise Misuse(
                "Another matrix on this node shares a provider: wait for its end, or leave SHARE "
                "out."
            )
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _begin(project: Path, provider: str, matrix: str, tell: Callable[[str], None]) -> Run:
    before = os.environ.pop("CCCI_RUN_ID", None)
    try:
        run = start_run(RunOptions(provider, project), tell)
    finally:
        # What the matrix starts from here on is not the provider's, and outlives its teardown.
        os.environ.pop("CCCI_RUN_ID", None)
        if before is not None:
            os.environ["CCCI_RUN_ID"] = before
    run.journal.record("matrix", matrix)
    return run


def _deploy(run: Run) -> None:
    driver = run.driver
    driver.make()
    driver.deploy()
    run.client.wait_for_status(
        driver.app.url + driver.config.health_path,
        driver.config.health_status,
        driver.config.timeout_seconds,
    )


def _admit(run: Run, provider: str, recipes: list[str]) -> Path:
    """Make an administrator for each recipe's run; return the folder that says who they are."""
    app, folder = run.driver.app, run.folder / "shared"
    own = run.credentials.below(app.domain)
    opened = PROVIDERS[provider](run.client, app.url, own)
    holder = ProcessIdentity.of(os.getpid())
    for recipe in recipes:
        password = run.credentials.generate(f"administrator for {recipe}")
        delegated = opened.delegate(f"{recipe}-{secrets.token_hex(4)}", password)
        SharedProvider(app, holder, delegated).write(folder, recipe)
    return folder


def _shares(project: Path, provider: str, recipe: str) -> bool:
    config = enrolled(project, recipe) or RecipeConfig()
    if config.sso is None or config.sso.provider != provider:
        return False
    return provider not in plan_for(recipe, lambda name: enrolled(project, name), provider).recipes


def _weight_of(project: Path, recipe: str, shared: str, slots: int) -> int:
    plan = plan_for(recipe, lambda name: enrolled(project, name), shared)
    return weight_by(plan.weight, measured(project, recipe, shared).peak_memory_bytes, slots)
