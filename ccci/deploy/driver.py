"""One isolated app of a run: made, deployed, emptied and deployed again, always through abra."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from docker.errors import APIError, ImageNotFound, NotFound

from ccci.apps import App, stack_name
from ccci.deploy.abra import Abra
from ccci.deploy.fitting import Fitting
from ccci.errors import Misuse, NodeFailure, RecipeFailure
from ccci.node.server import Server
from ccci.recipe.checkout import Checkout
from ccci.recipe.compose import images_in
from ccci.recipe.config import RecipeConfig
from ccci.recipe.envfile import compose_files, read_env, set_env
from ccci.recipe.face import Face, read_face
from ccci.recipe.overlay import OVERLAY_FILE, overlay_for
from ccci.recipe.release import Release
from ccci.results.credentials import CredentialStore
from ccci.swarm.convergence import Converged, wait_until_converged
from ccci.swarm.holdings import Scope, list_things
from ccci.swarm.view import NAMESPACE, SwarmView
from ccci.teardown.claims import claim_stack
from ccci.teardown.journal import Journal
from ccci.waiting import Look, TooLate, wait_for
from ccci.web.http import Client

# Swarm's limit for the names of secrets and configs, `<stack>_<name>_<version>`.
LONGEST_SWARM_NAME = 64
_PULL_SECONDS = 1800
_GONE_SECONDS = 120


@dataclass(frozen=True)
class Deployment:
    """What one deployment did.

    Attributes:
        app: the app deployed.
        version: the release, or the head's hash.
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
        server: Server,
        abra: Abra,
        swarm: SwarmView,
        journal: Journal,
        credentials: CredentialStore,
        tell: Callable[[str], None],
    ) -> None:
        """Take everything that the app's commands need; nothing is made yet."""
        self.checkout, self.config, self.server = checkout, config, server
        self.abra, self.swarm, self.journal = abra, swarm, journal
        self.credentials, self.tell = credentials, tell
        self.app = app
        if self.env_path.exists():
            # A run that attaches finds the settings of the one that made the app.
            self.app = replace(app, stack=stack_name(app.domain, self.env))
        # Public names of other apps that this one calls.
        self.calls: tuple[str, ...] = ()
        self.cold_deployments = 0
        self._release: Release | None = None
        self._fitting = Fitting(app.recipe, config, self.env_path, self.insert_secret)

    @property
    def env_path(self) -> Path:
        """The app's .env file in the run's ABRA_DIR."""
        return self.abra.abra_dir / "servers" / self.server.server / f"{self.app.domain}.env"

    @property
    def env(self) -> dict[str, str]:
        """The app's settings as they are now."""
        return read_env(self.env_path)

    @property
    def deployments(self) -> int:
        """How often abra deployed the app in this run, cold or not, also for a test by itself."""
        return self.abra.deployments_of(self.app.domain)

    @property
    def health_url(self) -> str:
        """The page that answers when the app is ready."""
        return self.app.url + self.config.health_path

    def wait_healthy(self, client: Client, holding_seconds: float = 0) -> None:
        """Wait until the app's health page answers through Traefik, and holds that for a while."""
        status, seconds = self.config.health_status, self.config.timeout_seconds
        client.wait_for_status(self.health_url, status, seconds, holding_seconds)

    def compose_files(self) -> list[Path]:
        """Return the compose files of the app's settings, our overlay not among them."""
        # Some abra commands check out what the app is pinned to, and leave the tree there.
        self._show(self._release)
        files = compose_files(self.env, self.checkout.path)
        return [path for path in files if path.name != OVERLAY_FILE]

    def face(self) -> Face:
        """Return what the recipe calls its own, at the commit that the app is at."""
        self._show(self._release)
        return read_face(self.checkout.path)

    def wire_sign_in(self, values: dict[str, str]) -> None:
        """Tell the app of its provider, now and wherever it is upgraded to; see `Fitting.wire`."""
        self._fitting.wire(values, self.face())

    def images(self) -> dict[str, str]:
        """Return service to image as the compose files name them, settings filled in."""
        settings = {**_exports(self.checkout.path / "abra.sh"), **self.env}
        return {
            service: _fill_in(image, settings)
            for service, image in images_in(self.compose_files()).items()
        }

    def make(self, release: Release | None = None) -> None:
        """Make the app anew, without data, at the head or at a release; nothing is deployed.

        Raises:
            Misuse: a name would be longer than the Swarm takes, or the recipe's settings name a
                stack that another app has.
        """
        if self.env_path.exists():
            self.abra("app", "remove", self.app.domain, "-n", "-f")
        self._show(release)
        self.journal.record("env", str(self.env_path))
        words = ["app", "new", self.app.recipe]
        words += [str(release)] if release else ["-C"]
        self.abra(
            *words, "-n", "-o", f"--domain={self.app.domain}", f"--server={self.server.server}"
        )
        set_env(
            self.env_path,
            {"DOMAIN": self.app.domain, "LETS_ENCRYPT_ENV": "", **self.config.env},
        )
        self._take_stack()
        self._fitting.begin(self.face())
        check_swarm_names(self.app, self.env, _exports(self.checkout.path / "abra.sh"))

    def deploy(self, release: Release | None = None) -> Deployment:
        """Deploy the head (with --chaos) or a release, and wait until it runs as it should.

        Raises:
            RecipeFailure: it does not converge; see `wait_until_converged`.
            NodeFailure: an image cannot be had, or the node cannot run it.
        """
        before = self.swarm.services(self.app.stack)
        self._show(release)
        self._fitting.follow(self.face())
        self._write_overlay()
        self._generate_secrets(chaos=release is None)
        self._have_images()
        version = str(release) if release else self.checkout.short
        self.tell(f"deploying {self.app.domain} at {version}")
        self.journal.record("stack", self.app.stack)
        words = ["app", "deploy", self.app.domain]
        words += [str(release)] if release else ["-C"]
        # Its own wait counts image pulls and gives up while a slow health check still starts.
        self.abra(*words, "-n", "-o", "-D", "-c", *(["-f"] if before else []))
        if not before:
            self.cold_deployments += 1
        converged = self.wait_converged(frozenset(t.id for s in before for t in s.tasks))
        self.tell(f"converged in {converged.seconds:.1f} s")
        return Deployment(self.app, version, not before, converged)

    def insert_secret(self, name: str, value: str, version: str) -> None:
        """Give the app a secret by a private file; the value is also kept with the run's own."""
        self.credentials.put(f"{self.app.domain}/{name}", value)
        self.journal.record("secret", f"{self.app.stack}_{name}_{version}")
        path = self.abra.abra_dir / f"insert-{name}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(value)
            words = ["app", "secret", "insert", self.app.domain, name, version, str(path)]
            self.abra(*words, "-f", "-n", "-o", "-C")
        finally:
            path.unlink()

    def wait_converged(self, ignore_tasks: frozenset[str] = frozenset()) -> Converged:
        """Wait until every service runs what it should; see `wait_until_converged`."""
        return wait_until_converged(
            self.swarm, self.app.stack, self.config.timeout_seconds, self.tell, ignore_tasks
        )

    def restart(self) -> Converged:
        """Restart every service once, and wait until all run again.

        Raises:
            RecipeFailure: one does not come back, or abra restarted nothing.
        """
        before = self.swarm.services(self.app.stack)
        old = frozenset(task.id for service in before for task in service.tasks)
        for service in before:
            self.tell(f"restarting {service.short_name}")
            self.abra("app", "restart", self.app.domain, service.short_name, "-n", "-o", "-C")
        converged = self.wait_converged(old)
        kept = [t.id for s in converged.services for t in s.running if t.id in old]
        if kept:
            raise RecipeFailure(f"abra restarted nothing: task {kept[0]} still runs.")
        return converged

    def undeploy(self) -> None:
        """Take the app off the Swarm and wait until none of its containers is left.

        Raises:
            NodeFailure: something of it stays; the sentence names it.
        """
        self.tell(f"undeploying {self.app.domain}")
        self.abra("app", "undeploy", self.app.domain, "-n", "-o")

        def look() -> Look:
            left = [
                f"container {c.name} ({c.status})" for c in self.swarm.containers(self.app.stack)
            ]
            left += [f"service {s.name}" for s in self.swarm.services(self.app.stack)]
            return Look(not left, ", ".join(left))

        try:
            wait_for(f"nothing of {self.app.stack} to run", look, _GONE_SECONDS)
        except TooLate as late:
            raise NodeFailure(f"{late} See 'docker ps -a'.") from None

    def volumes(self) -> list[str]:
        """Return the names of the app's volumes on this node."""
        found = self.swarm.client.volumes.list(filters={"label": f"{NAMESPACE}={self.app.stack}"})
        return sorted(str(volume.name) for volume in found)

    def remove_volumes(self) -> None:
        """Remove the undeployed app's volumes.

        Raises:
            NodeFailure: one is still there; the sentence names it.
        """
        self.tell("removing its volumes")
        if self.volumes():
            self.abra("app", "volume", "rm", self.app.domain, "-f", "-n", "-o")
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
            taken = any(scope.owns(thing) for thing in list_things(self.swarm.client))
            claim_stack(self.journal, stack, taken)
            self.app = replace(self.app, stack=stack)

    def _show(self, release: Release | None) -> None:
        self._release = release
        if release:
            self.checkout.show(release)
        else:
            self.checkout.show_head()

    def _write_overlay(self) -> None:
        overlay = overlay_for(self.compose_files(), self.server, [self.app.domain, *self.calls])
        names = [path.name for path in self.compose_files()]
        target = self.checkout.path / OVERLAY_FILE
        if overlay:
            target.write_text(overlay, encoding="utf-8")
            self.checkout.hide(OVERLAY_FILE)
            names.append(OVERLAY_FILE)
        set_env(self.env_path, {"COMPOSE_FILE": ":".join(names)})

    def _generate_secrets(self, chaos: bool) -> None:
        if not any(re.fullmatch(r"SECRET_\w+_VERSION", key) for key in self.env):
            return
        words = ["app", "secret", "generate", self.app.domain, "-a", "-m", "-n", "-o"]
        done = self.abra(*words, *(["-C"] if chaos else []), check=False)
        for name, value in _generated(done.stdout):
            self.credentials.put(f"{self.app.domain}/{name}", value)

    def _have_images(self) -> None:
        """Pull what is not there, before the deadline of readiness begins to run."""
        for image in sorted(set(self.images().values())):
            try:
                self.swarm.client.images.get(image)
                continue
            except ImageNotFound:
                self.tell(f"pulling {image}")
            try:
                self.swarm.client.images.pull(image)
            except (NotFound, APIError) as error:
                raise NodeFailure(
                    f"Image {image} cannot be had: it is not on this node, and pulling it says: "
                    f"{error.explanation}. In the lab, 'make lab-status' says why."
                ) from None


