"""One isolated app of a run: made, deployed, emptied and deployed again, through abra."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ccci.apps import App, stack_name
from ccci.budget.share import share_of
from ccci.deploy.app_commands import AppCommands
from ccci.deploy.app_port import AppPort
from ccci.deploy.app_wiring import AppWiring
from ccci.deploy.default_settings import replaced_defaults
from ccci.deploy.image_origin import images_of, with_version
from ccci.deploy.images import named_images, pull_missing
from ccci.deploy.record import Record
from ccci.deploy.swarm_names import check_swarm_names
from ccci.deploy.target import Target
from ccci.deploy.undeploy import undeploy
from ccci.deploy.version import version_labels
from ccci.errors import Misuse, NodeFailure, RecipeFailure
from ccci.recipe.checkout import Checkout
from ccci.recipe.compose import read_compose, services_in
from ccci.recipe.config import RecipeConfig
from ccci.recipe.envfile import compose_files, read_env, read_exports, set_env
from ccci.recipe.fit import compare
from ccci.recipe.fixed_secrets import secrets_of_others
from ccci.recipe.limits import Amounts, limits_for
from ccci.recipe.offered import Kind, Offered, read_offered
from ccci.recipe.overlay import OVERLAY_FILE, overlay_for
from ccci.recipe.release import Release
from ccci.recipe.routers import routed_hosts
from ccci.recipe.tables import fill_in
from ccci.results.store import UsedImage
from ccci.swarm.convergence import Converged, look_for_crash_loop, wait_until_converged
from ccci.swarm.holdings import STACK_LABEL, Scope, list_objects
from ccci.swarm.meant import Meant
from ccci.swarm.secret_contents import secret_contents
from ccci.swarm.view import Service, SwarmView
from ccci.teardown.claims import claim_stack
from ccci.web.api import Api, Wanted
from ccci.web.call import Call

_LOOK_SECONDS = 1.0
_RESTART_SECONDS = 300.0


@dataclass(frozen=True)
class Deployment:
    """What one deployment did.

    Attributes:
        app: the app deployed.
        version: the release, or the head's commit.
        cold: the app had no data before; otherwise it was deployed over a running one.
        converged: the services, and the seconds until they all ran.
    """

    app: App
    version: str
    cold: bool
    converged: Converged


class AppDriver:
    """Brings one app from state to state."""

    def __init__(
        self,
        app: App,
        checkout: Checkout,
        config: RecipeConfig,
        target: Target,
        record: Record,
        share: Amounts | None = None,
    ) -> None:
        """Take what the app is made of, where it runs, and where changes are written down.

        Args:
            app: its names; the stack's is that of its settings, where it has some already.
            checkout: the recipe.
            config: the recipe's recipe.toml.
            target: the server.
            record: takes what is about to be made.
            share: what it may use of the node; None for what its weight stands for.
        """
        self.checkout, self.config, self.target, self.record = checkout, config, target, record
        self.commands = AppCommands(target.abra, target.server.server, app.recipe, app.domain)
        env = read_env(self.env_path) if self.env_path.exists() else {}
        self.app = replace(app, stack=stack_name(app.domain, env))
        self._share = share or share_of(config.weight)
        # Public names of other apps that this one calls.
        self.calls: tuple[str, ...] = ()
        self.cold_deployments = 0
        # The images that it ran, and the version in the labels of the head: what was tested.
        self.used_images: list[UsedImage] = []
        self.head_version = ""
        self._release: Release | None = None
        self._sample: dict[str, str] = {}
        self._wiring = AppWiring(app.recipe, config, self.env_path, self.insert_secret)

    @property
    def env_path(self) -> Path:
        """The app's .env file in the run's ABRA_DIR."""
        return self.commands.env_path

    @property
    def env(self) -> dict[str, str]:
        """The app's settings as they are now."""
        return read_env(self.env_path)

    @property
    def deployments(self) -> int:
        """How often abra deployed the app in this run, cold or not, also for a test by itself."""
        return self.commands.deployments

    @property
    def meant(self) -> Meant:
        """Which of the app's services may end, or have no replica."""
        config = self.config
        without = frozenset(config.no_replica) if config.is_written else None
        return Meant(frozenset(config.meant_to_end), without)

    @property
    def _restart_seconds(self) -> float:
        """How long abra may take: it waits for the end of the old task, and then for the new."""
        return 2 * max(_RESTART_SECONDS, self.config.timeout_seconds)

    @property
    def health_url(self) -> str:
        """What answers when the app is ready: its page, or its port."""
        port = self.health_port(self.target.swarm)
        return str(port) if port else self.app.url + self.config.health_path

    def health_port(self, swarm: SwarmView) -> AppPort | None:
        """Return the port that answers when the app is ready; None for an app with a page.

        Args:
            swarm: asks Docker where the port is; not shared with another thread.
        """
        number = self.config.health_tls_port
        return AppPort(swarm, lambda: self.app, number) if number else None

    def wait_healthy(self, holding_seconds: float = 0) -> None:
        """Wait until the app's health page answers through Traefik, and holds that for a while.

        An app without pages answers at its port, by a TLS handshake.

        Raises:
            RecipeFailure: it does not in time, or a service crash-loops or exceeds a limit.
        """
        port = self.health_port(self.target.swarm)
        seconds, meanwhile = self.config.timeout_seconds, self.crash_loop_from_now()
        try:
            if port:
                port.wait(seconds, holding_seconds, meanwhile)
            else:
                api = Api(self.target.client, self.app.url, self.target.server.domain)
                page = Call("GET", self.config.health_path)
                wanted = Wanted((self.config.health_status,))
                api.wait(page, wanted, seconds, holding_seconds, meanwhile)
        except RecipeFailure:
            self.require_limits()
            raise

    def require_limits(self) -> None:
        """Fail if the app exceeded a limit: what fails after that fails because of it.

        Raises:
            RecipeFailure: it did; the sentence names the service and the limit.
        """
        self.target.limits.require(self.app.stack)

    def crash_loop_from_now(self, only: str = "") -> Callable[[], None]:
        """Return a function that raises when a service crash-loops or exceeds a limit from now on.

        It may be called often: it looks once a second.

        Args:
            only: the one service whose deaths count; "" for all.

        See `ccci.swarm.convergence.check_deaths` for what it raises.
        """
        old, looked = self.tasks(), time.monotonic()

        def look() -> None:
            nonlocal looked
            if time.monotonic() - looked < _LOOK_SECONDS:
                return
            looked = time.monotonic()
            self.require_limits()
            look_for_crash_loop(self.target.swarm, self.app.stack, old, self.meant, only)

        return look

    def services(self) -> list[Service]:
        """Return the app's services as they are now."""
        return self.target.swarm.services(self.app.stack)

    def last_log_lines(self, service: Service) -> str:
        """Return what one of its services logged last."""
        return self.target.swarm.last_log_lines(service)

    def secrets(self) -> dict[str, str]:
        """Return what the app's secrets are: identities in the Swarm, and digests as it sees them.

        A new secret has a new identity; see also `ccci.swarm.secret_contents`.
        """
        seen = secret_contents(self.target.swarm, self.app.stack)
        return {**self.target.swarm.secrets(self.app.stack), **seen}

    def compose_files(self) -> list[Path]:
        """Return the compose files of the app's settings, our overlay not among them."""
        # Some abra commands check out what the app is pinned to, and leave the tree there.
        self._show(self._release)
        files = compose_files(self.env, self.checkout.path)
        return [path for path in files if path.name != OVERLAY_FILE]

    def lint(self) -> str:
        """Return what abra's lint prints of the commit that the app is at."""
        self._show(self._release)
        return self.commands.lint()

    def offered(self) -> Offered:
        """Return what the recipe offers at the commit that the app is at."""
        self._show(self._release)
        return read_offered(self.checkout.path)

    def names(self) -> dict[tuple[Kind, str], str]:
        """Return the recipe's names of what `[names]` of recipe.toml lists, by kind and word."""
        return compare(self.config, self.offered()).names

    def name_of(self, kind: Kind, called: str) -> str:
        """Return the recipe's name of one thing that `[names]` lists.

        Raises:
            Misuse: it is not listed, or the commit that the app is at lacks it.
        """
        names = self.names()
        if (kind, called) not in names:
            known = ", ".join(word for a_kind, word in names if a_kind == kind) or "none"
            raise Misuse(
                f"There is no {kind} '{called}' at this commit of {self.app.recipe}: [names] of "
                f"recipes/{self.app.recipe}/recipe.toml lists under {kind}s what it has ({known})."
            )
        return names[kind, called]

    def wire_sign_in(self, values: dict[str, str]) -> None:
        """Configure sign-in in the app, now and after an upgrade; see `AppWiring.wire`."""
        self._wiring.wire(values, self.offered())

    def settings(self) -> dict[str, str]:
        """Return the app's settings, with the exports of abra.sh, which win over them."""
        return {**self.env, **self._exports()}

    def public_names(self) -> tuple[str, ...]:
        """Return the app's domain, and the other hosts that its routers take, on this server."""
        contents = map(read_compose, self.compose_files())
        of_server = f".{self.target.server.domain}"
        routed = (h for h in routed_hosts(contents, self.settings()) if h.endswith(of_server))
        return tuple(dict.fromkeys((self.app.domain, *routed)))

    def images(self) -> dict[str, str]:
        """Return service to image as the compose files name them, settings filled in."""
        return named_images(self.compose_files(), self.settings())

    def make(self, release: Release | None = None) -> None:
        """Make the app, without data, at the head or at a release; nothing is deployed yet.

        Raises:
            Misuse: a name would be longer than the Swarm takes, or the recipe's settings name a
                stack that another app has.
        """
        if self.env_path.exists():
            self.commands.remove()
        self._show(release)
        self.record.journal.record("env", str(self.env_path))
        self.commands.new(str(release or ""))
        self._sample = read_env(self.env_path)
        place = {"domain": self.app.domain, "url": self.app.url}
        own = {key: fill_in(value, place) for key, value in self.config.env.items()}
        set_env(self.env_path, {"DOMAIN": self.app.domain, "LETS_ENCRYPT_ENV": "", **own})
        self._take_stack()
        self._wiring.begin(self.offered())
        check_swarm_names(self.app, self.env, self._exports())

    def require_defaults(self) -> None:
        """Fail if the app that was made has lost a setting of .env.sample; see `replaced_defaults`.

        Raises:
            Misuse: it has; the sentence names the settings.
        """
        replaced = list(replaced_defaults(self._sample, self.env, self.config))
        if replaced:
            raise Misuse(
                f"The app has other settings than .env.sample: {', '.join(replaced)}. A run "
                "deploys what people deploy: keywords and set-up scripts may add settings, and "
                f"[env] of recipes/{self.app.recipe}/recipe.toml names those that a run replaces."
            )

    def deploy(self, release: Release | None = None) -> Deployment:
        """Deploy the head (with --chaos) or a release, and wait until it runs as it should.

        Raises:
            RecipeFailure: it does not converge; see `wait_until_converged`.
            NodeFailure: an image is not available, or the node cannot run it.
        """
        before = self.services()
        self._show(release)
        self._wiring.follow(self.offered())
        self._write_overlay()
        self._generate_secrets(chaos=release is None)
        # Before the deadline of readiness begins to run.
        client, images = self.target.swarm.client, self.images()
        self.record.pulled.update(pull_missing(client, images.values(), self.record.tell))
        version = str(release) if release else self.checkout.short
        self.record.tell(f"deploying {self.app.domain} at {version}")
        self.record.journal.record("stack", self.app.stack)
        self.commands.deploy(str(release or ""), over_running=bool(before))
        if not before:
            self.cold_deployments += 1
        converged = self.wait_converged(frozenset(t.id for s in before for t in s.tasks))
        self.record.tell(f"converged in {converged.seconds:.1f} s")
        self._note_what_runs(release, images, converged)
        return Deployment(self.app, version, not before, converged)

    def insert_secret(self, name: str, value: str, version: str) -> None:
        """Give the app a secret; the value is also kept with the run's own.

        Raises:
            RecipeFailure: the recipe holds the secret itself, so that nobody can give it another.
        """
        contents = [read_compose(path) for path in self.compose_files()]
        fixed = secrets_of_others(contents, self.settings(), self.app.stack)
        if name in fixed:
            raise RecipeFailure(f"Expected to give the app a secret of its own: {fixed[name]}")
        self._keep_secret(name, value)
        self.record.journal.record("secret", f"{self.app.stack}_{name}_{version}")
        self.commands.insert_secret(name, value, version)

    def wait_converged(self, ignore_tasks: frozenset[str] = frozenset()) -> Converged:
        """Wait until every service runs what it should; see `wait_until_converged`."""
        target, seconds = self.target, self.config.timeout_seconds
        return wait_until_converged(
            target.swarm, self.app.stack, seconds, self.record.tell, ignore_tasks, target.limits,
            self.meant,
        )  # fmt: skip

    def tasks(self) -> frozenset[str]:
        """Return the tasks that the app has or had, as far as the Swarm remembers them."""
        return frozenset(task.id for service in self.services() for task in service.tasks)

    def running_tasks(self, old: frozenset[str]) -> frozenset[str]:
        """Wait until every service runs what it should, and return the tasks that then run.

        Args:
            old: tasks whose deaths do not count, from before a step.
        """
        converged = self.wait_converged(old)
        return frozenset(task.id for service in converged.services for task in service.running)

    def restart(self) -> Converged:
        """Restart every service once, and wait until all run again.

        Raises:
            RecipeFailure: one does not come back or crash-loops, or abra restarted nothing.
        """
        # What has no replicas, or has ended, runs nothing on purpose.
        before = [
            service
            for service in self.services()
            if service.replicas != 0 and service.short_name not in self.meant.to_end
        ]
        old = frozenset(task.id for service in before for task in service.tasks)
        for service in before:
            self.record.tell(f"restarting {service.short_name}")
            name, known = service.short_name, self.tasks()
            self.commands.restart(name, self.crash_loop_from_now(name), self._restart_seconds)
            # What died while this one was away, such as an app without its database, is no loop.
            others = [other for other in self.services() if other.short_name != name]
            old |= {task.id for other in others for task in other.tasks if task.dead} - known
        converged = self.wait_converged(old)
        kept = [t.id for s in converged.services for t in s.running if t.id in old]
        if kept:
            raise RecipeFailure(f"abra restarted nothing: task {kept[0]} still runs.")
        return converged

    def undeploy(self) -> None:
        """Take the app off the Swarm; see `ccci.deploy.undeploy`."""
        self.record.tell(f"undeploying {self.app.domain}")
        undeploy(self.commands, self.target.swarm, self.app.stack)

    def volumes(self) -> list[str]:
        """Return the names of the app's volumes on this node."""
        label = f"{STACK_LABEL}={self.app.stack}"
        found = self.target.swarm.client.volumes.list(filters={"label": label})
        return sorted(str(volume.name) for volume in found)

    def remove_volumes(self) -> None:
        """Remove the undeployed app's volumes.

        Raises:
            NodeFailure: one is still there; the sentence names it.
        """
        self.record.tell("removing its volumes")
        if self.volumes():
            self.commands.remove_volumes()
        left = self.volumes()
        if left:
            raise NodeFailure(
                f"Volumes are still there after 'abra app volume rm': {', '.join(left)}."
            )

    def _take_stack(self) -> None:
        """Follow abra where the app's settings name its stack, unless another app has that one."""
        stack = stack_name(self.app.domain, self.env)
        if stack != self.app.stack:
            scope = Scope(frozenset({stack}))
            taken = any(scope.owns(item) for item in list_objects(self.target.swarm.client))
            claim_stack(self.record.journal, stack, taken)
            self.app = replace(self.app, stack=stack)

    def _note_what_runs(
        self, release: Release | None, named: dict[str, str], converged: Converged
    ) -> None:
        """Note the images of a deployment; see `ccci.deploy.image_origin`."""
        swarm, stack = self.target.swarm, self.app.stack
        seen = images_of(swarm.client, stack, named, swarm.containers(stack), self.record.pulled)
        self.used_images = with_version(self.used_images, seen, str(release or "head"))
        if release is None:
            self.head_version = version_labels(converged.services, stack).version

    def _show(self, release: Release | None) -> None:
        self._release = release
        if release:
            self.checkout.show(release)
        else:
            self.checkout.show_head()

    def _write_overlay(self) -> None:
        hosts = list(dict.fromkeys((*self.public_names(), *self.calls)))
        files, settings = self.compose_files(), self.settings()
        limits = limits_for(services_in(files), self._share, self.config.limit, settings)
        overlay = overlay_for(
            files, self.target.server, hosts, limits, settings, self.target.network
        )
        root = self.checkout.path
        (root / OVERLAY_FILE).write_text(overlay, encoding="utf-8")
        self.checkout.hide(OVERLAY_FILE)
        # Not their bare names: an overlay may lie in a folder of the recipe.
        names = [*(path.relative_to(root).as_posix() for path in files), OVERLAY_FILE]
        set_env(self.env_path, {"COMPOSE_FILE": ":".join(names)})

    def _generate_secrets(self, chaos: bool) -> None:
        if any(re.fullmatch(r"SECRET_\w+_VERSION", key) for key in self.env):
            for name, value in self.commands.generate_secrets(chaos).items():
                self._keep_secret(name, value)

    def _keep_secret(self, name: str, value: str) -> None:
        """Keep a secret by the recipe's name of it, and by the suite's own."""
        own = {
            called
            for (kind, called), its in self.names().items()
            if (kind, its) == ("secret", name)
        }
        for known_as in (name, *own):
            self.record.credentials.put(f"{self.app.domain}/{known_as}", value)

    def _exports(self) -> dict[str, str]:
        return read_exports(self.checkout.path / "abra.sh")
