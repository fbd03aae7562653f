"""One run of one recipe: its identity, its share of the node, its apps, its end."""

import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from ccci.apps import App, stack_name
from ccci.budget.networks import NetworkLease
from ccci.budget.places import Lease
from ccci.budget.share import share_beside, share_of_companion
from ccci.deploy.driver import AppDriver
from ccci.deploy.record import Record
from ccci.deploy.target import Target
from ccci.recipe.checkout import Checkout, check_out, make_repository
from ccci.recipe.companions import companion_folder, load_companion
from ccci.recipe.config import RecipeConfig, check_recipe_name, config_path, load_recipe_config
from ccci.recipe.dependencies import Plan
from ccci.recipe.fit_report import require_fit
from ccci.recipe.limits import Amounts
from ccci.sso.shared_provider import Sharing
from ccci.swarm.daemon import is_ready
from ccci.teardown.claims import claim_domain
from ccci.teardown.removal import tear_down
from ccci.teardown.witness import Witness
from ccci.watch.neighbours import Neighbours


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
        keep: whether the app stays up at the end: never, on-failure or always.
        keep_seconds: for how long it stays up.
        attach: use the app that an earlier run kept, instead of a new one.
        soak_seconds: for how long the head is kept up and watched before the restart stage.
        timeout_seconds: takes the place of that of recipe.toml; 0 for none.
        alone: whether no other run may be live meanwhile: it takes all places of the node.
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
    soak_seconds: int = 0
    timeout_seconds: int = 0
    alone: bool = False


@dataclass(frozen=True)
class Share:
    """What a run may use of the node, and of what a matrix deployed for several runs.

    Attributes:
        lease: its share of the budget; None for a run that uses the app of another run.
        sharing: the provider that a matrix deployed; None where no provider is shared.
        waited_seconds: how long it waited for its share of the budget.
        network: the network that it has for itself; None where runs share one, or it uses the app
            of another run.
    """

    lease: Lease | None = None
    sharing: Sharing | None = None
    waited_seconds: float = 0.0
    network: NetworkLease | None = None

    def release(self) -> None:
        """Free what it may use: nothing of the run is left."""
        for each in (self.lease, self.network):
            if each:
                each.release()

    def leave_to_reaper(self) -> None:
        """Leave it to the reaper of a kept run."""
        for each in (self.lease, self.network):
            if each:
                each.leave_to_reaper()


