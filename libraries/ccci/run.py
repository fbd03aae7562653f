"""One run of one recipe: its identity, its share of the node, and what must be undone."""

import os
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from ccci import reaper
from ccci.abra import Abra, find_abra
from ccci.app import App, AppDriver
from ccci.backup import require_backup_bot
from ccci.budget import Budget, Lease, default_slots
from ccci.checkout import Checkout, check_out
from ccci.credentials import CredentialStore
from ccci.dependencies import Plan, plan_for
from ccci.errors import CcciError, Misuse, NodeFailure
from ccci.http import Client
from ccci.journal import Journal, all_runs, claim_domain, dead_runs
from ccci.recipe import RecipeConfig, check_recipe_name, load_recipe_config
from ccci.server import Server, load_server
from ccci.state import ProcessIdentity
from ccci.swarm import SwarmView
from ccci.sweep import sweep
from ccci.teardown import tear_down
from ccci.witness import Witness

_BUDGET_SECONDS = 6 * 3600
_DISK_NEEDED_BYTES = 1 << 30


@dataclass(frozen=True)
class RunOptions:
    """What a run is asked to do.

    Attributes:
        recipe: the recipe under test.
        project: the folder that holds recipes/ and results/.
        source: the repository to test; None for the operator's copy in its ABRA_DIR.
        head: the commit, branch or tag under test.
        pull_request: its number, 0 where there is none.
        upgrade_from: the release to upgrade from; None for the newest before the head.
        keep: leave the app up at the end: never, on-failure or always.
        keep_seconds: for how long.
        attach: use the app that an earlier run kept, instead of a new one.
    """

    recipe: str
    project: Path
    source: Path | None = None
    head: str = "HEAD"
    pull_request: int = 0
    upgrade_from: str | None = None
    keep: Literal["never", "on-failure", "always"] = "never"
    keep_seconds: int = 2 * 3600
    attach: bool = False


@dataclass
class Run:
    """A run that has begun. Everything that it makes is in its journal before it is made."""

    run_id: str
    options: RunOptions
    server: Server
    config: RecipeConfig
    plan: Plan
    abra: Abra
    abra_version: str
    swarm: SwarmView
    client: Client
    journal: Journal
    checkout: Checkout
    credentials: CredentialStore
    driver: AppDriver
    witness: Witness
    tell: Callable[[str], None]
    lease: Lease | None
    begun: float = field(default_factory=time.monotonic)
    extra_apps: list[AppDriver] = field(default_factory=list)
    left_over: list[str] | None = None

    @property
    def folder(self) -> Path:
        """The run's own folder on the node; gone after its teardown but for the journal."""
        return self.journal.folder

    def fresh_app(self, recipe: str, settings: dict[str, str]) -> AppDriver:
        """Make one more isolated app, which is torn down with the run; nothing is deployed.

        Args:
            recipe: its recipe; the one under test at its head, others as the operator has them.
            settings: written into its environment.
        """
        check_recipe_name(recipe)
        checkout = self.checkout
        if recipe != self.options.recipe:
            source = self.server.abra_dir.expanduser() / "recipes" / recipe
            checkout = check_out(recipe, source, self.abra.abra_dir / "recipes" / recipe)
        config = load_recipe_config(_config_path(self.options.project, recipe))
        config = config.model_copy(update={"env": {**config.env, **settings}})
        wanted = f"{recipe}-{self.run_id[-4:]}-{len(self.extra_apps) + 1}"
        driver = _driver(self, wanted, checkout, config)
        driver.make()
        self.extra_apps.append(driver)
        return driver

    def tear_down(self) -> list[str]:
        """Remove all that this run made and return what could not be removed (names)."""
        if self.left_over is None:
            self.tell("tearing down")
            self.left_over = tear_down(self.journal, self.swarm.client)
        return self.left_over

    def keeps(self, failed: bool) -> bool:
        """Tell whether the app stays up at the end of the run."""
        keep = self.options.keep
        return self.options.attach or keep == "always" or (keep == "on-failure" and failed)

    def end(self, verdict: str, failed: bool) -> list[str]:
        """Tear down (or keep), free the budget and close the journal; return what is left."""
        left: list[str] = []
        if self.options.attach:
            return left
        if self.keeps(failed):
            self.journal.kept(time.time() + self.options.keep_seconds, self.driver.app.domain)
            if self.lease:
                self.lease.leave_to_reaper()
            return left
        left = self.tear_down()
        self.journal.closed(verdict, left)
        if self.lease:
            self.lease.release()
        return left


