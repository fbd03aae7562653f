"""Provides images: pulls or builds what is missing, and records why an image is not available."""

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound
from docker.utils.utils import parse_repository_tag

from lab import debian, imagebuild, imagelist
from lab.errors import LabError
from lab.inventory import LABEL, Inventory
from lab.reporting import Step
from lab.settings import Settings

# A registry that can be reached always sends something within this time.
SILENCE_SECONDS = 20
# Until a failure is this old, `up` does not try again, unless the image is required.
REMEMBERED_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Missing:
    """An image that is not available, the reason, and since when, in seconds since 1970."""

    ref: str
    reason: str
    content: str
    since: float


class Images:
    """Pulls and builds images."""

    def __init__(
        self, client: docker.DockerClient, settings: Settings, inventory: Inventory
    ) -> None:
        self._client = client
        self._settings = settings
        self._inventory = inventory
        self._plans = imagelist.plans()
        self._silent_registries: set[str] = set()

    def is_ready(self, ref: str) -> bool:
        """Return whether the image exists and, if the lab built it, is up to date."""
        try:
            labels = self._client.images.get(ref).labels
        except ImageNotFound:
            return False
        plan = self._plans.get(ref)
        if plan is None or LABEL not in labels:
            return True
        return labels.get(debian.CONTENT_LABEL) == self._content(ref)

    def missing(self, refs: Iterable[str]) -> tuple[str, ...]:
        return tuple(ref for ref in refs if not self.is_ready(ref))

    def known_failure(self, ref: str) -> Missing | None:
        """Return why the last try to get the image failed, if that is recent and still applies."""
        known = read_failures(self._settings).get(ref)
        if known is None or known.content != self._content(ref):
            return None
        return known if time.time() - known.since < REMEMBERED_SECONDS else None

    def fetch(self, ref: str, step: Step) -> None:
        """Pull an image or, if that fails, build it.

        Raises:
            LabError: neither was possible; the reason is stored for `status`.
        """
        plan = self._plans.get(ref)
        try:
            why_not = self._pull(ref, step)
            if why_not is None:
                step.result = "pulled"
            elif plan is None:
                reason = imagelist.only_pulled().get(ref)
                no_build = reason or "lab/images/images.toml does not describe how to build it"
                raise LabError(f"the image {ref} is not available: {why_not}, and {no_build}")
            else:
                imagebuild.build(self._client, self._settings, self._inventory, step, plan)
                step.result = "built"
        except LabError as error:
            _store_failure(
                self._settings, Missing(ref, str(error), self._content(ref), time.time())
            )
            raise
        _remove_failure(self._settings, ref)

    def _content(self, ref: str) -> str:
        plan = self._plans.get(ref)
        return plan.content_hash(debian.base_hash(plan.release)) if plan else ""

    def _pull(self, ref: str, step: Step) -> str | None:
        """Pull an image; return why that failed, or None."""
        if self._settings.pull == "never":
            return "pulling is disabled (LAB_PULL=never)"
        if ref in self._plans and LABEL in self._labels(ref):
            return "the lab built it before"
        repository, tag = parse_repository_tag(ref)
        registry = registry_of(ref)
        if registry in self._silent_registries:
            return "its registry could not be reached"
        step.progress("pulling")
        recorded = self._inventory.find("image", ref)
        self._inventory.record("image", ref)
        why_not = self._pull_from(registry, repository, tag or "latest", step)
        if why_not is None:
            self._inventory.record("image", ref, id=str(self._client.images.get(ref).id))
        elif recorded is None:
            self._inventory.forget("image", ref)
        return why_not

    def _labels(self, ref: str) -> dict[str, str]:
        try:
            return dict(self._client.images.get(ref).labels)
        except ImageNotFound:
            return {}

    def _pull_from(self, registry: str, repository: str, tag: str, step: Step) -> str | None:
        try:
            # A client of its own: the timeout is for the time between two messages.
            client = docker.from_env(timeout=SILENCE_SECONDS)
            for message in client.api.pull(repository, tag=tag, stream=True, decode=True):
                if "error" in message:
                    return self._reason(str(message["error"]), registry)
                step.progress(f"pulling {message.get('status', '')}")
        except (requests.RequestException, APIError, DockerException) as error:
            explanation = getattr(error, "explanation", None) or str(error)
            return self._reason(str(explanation), registry)
        return None

    def _reason(self, error: str, registry: str) -> str:
        """Return why a pull failed; a registry that cannot be reached is not tried again."""
        unknown = ("not found", "manifest unknown", "access denied", "denied", "unauthorized")
        if any(text in error.lower() for text in unknown) and "lookup" not in error:
            return f"its registry responded: {error.strip()}"
        self._silent_registries.add(registry)
        return f"its registry could not be reached ({error.strip()[:120]})"


def registry_of(ref: str) -> str:
    """Return the registry in the name of an image, or "" for Docker's default.

    Example:
        >>> registry_of("registry.example:5000/a/b:1"), registry_of("nginx:1.26.3")
        ('registry.example:5000', '')
    """
    first, _, rest = ref.partition("/")
    return first if rest and ("." in first or ":" in first or first == "localhost") else ""


def read_failures(settings: Settings) -> dict[str, Missing]:
    """Return the images that were not available at the last try, by name."""
    path = _failures(settings)
    if not path.exists():
        return {}
    return {one["ref"]: Missing(**one) for one in json.loads(path.read_text())}


def _failures(settings: Settings) -> Path:
    return settings.lab / "images-missing.json"


def _store_failure(settings: Settings, missing: Missing) -> None:
    _write(settings, {**read_failures(settings), missing.ref: missing})


def _remove_failure(settings: Settings, ref: str) -> None:
    known = read_failures(settings)
    if known.pop(ref, None):
        _write(settings, known)


def _write(settings: Settings, known: dict[str, Missing]) -> None:
    _failures(settings).write_text(json.dumps([asdict(one) for one in known.values()], indent=1))
