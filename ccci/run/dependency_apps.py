"""The live apps that the recipe under test depends on: deployed first, torn down with the run.

Recipes and companions are deployed alike; only where their files come from differs.
"""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ccci.apps import App
from ccci.deploy.driver import AppDriver
from ccci.errors import CcciError, Misuse, NodeFailure
from ccci.node.names import address_of
from ccci.run.run import Run
from ccci.sso.setup_script import SetupScript, find_setup_script
from ccci.sso.sign_in import PROVIDERS, SignInRealm
from ccci.swarm.view import Task

DEPS_FILE_VARIABLE = "CCCI_DEPS_FILE"


@dataclass
class DependencyApps:
    """The dependencies that a run deploys.

    Attributes:
        run: the run.
        apps: recipe or companion to app, of those that the run deploys itself.
        failures: recipe or companion to the reason, of those that did not deploy.
        wiring_failure: why the setup script failed; "" if it did not.
        deployed: whether they have been deployed.
    """

    run: Run
    apps: dict[str, AppDriver] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    wiring_failure: str = ""
    deployed: bool = False
    _dead_before: dict[str, set[str]] = field(default_factory=dict)
    _realm: SignInRealm | None = None

    def deploy(self) -> None:
        """Deploy what the recipe needs, layer by layer and in parallel within a layer; once.

        The run goes on when a dependency fails: tests that do not need it still prove something
        about the recipe. Those that need it fail when they ask for it; see `get`.
        """
        if self.deployed:
            return
        self.deployed = True
        if self.run.options.attach:
            return  # They were kept with the app.
        self._take_shared()
        for layer in self.run.plan.layers:
            made = [recipe for recipe in layer if self._make(recipe)]
            self._introduce(made)
            with ThreadPoolExecutor(len(layer)) as pool:
                list(pool.map(self._deploy, made))
        self.write_file()

    @property
    def can_sign_in(self) -> bool:
        """Whether the recipe signs users in through a provider, and that is deployed."""
        sso = self.run.config.sso
        return sso is not None and sso.provider in self._all().keys() - self.failures.keys()

    @property
    def provider(self) -> str:
        """The recipe that signs users in.

        Raises:
            Misuse: recipe.toml names no provider.
        """
        if self.run.config.sso is None:
            raise Misuse(
                f"recipes/{self.run.options.recipe}/recipe.toml has no [sso] with a provider."
            )
        return self.run.config.sso.provider

    def death(self) -> str:
        """Return how a dependency that this run deployed has died since it was up; "" for none."""
        for recipe, before in self._dead_before.items():
            for service, task in _deaths_of(self.apps[recipe]):
                if task.id not in before:
                    return (
                        f"The dependency '{recipe}' did not stay up: its service {service} ended "
                        f"with exit code {task.exit_code} ({task.message}). Its logs are in the "
                        "run's results, services/."
                    )
        return ""

    def sign_in_realm(self) -> SignInRealm:
        """Return the realm in which the app's users sign in; it belongs to this run alone.

        Raises:
            NodeFailure, Misuse: see `get`.
        """
        if self._realm is None:
            app = self.get(self.provider)
            if self.provider not in PROVIDERS:
                raise Misuse(
                    f"This project cannot set up sign-in at '{self.provider}'; it can at "
                    f"{', '.join(PROVIDERS)}."
                )
            secrets = self.run.record.credentials.below(app.domain)
            provider = PROVIDERS[self.provider](self.run.target.client, app.url, secrets)
            self._realm = provider.realm(self.realm_name)
        return self._realm

    @property
    def realm_name(self) -> str:
        """The realm's name, which no other run at the same provider has."""
        if self.run.options.attach:
            return str(self._kept()[self.provider]["realm"])
        return f"{self.run.options.recipe}-{self.run.run_id}"

    def public_names(self) -> tuple[str, ...]:
        """Return the domains of those that have been made, and the other hosts of their routers."""
        shared = (app.domain for name, app in self._all().items() if name not in self.apps)
        own = (name for driver in self.apps.values() for name in driver.public_names())
        return (*shared, *own)

    def get(self, recipe: str) -> App:
        """Return a live dependency.

        Raises:
            NodeFailure: it did not deploy, which says nothing about the recipe under test.
            Misuse: the recipe does not need it, or the run that kept the app has none.
        """
        if recipe in self.failures:
            raise NodeFailure(f"The dependency '{recipe}' did not deploy: {self.failures[recipe]}")
        found = self._all().get(recipe)
        if found is None and self.run.options.attach:
            raise Misuse(
                f"The run that kept the app has no live '{recipe}': run this stage without ATTACH."
            )
        if found is None:
            needs = ", ".join(self.run.plan.needed) or "nothing"
            raise Misuse(f"This recipe does not need '{recipe}': its recipe.toml requires {needs}.")
        return found

    def wire(self) -> None:
        """Run the recipe's setup script, if it has one, on the app that was just made.

        Without its provider the app is tested without sign-in, and the script is not run.

        Raises:
            NodeFailure: the script failed, now or before.
            Misuse: the script cannot be run.
        """
        run = self.run
        script = find_setup_script(run.options.project, run.options.recipe, run.config)
        if script is None or not self.can_sign_in:
            return
        if self.wiring_failure:
            # A second try would fail over what the first one made, and hide the reason.
            raise NodeFailure(self.wiring_failure)
        run.record.tell(f"running {script.name}")
        app, target = run.driver.app, run.target
        try:
            SetupScript(
                script, app.domain, run.driver.env_path, self.write_file(), target.server,
                target.abra, run.record.credentials, run.folder,
            ).run()  # fmt: skip
        except NodeFailure as error:
            self.wiring_failure = str(error)
            raise

    def write_file(self) -> Path:
        """Write the dependencies file, JSON with mode 0600, named by $CCCI_DEPS_FILE.

        Recipe to `url`, `domain`, `address` (where the domain is found; "" for what DNS says),
        `stack` and `credentials` (name to value); of the provider of sign-in also `realm` and
        `client_id`, the names to make there.
        """
        content = {
            recipe: {
                "url": app.url,
                "domain": app.domain,
                "address": address_of(app.domain, self.run.target.server.names) or "",
                "stack": app.stack,
                "credentials": self.run.record.credentials.below(app.domain),
                **self._names_at(recipe),
            }
            for recipe, app in self._all().items()
            if recipe not in self.failures
        }
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
        os.environ[DEPS_FILE_VARIABLE] = str(self._path)
        return self._path

    @property
    def _path(self) -> Path:
        return self.run.folder / "deps.json"

    def _kept(self) -> dict[str, dict[str, Any]]:
        """Read the dependencies file of the run that kept the app, and them with it."""
        try:
            found: dict[str, dict[str, Any]] = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return found

    def _names_at(self, recipe: str) -> dict[str, str]:
        if self.run.config.sso is None or self.run.config.sso.provider != recipe:
            return {}
        return {"realm": self.realm_name, "client_id": self.run.options.recipe}

    def _all(self) -> dict[str, App]:
        """Return those that are live: deployed by this run, shared, or kept with the app."""
        if self.run.options.attach:
            return {
                recipe: App(recipe, one["domain"], one["stack"], one["url"])
                for recipe, one in self._kept().items()
            }
        shared = self.run.shared_provider
        there = {shared.recipe: shared} if shared else {}
        return {**there, **{recipe: driver.app for recipe, driver in self.apps.items()}}

    def _take_shared(self) -> None:
        """Store the credentials of a shared provider, so that they are redacted too."""
        sharing, provider = self.run.share.sharing, self.run.shared_provider
        if sharing and provider:
            if sharing.failure:
                self.failures[provider.recipe] = sharing.failure
            for name, value in sharing.secrets.items():
                self.run.record.credentials.put(f"{provider.domain}/{name}", value)

    def _make(self, recipe: str) -> bool:
        """Make one app. Not in parallel, since apps share the run's ABRA_DIR."""
        run = self.run
        try:
            self.apps[recipe] = (
                run.companion(recipe)
                if recipe in run.plan.companions
                else run.fresh_app(recipe, {})
            )
        except CcciError as error:
            self._failed(recipe, error)
            return False
        return True

    def _introduce(self, made: list[str]) -> None:
        """Let new apps reach each other, those before them, and the app under test.

        A forge calls the app under test when somebody pushes.
        """
        there = (self.run.driver.app.domain, *self.public_names())
        for recipe in made:
            driver = self.apps[recipe]
            own = driver.public_names()
            driver.calls = tuple(name for name in there if name not in own)

    def _deploy(self, recipe: str) -> None:
        driver = self.apps[recipe]
        try:
            driver.deploy()
            driver.wait_healthy()
            self._dead_before[recipe] = {task.id for _, task in _deaths_of(driver)}
        except CcciError as error:
            self._failed(recipe, error)

    def _failed(self, recipe: str, error: CcciError) -> None:
        self.run.record.tell(f"dependency {recipe} did not deploy")
        driver = self.apps.get(recipe)
        name = driver.app.domain.partition(".")[0] if driver else ""
        logs = f" Its logs are in the run's results, services/{name}." if name else ""
        self.failures[recipe] = f"{error}{logs}"


def _deaths_of(driver: AppDriver) -> Iterator[tuple[str, Task]]:
    """Yield each service's name with each task of it that died."""
    for service in driver.services():
        for task in driver.meant.deaths_of(service):
            yield service.short_name, task
