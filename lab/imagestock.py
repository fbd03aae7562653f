"""Images: present, else pulled, else built, else known to be missing and why."""

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
from lab.made import LABEL, Made
from lab.reporting import Step
from lab.settings import Settings

# A registry that is there sends its first words within this time, and never stays silent longer.
SILENCE_SECONDS = 20
# How long a failure counts as known: until then a plain `up` does not try again.
REMEMBERED_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Missing:
    """An image that can be had in none of the ways, and why (at `since`, seconds since 1970)."""

    ref: str
    reason: str
    content: str
    since: float


class Images:
    """The images of one call of the lab."""

    def __init__(self, client: docker.DockerClient, settings: Settings, made: Made) -> None:
        self._client = client
        self._settings = settings
        self._made = made
        self._plans = imagelist.plans()
        self._silent_registries: set[str] = set()

    def is_ready(self, ref: str) -> bool:
        """Whether the image is there, and, when the lab built it, is up to date."""
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
        """Why the image could not be had lately, if nothing has changed since."""
        known = read_failures(self._settings).get(ref)
        if known is None or known.content != self._content(ref):
            return None
        return known if time.time() - known.since < REMEMBERED_SECONDS else None

    def fetch(self, ref: str, step: Step) -> None:
        """Pull or build an image that is not ready.

        Raises:
            LabError: it can be had in none of the ways; the reason is kept for `status`.
        """
        plan = self._plans.get(ref)
        try:
            why_not = self._pull(ref, step)
            if why_not is None:
                step.result = "pulled"
            elif plan is None:
                raise LabError(
                    f"the image {ref} cannot be had: {why_not}, and lab/images/images.toml has no "
                    "way to build it"
                )
            else:
                imagebuild.build(self._client, self._settings, self._made, step, plan)
                step.result = "built"
        except LabError as error:
            _keep_failure(self._settings, Missing(ref, str(error), self._content(ref), time.time()))
            raise
        _drop_failure(self._settings, ref)

    def _content(self, ref: str) -> str:
        plan = self._plans.get(ref)
        return plan.content_hash(debian.base_hash(plan.release)) if plan else ""

    def _pull(self, ref: str, step: Step) -> str | None:
        """Try to pull; returns why that did not work, or None when the image is there."""
        if self._settings.pull == "never":
            return "pulling is switched off (LAB_PULL=never)"
        if ref in self._plans and LABEL in self._labels(ref):
            return "it was built here before"
        repository, tag = parse_repository_tag(ref)
        registry = registry_of(ref)
        if registry in self._silent_registries:
            return "its registry could not be reached"
        step.progress("pulling")
        already = self._made.find("image", ref)
        self._made.record("image", ref)
        why = self._pull_now(repository, tag or "latest", registry, step)
        if why is None:
            self._made.record("image", ref, id=str(self._client.images.get(ref).id))
        elif already is None:
            self._made.forget("image", ref)
        return why

    def _labels(self, ref: str) -> dict[str, str]:
        try:
            return dict(self._client.images.get(ref).labels)
        except ImageNotFound:
            return {}

    def _pull_now(self, repository: str, tag: str, registry: str, step: Step) -> str | None:
        try:
            # Its own client: the time-out is for silence between two words of the daemon.
            client = docker.from_env(timeout=SILENCE_SECONDS)
            for answer in client.api.pull(repository, tag=tag, stream=True, decode=True):
                if "error" in answer:
                    return self._judge(str(answer["error"]), registry)
                step.progress(f"pulling {answer.get('status', '')}")
        except (requests.RequestException, APIError, DockerException) as error:
            explanation = getattr(error, "explanation", None) or str(error)
            return self._judge(str(explanation), registry)
        return None

    def _judge(self, said: str, registry: str) -> str:
        """Tell "no such image" from "no such registry": the latter is not tried again."""
        unknown = ("not found", "manifest unknown", "access denied", "denied", "unauthorized")
        if any(word in said.lower() for word in unknown) and "lookup" not in said:
            return f"its registry says: {said.strip()}"
        self._silent_registries.add(registry)
        return f"its registry could not be reached ({said.strip()[:120]})"


def registry_of(ref: str) -> str:
    """The registry part of an image's name; empty for Docker's default one.

    Example:
        >>> registry_of("registry.example:5000/a/b:1"), registry_of("nginx:1.26.3")
        ('registry.example:5000', '')
    """
    first, _, rest = ref.partition("/")
    return first if rest and ("." in first or ":" in first or first == "localhost") else ""


def read_failures(settings: Settings) -> dict[str, Missing]:
    """The images that could not be had, by name, as the last tries left it."""
    path = _failures(settings)
    if not path.exists():
        return {}
    return {one["ref"]: Missing(**one) for one in json.loads(path.read_text())}


def _failures(settings: Settings) -> Path:
    return settings.lab / "images-missing.json"


def _keep_failure(settings: Settings, missing: Missing) -> None:
    _write(settings, {**read_failures(settings), missing.ref: missing})


def _drop_failure(settings: Settings, ref: str) -> None:
    known = read_failures(settings)
    if known.pop(ref, None):
        _write(settings, known)


def _write(settings: Settings, known: dict[str, Missing]) -> None:
    _failures(settings).write_text(json.dumps([asdict(one) for one in known.values()], indent=1))
