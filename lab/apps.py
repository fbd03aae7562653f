"""Deploys the lab's own apps with abra, as an operator would."""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import docker
import yaml
from docker.errors import ImageNotFound

from lab import imagelist, stacks
from lab.errors import LabError
from lab.inventory import LABEL, Inventory
from lab.node import Traits, write_if_changed
from lab.reciperepos import BRANCH
from lab.reporting import Step
from lab.settings import Settings
from lab.which_abra import Abra

OVERLAY = "compose.lab.yml"
ABRA_SECONDS = 300
READY_SECONDS = 180.0
SERVER = "default"


@dataclass(frozen=True)
class App:
    """One app of the lab.

    Attributes:
        recipe: the name of the recipe.
        domain: the domain of the app.
        environment: settings for the app's .env file.
        compose_files: the recipe's compose files to deploy.
        secret_files: the file with the content of each secret, by its name and version.
        secrets_generated: name and version of each secret that abra generates.
        ports: the port in the container, by the port that is published for it in host mode.
        configs: templates to use instead of those of the recipe, by the name of the config.
        binds: folders of this machine to use for volumes, by the name of the volume.
    """

    recipe: str
    domain: str
    environment: Mapping[str, str] = field(default_factory=dict)
    compose_files: tuple[str, ...] = ("compose.yml",)
    secret_files: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    secrets_generated: tuple[tuple[str, str], ...] = ()
    ports: Mapping[int, int] = field(default_factory=dict)
    configs: Mapping[str, Path] = field(default_factory=dict)
    binds: Mapping[str, Path] = field(default_factory=dict)

    @property
    def stack(self) -> str:
        return stacks.stack_name(self.domain)