def check_swarm_names(app: App, env: dict[str, str], exports: dict[str, str]) -> None:
    """Fail when the Swarm would refuse a secret or config of an app for the length of its name.

    Args:
        app: the app.
        env: its settings, among them `SECRET_<NAME>_VERSION`.
        exports: the `<NAME>_VERSION` of its configs, from abra.sh.

    Raises:
        Misuse: a name is too long; the sentence says which, and by what it gets shorter.
    """
    versions = {
        **{
            key.removeprefix("SECRET_"): value
            for key, value in env.items()
            if key.startswith("SECRET_")
        },
        **exports,
    }
    for key, version in versions.items():
        name = f"{app.stack}_{key.removesuffix('_VERSION').lower()}_{version}"
        if key.endswith("_VERSION") and len(name) > LONGEST_SWARM_NAME:
            raise Misuse(
                f"The name '{name}' has {len(name)} characters; the Swarm takes "
                f"{LONGEST_SWARM_NAME}. Shorten the name or its version in the recipe, or give "
                f"the server a shorter domain than that of {app.domain}."
            )


def _exports(abra_sh: Path) -> dict[str, str]:
    if not abra_sh.exists():
        return {}
    found = re.findall(r"^export (\w+)=(.*)$", abra_sh.read_text(encoding="utf-8"), re.MULTILINE)
    return {key: value.strip("\"'") for key, value in found}


def _fill_in(text: str, settings: dict[str, str]) -> str:
    def value(found: "re.Match[str]") -> str:
        name, default = found.group(1), found.group(2) or ""
        return settings.get(name) or default

    return re.sub(r"\$\{(\w+)(?::?-([^}]*))?\}", value, text)


def _generated(output: str) -> list[tuple[str, str]]:
    """The names and values in the JSON that `abra app secret generate -m` writes."""
    begin = min((output.find(c) for c in "[{" if c in output), default=-1)
    if begin < 0:
        return []
    content = json.loads(output[begin:])
    if isinstance(content, dict):
        return [(str(name), str(value)) for name, value in content.items()]
    return [(str(row.get("name")), str(row.get("value"))) for row in content]
