"""One provider for all recipes of a matrix that sign in there, when somebody asks for it.

The provider is a run of its own: it is in a journal, has a share of the node and a reaper. While it
stands, the runs of the matrix do not queue behind those who wait for that share.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ccci.budget.measured import weight_of
from ccci.budget.places import default_slots
from ccci.errors import CcciError, Misuse
from ccci.node.locks import try_lock
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
    """One provider for the recipes of a part of a matrix.

    Attributes:
        provider: its recipe.
        sharers: the recipes that sign their users in there.
        others: those that run beside them.
        places: what the provider leaves of the node's budget.
    """

    provider: str
    sharers: tuple[str, ...]
    others: tuple[str, ...]
    places: int


def plan_sharing(
    project: Path, provider: str, whole: Iterable[str], part: Iterable[str]
) -> SharePlan | None:
    """Plan who shares a provider; None where no recipe of the part does, and none is deployed.

    Args:
        project: the folder that holds recipes/.
        provider: what to share.
        whole: the recipes of the matrix.
        part: those that this machine runs.

    Raises:
        Misuse: it is no provider, no recipe of the matrix shares it, or one of the part does not
            fit beside it on the node.
    """
    if provider not in PROVIDERS:
        raise Misuse(f"SHARE={provider}: it is no provider; there is {', '.join(PROVIDERS)}.")
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
                f"SHARE={provider}: '{recipe}' needs {weight} places, and beside the provider "
                f"{places} of {slots} are left. Leave it out of this matrix, or SHARE."
            )
    others = tuple(recipe for recipe in here if recipe not in sharers)
    return SharePlan(provider, sharers, others, places)


@contextmanager
def shared_provider(
    project: Path, plan: SharePlan, matrix: str, logs: Path, tell: Callable[[str], None]
) -> Iterator[None]:
    """Have a provider for the length of the block, for the runs of a plan.

    One that does not deploy stands to the end all the same: the runs are told why it failed, and
    test their apps without sign-in.

    Args:
        project: the folder that holds recipes/.
        plan: who shares it.
        matrix: the matrix that it belongs to.
        logs: where the last words of its services are kept when it does not deploy. Later ones
            are not: what other runs keep secret could stand in them.
        tell: told, in a few words, what happens.

    Raises:
        Misuse: another matrix on this node has one.
        NodeFailure: the node lacks something that every run needs. Nothing is left behind.
    """
    with _alone(), _run_of(project, plan.provider, matrix, tell) as run:
        # Of what abra does here, its reaper finds what is left by the run's name.
        with _named(run.run_id):
            folder = _offer(run, plan, logs, tell)
        os.environ[SHARED_VARIABLE] = str(folder)
        try:
            yield
        finally:
            del os.environ[SHARED_VARIABLE]


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


@contextmanager
def _run_of(
    project: Path, provider: str, matrix: str, tell: Callable[[str], None]
) -> Iterator[Run]:
    with _named(None):
        run = start_run(RunOptions(provider, project), tell)
    run.record.journal.record("matrix", matrix)
    try:
        yield run
    finally:
        # Nobody tested it: nothing is said of its recipe.
        run.end("incomplete", failed=False)


@contextmanager
def _named(run_id: str | None) -> Iterator[None]:
    """Let programs that are started in the block carry the name of a run, or that of none.

    What the matrix starts after it is not the provider's, and a teardown must not end it.
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


def _offer(run: Run, plan: SharePlan, logs: Path, tell: Callable[[str], None]) -> Path:
    """Deploy it; return the folder that tells each run where it is, or why it is not."""
    app, folder = run.driver.app, run.folder / "shared"
    own = Sharing(ProcessIdentity.of(os.getpid()), plan.places)
    delegates: dict[str, dict[str, str]] = {}
    failure = ""
    try:
        _deploy(run)
        delegates = _delegates(run, plan)
    except CcciError as error:
        tell(f"did not deploy: {error}")
        save_logs(run.target.swarm, app, logs, run.record.credentials.values())
        failure = f"{error} Its logs are in {logs}."
    for recipe in plan.sharers:
        secrets = delegates.get(recipe, {})
        replace(own, provider=app, secrets=secrets, failure=failure).write(folder, recipe)
    for recipe in plan.others:
        own.write(folder, recipe)
    return folder


def _deploy(run: Run) -> None:
    run.driver.make()
    run.driver.deploy()
    run.driver.wait_healthy()


def _delegates(run: Run, plan: SharePlan) -> dict[str, dict[str, str]]:
    """Make an administrator for each run that shares it."""
    app, credentials = run.driver.app, run.record.credentials
    provider = PROVIDERS[plan.provider]
    opened = provider(run.target.client, app.url, credentials.below(app.domain))
    made = {}
    for recipe in plan.sharers:
        password = credentials.generate(f"administrator for {recipe}")
        made[recipe] = opened.delegate(f"{recipe}-{run.run_id}", password)
    return made


def _shares(project: Path, provider: str, recipe: str) -> bool:
    """Tell whether a recipe signs in there, by words, and needs it for no more."""
    sso = (enrolled(project, recipe) or RecipeConfig()).sso
    # A setup script is written for the administrator of the whole provider.
    if sso is None or sso.provider != provider or sso.setup_script:
        return False
    return provider not in plan_in(project, recipe, provider).recipes


def _weight_of(project: Path, recipe: str, shared: str, slots: int) -> int:
    return weight_of(project, recipe, plan_in(project, recipe, shared), slots, shared)