def new_run_id() -> str:
    """Return a run's identity: its date, time, and four random digits."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def start_run(options: RunOptions, tell: Callable[[str], None]) -> Run:
    """Begin a run: check that it can succeed, take its share of the node, copy the recipe.

    Args:
        options: what to run.
        tell: told, in a few words, what happens.

    Raises:
        Misuse: an input is wrong; nothing was made.
        NodeFailure: the node lacks something; nothing is left behind.
    """
    check_recipe_name(options.recipe)
    config = load_recipe_config(_config_path(options.project, options.recipe))
    server = load_server()
    source = _source(options, server)
    plan = plan_for(options.recipe, lambda name: _enrolled(options.project, name))
    if options.attach:
        return _attach(options, server, config, plan, tell)
    swarm = SwarmView()
    client = Client(server)
    _check_prerequisites(server, swarm, client)
    if dead_runs():
        sweep(swarm.client, report=tell)
    run_id = os.environ.get("CCCI_RUN_ID") or new_run_id()
    # Programs that the run starts carry its name, so that strays can be found by it.
    os.environ["CCCI_RUN_ID"] = run_id
    owner = ProcessIdentity.of(os.getpid())
    journal = Journal.open(run_id, options.recipe, owner)
    lease: Lease | None = None
    try:
        reaper.start(run_id, owner)
        tell("asking for a share of the node")
        lease = Budget(default_slots()).take(
            plan.weight,
            f"{options.recipe} {run_id}",
            lambda wait: tell(str(wait)),
            deadline_seconds=_BUDGET_SECONDS,
        )
        reaper.entrust(run_id, lease)
        abra_dir = _make_abra_dir(journal, server)
        abra = find_abra(server, abra_dir)
        checkout = check_out(
            options.recipe, source, abra_dir / "recipes" / options.recipe, options.head
        )
        run = Run(
            run_id=run_id,
            options=options,
            server=server,
            config=config,
            plan=plan,
            abra=abra,
            abra_version=abra.version(),
            swarm=swarm,
            client=client,
            journal=journal,
            checkout=checkout,
            credentials=CredentialStore(journal.folder / "store" / "credentials.json"),
            driver=None,  # type: ignore[arg-type]  # made next, from the run itself
            witness=Witness.before(swarm.client, server.sentinel),
            tell=tell,
            lease=lease,
        )
        name = f"{options.recipe}-pr{options.pull_request}-{checkout.short}"
        run.driver = _driver(run, name, checkout, config)
        return run
    except BaseException:
        journal.closed("incomplete", tear_down(journal, swarm.client))
        if lease:
            lease.release()
        raise


def _driver(run: Run, wanted: str, checkout: Checkout, config: RecipeConfig) -> AppDriver:
    domain = claim_domain(run.journal.run_id, wanted, run.server.domain)
    app = App(checkout.recipe, domain, domain.replace(".", "_"), run.server.url_of(domain))
    return AppDriver(
        app,
        checkout,
        config,
        run.server,
        run.abra,
        run.swarm,
        run.journal,
        run.credentials,
        run.tell,
    )


def _config_path(project: Path, recipe: str) -> Path:
    return project / "recipes" / recipe / "recipe.toml"


def _enrolled(project: Path, recipe: str) -> RecipeConfig | None:
    path = _config_path(project, recipe)
    return load_recipe_config(path) if path.exists() else None


def _source(options: RunOptions, server: Server) -> Path:
    if options.source:
        return options.source.resolve()
    return server.abra_dir.expanduser() / "recipes" / options.recipe


def _make_abra_dir(journal: Journal, server: Server) -> Path:
    """A run has an ABRA_DIR of its own: abra moves checkouts about, and two runs must not share."""
    abra_dir = journal.folder / "abra"
    journal.record("path", str(abra_dir))
    (abra_dir / "servers" / server.server).mkdir(parents=True)
    (abra_dir / "recipes").mkdir()
    catalogue = server.abra_dir.expanduser() / "catalogue"
    if catalogue.exists():
        (abra_dir / "catalogue").symlink_to(catalogue)
    return abra_dir


def _check_prerequisites(server: Server, swarm: SwarmView, client: Client) -> None:
    if not swarm.client.networks.list(names=["^proxy$"]):
        raise NodeFailure(
            "The network 'proxy' is missing: deploy the recipe traefik, or run 'make lab-up'."
        )
    free = shutil.disk_usage("/var/lib").free
    if free < _DISK_NEEDED_BYTES:
        raise NodeFailure(
            f"The disk is full: {free >> 20} MiB are free and a run needs "
            f"{_DISK_NEEDED_BYTES >> 20}. 'docker system df' says what takes room."
        )
    require_backup_bot(swarm)
    probe = server.url_of(f"nothing-here.{server.domain}")
    try:
        client.request("GET", probe, within_seconds=10)
    except CcciError as error:
        raise NodeFailure(
            f"Traefik does not answer with a trusted certificate under {server.domain}: {error}. "
            "Look at 'docker service logs' of Traefik, or run 'make lab-status'."
        ) from None


def _attach(
    options: RunOptions,
    server: Server,
    config: RecipeConfig,
    plan: Plan,
    tell: Callable[[str], None],
) -> Run:
    """Take up the app that an earlier run of the recipe kept."""
    kept = [
        journal
        for journal in all_runs()
        if journal.recipe() == options.recipe
        and journal.kept_until() > time.time()
        and not journal.is_closed()
    ]
    if not kept:
        raise Misuse(
            f"No run kept an app of '{options.recipe}' to attach to: keep one with "
            f"'make run RECIPE={options.recipe} KEEP=1'."
        )
    journal = kept[-1]
    reaper.start(journal.run_id, ProcessIdentity.of(os.getpid()))
    swarm, abra = SwarmView(), find_abra(server, journal.folder / "abra")
    checkout = Checkout.open(abra.abra_dir / "recipes" / options.recipe, options.recipe)
    run = Run(
        run_id=os.environ.get("CCCI_RUN_ID") or new_run_id(),
        options=options,
        server=server,
        config=config,
        plan=plan,
        abra=abra,
        abra_version=abra.version(),
        swarm=swarm,
        client=Client(server),
        journal=journal,
        checkout=checkout,
        credentials=CredentialStore(journal.folder / "store" / "credentials.json"),
        driver=None,  # type: ignore[arg-type]  # made next, from the run itself
        witness=Witness.before(swarm.client, server.sentinel),
        tell=tell,
        lease=None,
    )
    domain = journal.names("kept")[-1]
    app = App(options.recipe, domain, domain.replace(".", "_"), server.url_of(domain))
    run.driver = AppDriver(
        app, checkout, config, server, abra, swarm, journal, run.credentials, tell
    )
    return run
