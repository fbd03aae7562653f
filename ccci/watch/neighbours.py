"""Asks, over HTTPS, whether other names on the server are still answered by whom they belong to.

A router's rule in a recipe can take any host of the server, not only the app's own: Traefik then
leads other people's visitors to it. Two names are asked: the sentinel's, and one that nobody has.
The sentinel is known by files of its own volume, where it serves them; else by the status and media
type of its front page.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from docker.errors import DockerException

from ccci.apps import stack_name
from ccci.deploy.target import Target
from ccci.errors import CcciError, NodeFailure, RecipeFailure
from ccci.swarm.copying import MIB, first_bytes
from ccci.swarm.holdings import STACK_LABEL
from ccci.swarm.view import Service, SwarmView
from ccci.waiting import Look, TooLate, wait_for
from ccci.web.http import Client, Response

# Traefik looks for changed routers every 15 s.
_SETTLES_SECONDS = 20.0
_ANSWER_SECONDS = 10.0
# A request that Traefik leads to a container that is gone hangs; the one after it does not.
_BEFORE_SECONDS = 45.0
# Of the sentinel's files, the first few small ones tell enough.
_FILES, _FILE_BYTES = 5, 1 << 16
# They are looked for at the start of each run, so not behind what is large.
_VOLUME_BYTES = 16 * MIB
_RULE = re.compile(r"traefik\.(http|tcp)\.routers\.[^.]+\.rule")
_HOSTS = re.compile(r"\bHost(?:SNI)?\(([^)]*)\)")
_PATTERNS = re.compile(r"\bHost(?:SNI)?Regexp\(((?:[^)`\"]|`[^`]*`|\"[^\"]*\")*)\)")
_TEXTS = re.compile(r"[`\"]([^`\"]*)[`\"]")


@dataclass(frozen=True)
class Page:
    """One page of somebody else.

    Attributes:
        whose: in words.
        host: its host.
        url: its address.
        whole: whether its content is compared, beside status and media type.
        answer: what it was answered before the run, in short.
    """

    whose: str
    host: str
    url: str
    whole: bool
    answer: str


@dataclass(frozen=True)
class Neighbours:
    """The pages as they were before the run.

    Example:
        ``neighbours = Neighbours.before(run.target); neighbours.check(driver.services())``
    """

    client: Client
    pages: tuple[Page, ...]

    @classmethod
    def before(cls, target: Target) -> "Neighbours":
        """Ask each page once.

        Args:
            target: the server, with its sentinel.

        Raises:
            NodeFailure: one does not answer at all.
        """
        server, client = target.server, target.client
        host = f"nobody-{secrets.token_hex(3)}.{server.domain}"
        pages = [_asked(client, "a name that nobody has", host, server.url_of(host) + "/")]
        if server.sentinel:
            pages += _pages_of_sentinel(target, server.sentinel)
        return cls(client, tuple(pages))

    def check(self, services: Iterable[Service]) -> None:
        """Fail when a page is answered otherwise than before the run.

        Args:
            services: of the app under test: their router rules tell whether it is to blame.

        Raises:
            RecipeFailure: a router's rule of the app takes the page's host.
            NodeFailure: something else does, or the page's owner changed it.
        """
        rules = [value for s in services for key, value in s.labels.items() if _RULE.fullmatch(key)]
        for page in self.pages:
            try:
                self._wait_for(page)
            except TooLate as late:
                taker = next((rule for rule in rules if takes(rule, page.host)), "")
                if taker:
                    raise RecipeFailure(
                        f"The app answers for {page.whose}: {late} The rule {taker!r} of one of "
                        "its routers takes that host. Name only the app's own hosts in it."
                    ) from None
                raise NodeFailure(
                    f"{page.whose.capitalize()} is answered otherwise than before the run, and by "
                    f"none of the app's routers: {late}"
                ) from None

    def _wait_for(self, page: Page) -> None:
        def look() -> Look:
            try:
                seen = _short(_ask(self.client, page.url), page.whole)
            except CcciError as error:
                return Look(False, str(error))
            return Look(seen == page.answer, seen)

        wait_for(f"{page.url} to be answered {page.answer}", look, _SETTLES_SECONDS, 0.5)


def takes(rule: str, host: str) -> bool:
    """Return whether a router's rule may lead requests for a host to its app.

    Read are the matchers Host and HostRegexp, of Traefik 2 and 3. Of the alternatives that ``||``
    joins, one with neither takes every host. What is excluded by ``!`` or ``&&`` is not looked at.

    Example:
        >>> takes("Host(`blog.lab.test`) || Host(`sentinel.lab.test`)", "sentinel.lab.test")
        True
    """
    return any(_alternative_takes(one, host) for one in _alternatives(rule))


def _alternatives(rule: str) -> list[str]:
    """Split a rule at each ``||`` that is in no parentheses and no quotes."""
    found, depth, quote, rest = [""], 0, "", rule
    while rest:
        if not quote and depth == 0 and rest.startswith("||"):
            found.append("")
            rest = rest[2:]
            continue
        letter, rest = rest[0], rest[1:]
        found[-1] += letter
        if letter == quote:
            quote = ""
        elif not quote and letter in '`"':
            quote = letter
        elif not quote:
            depth += {"(": 1, ")": -1}.get(letter, 0)
    return found


def _alternative_takes(rule: str, host: str) -> bool:
    hosts = [text for group in _HOSTS.findall(rule) for text in _TEXTS.findall(group)]
    patterns = [text for group in _PATTERNS.findall(rule) for text in _TEXTS.findall(group)]
    if not hosts and not patterns:
        return True
    return host in hosts or any(_matches(pattern, host) for pattern in patterns)


def _matches(pattern: str, host: str) -> bool:
    # Traefik 2: `{sub:[a-z]+}.example.org`; Traefik 3: a regular expression.
    two = re.sub(r"\{\w+:((?:[^{}]|\{[\d,]+\})+)\}", r"(?:\1)", pattern)
    two = re.sub(r"\{[a-zA-Z]\w*\}", ".+", two)
    try:
        return re.search(two, host) is not None
    except re.error:
        return True


def _pages_of_sentinel(target: Target, host: str) -> list[Page]:
    front = target.server.url_of(host)
    files = _files_of(target.swarm, stack_name(host))
    asked = {
        digest: _asked(target.client, "the sentinel", host, f"{front}/{name}")
        for name, digest in files.items()
    }
    served = [page for digest, page in asked.items() if page.answer.endswith(digest)]
    return served or [_asked(target.client, "the sentinel", host, f"{front}/", whole=False)]


def _asked(client: Client, whose: str, host: str, url: str, whole: bool = True) -> Page:
    """Ask a page for the first time; a run that has just ended may have taken its name till now."""
    answers: list[Response] = []

    def look() -> Look:
        try:
            answers.append(_ask(client, url))
        except CcciError as error:
            return Look(False, str(error))
        return Look(answers[-1].status < 500, f"status {answers[-1].status}")

    try:
        wait_for(f"{url} to be answered", look, _BEFORE_SECONDS, 0.5)
    except TooLate as late:
        # An answer that stays as it is can be compared, whatever its status.
        if not answers:
            raise NodeFailure(f"Before the run {whose} does not answer: {late}") from None
    return Page(whose, host, url, whole, _short(answers[-1], whole))


def _ask(client: Client, url: str) -> Response:
    return client.request("GET", url, within_seconds=_ANSWER_SECONDS)


def _short(answer: Response, whole: bool) -> str:
    """Return status and media type of an answer, and the digest of its content."""
    about = f"{answer.status} {answer.content_type or 'no-media-type'}"
    return f"{about} {answer.sha256}" if whole else about


def _files_of(swarm: SwarmView, stack: str) -> dict[str, str]:
    """Return path to digest of small files at the top of a stack's volumes."""
    found: dict[str, str] = {}
    try:
        for container in swarm.client.containers.list(filters={"label": f"{STACK_LABEL}={stack}"}):
            for mount in container.attrs["Mounts"]:
                if mount["Type"] == "volume":
                    found.update(_digests(container, mount["Destination"]))
    except (DockerException, CcciError):
        return found
    return dict(sorted(found.items())[-_FILES:])


def _digests(container: Any, folder: str) -> Iterator[tuple[str, str]]:
    for path, content in first_bytes(container, folder, _FILE_BYTES + 1, _VOLUME_BYTES):
        name = path.removeprefix(f"{folder.rstrip('/')}/")
        if len(content) <= _FILE_BYTES and re.fullmatch(r"[\w.-]+", name):
            yield name, hashlib.sha256(content).hexdigest()