class Apps:
    """Deploys the lab's apps on one Swarm."""

    def __init__(
        self,
        client: docker.DockerClient,
        settings: Settings,
        inventory: Inventory,
        abra: Abra,
        traits: Traits,
    ) -> None:
        self._client = client
        self._settings = settings
        self._inventory = inventory
        self._abra = abra
        self._traits = traits

    def ensure_server(self) -> None:
        """Register this machine as a server in abra, if it is not yet."""
        if not (self._settings.abra_dir / "servers" / SERVER).is_dir():
            self._run("server", "add", "--local")

    def ensure(self, app: App, step: Step) -> bool:
        """Deploy an app if it is missing or out of date, and wait until it is up.

        Returns: whether it was deployed.

        Raises:
            LabError: a stack of its name exists that is not the lab's, abra failed, or the app was
                not up in time.
        """
        record = self._inventory.find("app", app.domain)
        if record is None:
            stacks.refuse_foreign_stack(self._client, app.stack)
        overlay = overlay_of(app, self._traits, self._checkout(app))
        fingerprint = self._fingerprint(app, overlay)
        up_to_date = record is not None and record.detail.get("deployed") == fingerprint
        if up_to_date and stacks.services(self._client, app.stack):
            step.result = "already up"
        else:
            self._deploy(app, overlay, step)
            step.result = "deployed"
        step.progress("waiting until it is up")
        stacks.wait_ready(self._client, app.stack, within_seconds=READY_SECONDS)
        if step.result == "deployed":
            detail = record.detail if record else {}
            self._inventory.record("app", app.domain, **{**detail, "deployed": fingerprint})
        return step.result == "deployed"

    def _deploy(self, app: App, overlay: str, step: Step) -> None:
        record = self._inventory.find("app", app.domain)
        self._inventory.record("app", app.domain, **(record.detail if record else {}))
        checkout = self._checkout(app)
        _checkout_branch(checkout)
        write_if_changed(checkout / OVERLAY, overlay)
        file = self._settings.abra_dir / "servers" / SERVER / f"{app.domain}.env"
        if not file.exists():
            step.progress("abra app new")
            options = [f"--domain={app.domain}", f"--server={SERVER}"]
            self._run("app", "new", app.recipe, "-n", "-o", "-C", *options)
        files = [*app.compose_files, OVERLAY]
        values = {"DOMAIN": app.domain, "LETS_ENCRYPT_ENV": "", **app.environment}
        values["COMPOSE_FILE"] = ":".join(files)
        write_if_changed(file, with_values(file.read_text(), values))
        self._ensure_secrets(app)
        step.progress("abra app deploy")
        force = ["-f"] if stacks.services(self._client, app.stack) else []
        # -c: the lab waits itself, and its error quotes the log of the container.
        self._run("app", "deploy", app.domain, "-n", "-o", "-C", "-D", "-c", *force)

    def _ensure_secrets(self, app: App) -> None:
        existing = {str(secret.name) for secret in self._client.secrets.list()}
        for (name, version), path in app.secret_files.items():
            full = f"{app.stack}_{name}_{version}"
            if full not in existing:
                self._inventory.record("secret", full)
                self._run(
                    "app", "secret", "insert", app.domain, name, version, str(path), "-f", "-n"
                )
        for name, version in app.secrets_generated:
            full = f"{app.stack}_{name}_{version}"
            if full not in existing:
                self._inventory.record("secret", full)
                self._secret("generate", app.domain, name, version, "-m")

    def _secret(self, *arguments: str) -> None:
        # Without -C, abra would check out the version that the app is pinned to.
        self._run("app", "secret", *arguments, "-n", "-o", "-C")

    def _checkout(self, app: App) -> Path:
        return self._settings.abra_dir / "recipes" / app.recipe

    def _fingerprint(self, app: App, overlay: str) -> str:
        refs = imagelist.images_of(app.recipe, head_only=True, files=app.compose_files)
        images = [self._image_id(ref) for ref in refs]
        stamp = (self._checkout(app) / ".git" / "lab-content").read_text()
        secrets = [*app.secret_files, *app.secrets_generated]
        content = [stamp, overlay, dict(app.environment), app.compose_files, secrets, images]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def _image_id(self, ref: str) -> str:
        try:
            return str(self._client.images.get(ref).id)
        except ImageNotFound:
            return ""

    def _run(self, *arguments: str) -> None:
        """Run abra. Its output may contain secrets, so an error quotes only the last line."""
        inherited = {**os.environ, "LC_ALL": "C.UTF-8"}
        try:
            done = subprocess.run(
                [str(self._abra.path), *arguments],
                env={**inherited, "ABRA_DIR": str(self._settings.abra_dir)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=ABRA_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            command = " ".join(arguments[:3])
            raise LabError(f"`abra {command}` did not end within {ABRA_SECONDS} s") from error
        if done.returncode != 0:
            lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
            last = lines[-1] if lines else "(no output)"
            command = " ".join(arguments)
            raise LabError(f"`abra {command}` ended with exit code {done.returncode}: {last}")


def overlay_of(app: App, traits: Traits, checkout: Path) -> str:
    """Return the compose file that labels an app as the lab's and adapts it to this node.

    On a kernel without IPVS, for example, it gives every service `endpoint_mode: dnsrr`.
    """
    services: dict[str, dict[str, object]] = {}
    volumes: dict[str, object] = {}
    for file in app.compose_files:
        content = yaml.safe_load((checkout / file).read_text())
        for name in content.get("services") or {}:
            deploy: dict[str, object] = {"labels": {LABEL: "1"}}
            if traits.endpoint_mode == "dnsrr":
                deploy["endpoint_mode"] = "dnsrr"
            services[name] = {"deploy": deploy}
        for name in content.get("volumes") or {}:
            volumes[name] = {"labels": {LABEL: "1"}, **_bound(app.binds.get(name))}
    if app.ports:
        services["app"]["ports"] = [
            {"target": target, "published": published, "mode": "host"}
            for published, target in app.ports.items()
        ]
    overlay: dict[str, object] = {"version": "3.8", "services": services}
    if volumes:
        overlay["volumes"] = volumes
    if app.configs:
        overlay["configs"] = {
            name: _config(app, name, template) for name, template in app.configs.items()
        }
    return str(yaml.safe_dump(overlay, sort_keys=False))


def _config(app: App, name: str, template: Path) -> dict[str, str]:
    # Swarm cannot change an existing config, so each content needs a name of its own.
    digest = hashlib.sha256(template.read_bytes()).hexdigest()[:8]
    full = f"{app.stack}_{name}_lab_{digest}"
    return {"name": full, "file": str(template), "template_driver": "golang"}


def _bound(folder: Path | None) -> dict[str, object]:
    if folder is None:
        return {}
    return {"driver_opts": {"type": "none", "o": "bind", "device": str(folder)}}


def with_values(env_file: str, values: Mapping[str, str]) -> str:
    """Return an app's .env file with some settings replaced or added; the rest is unchanged.

    Example:
        >>> with_values("TYPE=x\\nA=1 # one\\n", {"A": "2", "B": "3"})
        'TYPE=x\\nA=2\\nB=3\\n'
    """
    lines = [line for line in env_file.splitlines() if _key(line) not in values]
    replaced = [number for number, line in enumerate(env_file.splitlines()) if _key(line) in values]
    start = min(replaced[0] if replaced else len(lines), len(lines))
    added = [f"{key}={_env_quoted(value)}" for key, value in values.items()]
    return "\n".join([*lines[:start], *added, *lines[start:]]) + "\n"


def _key(line: str) -> str:
    found = re.match(r"\s*([A-Za-z_]\w*)=", line)
    return found[1] if found else ""


def _env_quoted(value: str) -> str:
    return value if re.fullmatch(r"[\w./:@%+,-]*", value) else f'"{value}"'


def _checkout_branch(checkout: Path) -> None:
    """Check out the branch: abra deploys what is checked out, and its commands may change that."""
    command = ["git", "-C", str(checkout), "checkout", "--quiet", BRANCH]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"git could not check out {BRANCH} in {checkout}: {done.stderr.strip()}")
