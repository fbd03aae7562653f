"""Builds an image with Docker's classic builder, and writes the output to a log."""

import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError

from lab import debian
from lab.errors import LabError
from lab.imagelist import Plan
from lab.inventory import LABEL, Inventory
from lab.reporting import Step
from lab.running import stream
from lab.settings import Settings

# Settings of this machine that are passed to the builds. Docker accepts the proxy variables in any
# build, and the others only in those that declare them with ARG.
HOST_ARGS = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
DECLARED_ARGS = ("PIP_INDEX_URL", "NPM_CONFIG_REGISTRY", "GOPROXY")

SCRATCH = "scratch-image-"


def log_of(settings: Settings, ref: str) -> Path:
    """Return the path of the log of an image's build."""
    return settings.logs / f"{ref.replace('/', '_').replace(':', '_')}.log"


def build(
    client: docker.DockerClient, settings: Settings, inventory: Inventory, step: Step, plan: Plan
) -> None:
    """Build an image with its full name and the label of the lab.

    Raises:
        LabError: the build failed; the message ends with the path of the log.
    """
    base = debian.ensure(client, settings, inventory, step, plan.release)
    log = log_of(settings, plan.ref)
    log.write_text("")
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=settings.lab) as scratch:
        context = Path(scratch) / "context"
        shutil.copytree(plan.context, context)
        if plan.wheels:
            _fetch_wheels(plan, context / "wheels", log, step)
        inventory.record("image", plan.ref)
        messages = client.api.build(
            path=str(context),
            tag=plan.ref,
            buildargs=_arguments(plan, base),
            labels={
                LABEL: "1",
                debian.CONTENT_LABEL: plan.content_hash(debian.base_hash(plan.release)),
            },
            network_mode="host",
            rm=True,
            forcerm=True,
            decode=True,
        )
        try:
            _follow(messages, plan, log, step)
        except APIError as error:
            raise LabError(
                f"the image {plan.ref} could not be built: {error.explanation}"
            ) from error
    # Earlier stages, and images that this one replaces: they have no name, but the lab's label.
    client.images.prune(filters={"dangling": True, "label": f"{LABEL}=1"})


def _arguments(plan: Plan, base: str) -> dict[str, str]:
    arguments = {"BASE": base, **dict(plan.args)}
    dockerfile = (plan.context / "Dockerfile").read_text()
    declared = [name for name in DECLARED_ARGS if f"ARG {name}" in dockerfile]
    for name in (*HOST_ARGS, *declared):
        if os.environ.get(name):
            arguments[name] = os.environ[name]
    return arguments


def _follow(messages: Any, plan: Plan, log: Path, step: Step) -> None:
    last = ""
    with log.open("a") as out:
        for message in messages:
            text = message.get("stream") or message.get("status") or message.get("error") or ""
            out.write(text if text.endswith("\n") else text + "\n")
            out.flush()
            if "error" in message:
                error = f"{message['error'].strip()} (before that: {last})"
                raise LabError(f"the image {plan.ref} could not be built: {error}; log: {log}")
            last = text.strip() or last
            step.progress(last.splitlines()[-1] if last else "")


def _fetch_wheels(plan: Plan, folder: Path, log: Path, step: Step) -> None:
    """Download the image's packages with this machine's pip, which has its configuration."""
    folder.mkdir()
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command = [*pip, "--progress-bar", "off", "--dest", str(folder), *plan.wheels]
    stream(command, log=log, step=step, what=f"the image {plan.ref}")
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder / wheel.stem)
        wheel.unlink()