@dataclass
class Run:
    """A run that has begun. Everything that it makes is in its journal before it is made.

    Attributes:
        run_id: its identity.
        options: what it is asked to do.
        config: the recipe's recipe.toml.
        plan: the dependencies to deploy.
        checkout: the recipe at the commit under test.
        domain: of the app under test.
        target: where it deploys.
        record: where it writes down what it does.
        share: what it may use of the node.
        extra_apps: the apps that it made beside the one under test.
        left_over: what its teardown could not remove; None before the teardown.
    """

    run_id: str
    options: RunOptions
    config: RecipeConfig
    plan: Plan
    checkout: Checkout
    domain: str
    target: Target
    record: Record
    share: Share = Share()
    extra_apps: list[AppDriver] = field(default_factory=list)
    left_over: list[str] | None = None

    def __post_init__(self) -> None:
        """Record the state of the node, and its other pages, before anything is deployed."""
        self.abra_version = self.target.abra.version()
        self.witness = Witness.before(self.target.swarm.client, self.target.server.sentinel)
        self.neighbours = Neighbours.before(self.target)
        companions = [load_companion(self.options.project, one) for one in self.plan.companions]
        share = share_beside(self.config.weight, companions)
        self.driver = self._driver(self.domain, self.checkout, self.config, share)

    @property
    def shared_provider(self) -> App | None:
        """The provider that a matrix deployed; None where the run deploys its own, or none."""
        return self.share.sharing.provider if self.share.sharing else None

    @property
    def folder(self) -> Path:
        """The run's own folder on the node; its teardown removes all of it but the journal."""
        return self.record.journal.folder

    def fresh_app(self, recipe: str, settings: dict[str, str]) -> AppDriver:
        """Make one more isolated app, which is torn down with the run; nothing is deployed.

        Args:
            recipe: its recipe; the one under test at its head, others as the operator has them.
            settings: written into its .env file; its compose files are those of .env.sample.

        Raises:
            Misuse: there is no such recipe, or a name is taken or too long.
        """
        check_recipe_name(recipe)
        checkout = self.checkout
        config = load_recipe_config(config_path(self.options.project, recipe))
        if recipe != self.options.recipe:
            source = self.target.server.abra_dir.expanduser() / "recipes" / recipe
            checkout = check_out(recipe, source, self.target.abra.abra_dir / "recipes" / recipe)
            require_fit(self.options.project, checkout, config)
        config = config.model_copy(update={"env": {**config.env, **settings}, "overlays": []})
        return self._make_beside(recipe, checkout, config)

    def companion(self, name: str) -> AppDriver:
        """Make the app of a companion, which is torn down with the run; nothing is deployed.

        Its recipe is that of this project's own clone, whatever recipe is under test. Its setting
        APP_HOST is where it reaches the service `app` of the app under test, in the run's network.

        Args:
            name: the companion's.

        Raises:
            Misuse: there is no such companion, or a name is taken or too long.
        """
        project = self.options.project
        config = load_companion(project, name)
        files = companion_folder(project, name) / "recipe"
        source = make_repository(files, self.folder / "companions" / name)
        checkout = check_out(name, source, self.target.abra.abra_dir / "recipes" / name)
        env = {"APP_HOST": f"{self.driver.app.stack}_app"}
        settings = config.as_recipe.model_copy(update={"env": env})
        return self._make_beside(name, checkout, settings, share_of_companion(config))

    def tear_down(self) -> list[str]:
        """Remove all that this run made and return the names of what could not be removed."""
        if self.left_over is None:
            self.record.tell("tearing down")
            self.target.limits.stop()
            self.left_over = tear_down(self.record.journal, self.target.swarm.client)
        return self.left_over

    def keeps(self, failed: bool) -> bool:
        """Return whether the app stays up at the end of the run."""
        if self.options.attach:
            return True
        if self.record.journal.overdue():
            return False
        keep = self.options.keep
        return keep == "always" or (keep == "on-failure" and failed)

    def end(self, verdict: str, failed: bool) -> list[str]:
        """Tear down, free the budget and close the journal; or keep the app. Return what is left.

        Args:
            verdict: for the journal.
            failed: whether a test failed.
        """
        self.target.limits.stop()
        if self.options.attach:
            return []
        journal = self.record.journal
        if self.keeps(failed):
            journal.kept(time.time() + self.options.keep_seconds, self.driver.app.domain)
            self.share.leave_to_reaper()
            return []
        left = self.tear_down()
        if left and not is_ready():
            # The journal stays open: the reaper goes on when the Docker daemon is back.
            self.share.leave_to_reaper()
            return left
        journal.closed(verdict, left)
        self.share.release()
        return left

    def _make_beside(
        self, recipe: str, checkout: Checkout, config: RecipeConfig, share: Amounts | None = None
    ) -> AppDriver:
        """Make an app beside the one under test, with the run's id in its name."""
        wanted = f"{recipe}-{self.run_id[-4:]}-{len(self.extra_apps) + 1}"
        domain = claim_domain(self.record.journal.run_id, wanted, self.target.server.domain)
        driver = self._driver(domain, checkout, config, share)
        driver.make()
        self.extra_apps.append(driver)
        return driver

    def _driver(
        self, domain: str, checkout: Checkout, config: RecipeConfig, share: Amounts | None = None
    ) -> AppDriver:
        url = self.target.server.url_of(domain)
        app = App(checkout.recipe, domain, stack_name(domain), url)
        return AppDriver(app, checkout, config, self.target, self.record, share)


def new_run_id() -> str:
    """Return the identity of a new run: date, time, and four random digits."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
