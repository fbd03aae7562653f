"""One provider that all recipes of a matrix with sign-in share, if SHARE asks for it.

The provider is a run of its own, with a journal, places on the node, and a reaper. While it is
deployed, the runs of the matrix do not queue behind other runs, which may wait for its places.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ccci.budget.measured import weight_of
from ccci.budget.places import default_slots
from ccci.errors import CcciError, Misuse
from ccci.node.locks import only_one
from ccci.node.state import ProcessIdentity, private_dir
from ccci.recipe.config import RecipeConfig
from ccci.recipe.dependencies import enrolled, plan_in
from ccci.results.artefacts import save_logs
from ccci.run.run import Run, RunOptions
from ccci.run.starting import start_run
from ccci.sso.shared_provider import SHARED_VARIABLE, Sharing
from ccci.sso.sign_in import PROVIDERS


@dataclass(frozen=True)
class SharePlan:
    """One provider for the recipes in a part of a matrix.

    Attributes:
        provider: the recipe of the provider.
        sharers: the recipes that share it.
        others: the other recipes in the part.
        places: the places on the node that the provider leaves free.
    """

    provider: str
    sharers: tuple[str, ...]
    others: tuple[str, ...]
    places: int


def plan_sharing(
    project: Path, provider: str, whole: Iterable[str], part: Iterable[str]
) -> SharePlan | None:
    """Plan which recipes share a provider; None if no recipe in the part does.

    Args:
        project: the folder with recipes/.
        provider: the recipe of the provider.
        whole: the recipes of the whole matrix.
        part: the recipes that this machine runs.

    Raises:
        Misuse: it is not a provider, no recipe of the matrix can share it, or a recipe in the part
            does not fit on the node together with it.
    """
    if provider not in PROVIDERS:
        known = ", ".join(PROVIDERS)
        raise Misuse(f"SHARE={provider}: this is not a provider. Providers are: {known}.")
    chosen = [recipe for recipe in whole if _shares(project, provider, recipe)]
    if not chosen:
        raise Misuse(f"SHARE={provider}: no recipe of this matrix can share it.")
    here = tuple(part)
    sharers = tuple(recipe for recipe in here if recipe in chosen)
    if not sharers:
        return None
    slots = default_slots()
    places = slots - _weight_of(project, provider, "", slots)
    for recipe in here:
        weight = _weight_of(project, recipe, provider if recipe in sharers else "", slots)
        if weight > places:
            raise Misuse(
                f"SHARE={provider}: '{recipe}' needs {weight} places, but the provider leaves "
                f"{places} of {slots}. Leave out this recipe, or SHARE."
            )
    others = tuple(recipe for recipe in here if recipe not in sharers)
    return SharePlan(provider, sharers, others, places)


@contextmanager
def shared_provider(
    project: Path, plan: SharePlan, matrix: str, logs: Path, log: Callable[[str], None]
) -> Iterator[None]:
    """Deploy a provider for the runs of a plan, and remove it at the end of the block.

    If it does not deploy, the runs get the reason, and test their apps without sign-in. What was
    deployed is removed at the end of the block, too.

    Args:
        project: the folder with recipes/.
        plan: the recipes that share it.
        matrix: the id of the matrix.
        logs: where the logs of its services are saved if it does not deploy. Later logs are not
            saved, because they could contain secrets of other runs.
        log: called with a line for each event.

    Raises:
        Misuse: another matrix on this node shares a provider.
        NodeFailure: the node lacks something that every run needs. Nothing is left behind.
    """
    with _one_matrix(), _run_of(project, plan.provider, matrix, log) as run:
        # With the run's id in their environment, the reaper finds processes that abra leaves.
        with _run_id_set(run.run_id):
            folder = _deploy_for_runs(run, plan, logs, log)
        os.environ[SHARED_VARIABLE] = str(folder)
        try:
            yield
        finally:
            del os.environ[SHARED_VARIABLE]


def _one_matrix() -> AbstractContextManager[None]:
    """Allow one such matrix on the node: two could wait for each other's places."""
    return only_one(
        private_dir("matrix") / "sharing.lock",
        "Another matrix on this node shares a provider. Wait until it has ended, or leave SHARE "
        "out.",
    )


@contextmanager
def _run_of(project: Path, provider: str, matrix: str, log: Callable[[str], None]) -> Iterator[Run]:
    with _run_id_set(None):
        run = start_run(RunOptions(provider, project), log)
    run.record.journal.record("matrix", matrix)
    try:
        yield run
    finally:
        # The provider was not tested, so its run has no verdict on the recipe.
        run.end("incomplete", failed=False)


@contextmanager
def _run_id_set(run_id: str | None) -> Iterator[None]:
    """Set the run id for programs that are started in the block, or unset it.

    Later processes of the matrix must not have the provider's run id: its teardown would end them.
    """
    before = os.environ.pop("CCCI_RUN_ID", None)
    if run_id is not None:
        os.environ["CCCI_RUN_ID"] = run_id
    try:
        yield
    finally:
        os.environ.pop("CCCI_RUN_ID", None)
        if before is not None:
            os.environ["CCCI_RUN_ID"] = before


def _deploy_for_runs(run: Run, plan: SharePlan, logs: Path, log: Callable[[str], None]) -> Path:
    """Deploy the provider; return a folder with a file for each run, also if it did not deploy."""
    app, folder = run.driver.app, run.folder / "shared"
    own = Sharing(ProcessIdentity.of(os.getpid()), plan.places)
    administrators: dict[str, dict[str, str]] = {}
    failure = ""
    try:
        _deploy(run)
        administrators = _administrators(run, plan)
    except CcciError as error:
        log(f"did not deploy: {error}")
        save_logs(run.target.swarm, app, logs, run.record.credentials.values())
        failure = f"{error} Its logs are in {logs}."
    for recipe in plan.sharers:
        secrets = administrators.get(recipe, {})
        replace(own, provider=app, secrets=secrets, failure=failure).write(folder, recipe)
    for recipe in plan.others:
        own.write(folder, recipe)
    return folder


def _deploy(run: Run) -> None:
    run.driver.make()
    run.driver.deploy()
    run.driver.wait_healthy()


def _administrators(run: Run, plan: SharePlan) -> dict[str, dict[str, str]]:
    """Create an administrator for each run that shares the provider; return their credentials."""
    app, credentials = run.driver.app, run.record.credentials
    provider = PROVIDERS[plan.provider]
    opened = provider(run.target.client, app.url, credentials.below(app.domain))
    created = {}
    for recipe in plan.sharers:
        password = credentials.generate(f"administrator for {recipe}")
        created[recipe] = opened.delegate(f"{recipe}-{run.run_id}", password)
    return created


def _shares(project: Path, provider: str, recipe: str) -> bool:
    """Return whether a recipe needs the provider for sign-in only, and without a setup script."""
    sso = (enrolled(project, recipe) or RecipeConfig()).sso
    # A setup script needs the administrator of the whole provider.
    if sso is None or sso.provider != provider or sso.setup_script:
        return False
    return provider not in plan_in(project, recipe, provider).recipes


def _weight_of(project: Path, recipe: str, shared: str, slots: int) -> int:
    return weight_of(project, recipe, plan_in(project, recipe, shared), slots, shared)
