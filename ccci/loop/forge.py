"""A client of the API that Gitea and Forgejo share (`/api/v1`), as far as the loop needs it."""

import json
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from urllib3.filepost import encode_multipart_formdata

from ccci.errors import CcciError, NodeFailure
from ccci.loop.settings import ForgeSettings
from ccci.node.server import Server
from ccci.web.http import Client, Response

_PAGE = 50
_SECONDS = 30.0
_MAY_WRITE = ("write", "admin", "owner")


class ForgeUnreachable(NodeFailure):
    """The forge did not answer, or said that it cannot now: to be tried again later."""


class ForgeRefused(NodeFailure):
    """The forge answered that it will not do this.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, words: str, status: int) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True)
class Comment:
    """A comment in a conversation.

    Attributes:
        id: the forge's number of it.
        author: who wrote it.
        body: its text.
        created: ISO time of its writing.
        updated: ISO time of its last change.
        pull_request: the number of the pull request that it stands in; 0 in an issue.
        url: its page.
    """

    id: int
    author: str
    body: str
    created: str
    updated: str
    pull_request: int
    url: str


@dataclass(frozen=True)
class PullRequest:
    """A pull request at one moment.

    Attributes:
        number: its number.
        head: the full hash of its head.
        is_open: neither merged nor closed.
    """

    number: int
    head: str
    is_open: bool


@dataclass(frozen=True)
class Attachment:
    """A file at a comment."""

    id: int
    name: str
    url: str


class Forge:
    """One organisation on one forge, seen with one token."""

    def __init__(self, settings: ForgeSettings, server: Server, token: str = "") -> None:
        """Take the forge; the names of `server` lead there where DNS does not yet.

        Args:
            settings: which forge and organisation.
            server: for its map of names.
            token: another one than the settings name.
        """
        self.settings = settings
        # Names as the server has them, trust as the forge needs it: for git, too.
        self.trust = server.model_copy(update={"ca_bundle": settings.ca_bundle})
        self._client = Client(self.trust)
        self._token = token or settings.token()

    def repositories(self) -> list[str]:
        """Return the names of the organisation's repositories."""
        found = self._pages(f"/orgs/{_quoted(self.settings.organisation)}/repos")
        return sorted(str(one["name"]) for one in found if not one.get("archived"))

    def default_branch(self, repository: str) -> str | None:
        """Return the repository's default branch; None where there is no such repository."""
        found = self._may("GET", self._at(repository))
        return None if found is None else str(found["default_branch"])

    def is_empty(self, repository: str) -> bool:
        """Tell whether the forge knows no commit of a repository, or not yet."""
        return bool(self._json("GET", self._at(repository))["empty"])

    def branch_head(self, repository: str, branch: str) -> str:
        """Return the full hash of a branch's head."""
        path = self._at(repository, "branches", branch)
        return str(self._json("GET", path)["commit"]["id"])

    def create_repository(self, repository: str, private: bool = True) -> None:
        """Make an empty repository in the organisation.

        Raises:
            ForgeRefused: it exists (409), or the token may not.
        """
        path = f"/orgs/{_quoted(self.settings.organisation)}/repos"
        self._json("POST", path, {"name": repository, "private": private, "auto_init": False})

    def remove_repository(self, repository: str) -> None:
        """Remove a repository with all that is in it."""
        self._json("DELETE", self._at(repository))

    def comments_since(self, repository: str, since: str) -> list[Comment]:
        """Return the comments in pull requests that were written or changed since a time.

        Args:
            repository: its name.
            since: ISO time.
        """
        query = {"since": since}
        found = self._pages(self._at(repository, "issues", "comments"), query)
        return [comment for comment in map(_comment, found) if comment.pull_request]

    def comments_of(self, repository: str, number: int) -> list[Comment]:
        """Return all comments in one pull request or issue, the oldest first."""
        found = self._json("GET", self._at(repository, "issues", number, "comments"))
        return [_comment(one) for one in found]

    def pull_request(self, repository: str, number: int) -> PullRequest:
        """Return a pull request as it is now."""
        found = self._json("GET", self._at(repository, "pulls", number))
        return PullRequest(number, str(found["head"]["sha"]), found["state"] == "open")

    def may_write(self, repository: str, user: str) -> bool:
        """Tell whether a user may push to a repository.

        The forge's word on a user counts only the rights of whole teams. Where a team has rights
        by topic (code, issues, ...), its right to code is what decides; who is in it, the forge
        tells its members only.

        Raises:
            ForgeRefused: our account is in no such team and cannot see who is.
        """
        path = self._at(repository, "collaborators", user, "permission")
        found = self._may("GET", path)
        if found is None:
            return False
        if found["permission"] in _MAY_WRITE:
            return True
        return any(
            self._may("GET", f"/teams/{team['id']}/members/{_quoted(user)}") is not None
            for team in self._json("GET", self._at(repository, "teams"))
            if team["permission"] not in _MAY_WRITE
            and (team.get("units_map") or {}).get("repo.code") in _MAY_WRITE
        )

    def comment(self, repository: str, number: int, body: str) -> Comment:
        """Write a comment into a pull request."""
        path = self._at(repository, "issues", number, "comments")
        return _comment(self._json("POST", path, {"body": body}))

    def edit_comment(self, repository: str, comment: int, body: str) -> None:
        """Replace a comment's text.

        Raises:
            ForgeRefused: with status 404, where somebody removed it.
        """
        self._json("PATCH", self._at(repository, "issues", "comments", comment), {"body": body})

    def attachments(self, repository: str, comment: int) -> list[Attachment]:
        """Return the files at a comment."""
        found = self._json("GET", self._at(repository, "issues", "comments", comment, "assets"))
        return [_attachment(one) for one in found]

    def attach(self, repository: str, comment: int, name: str, content: bytes) -> Attachment:
        """Attach a file to a comment.

        Raises:
            ForgeRefused: the forge does not take files of this kind or size.
        """
        path = self._at(repository, "issues", "comments", comment, "assets")
        body, kind = encode_multipart_formdata({"attachment": (name, content)})
        found = self._read(self._send("POST", path, body, {"Content-Type": kind}))
        return _attachment(found)

    def detach(self, repository: str, comment: int, attachment: int) -> None:
        """Remove a file from a comment."""
        path = self._at(repository, "issues", "comments", comment, "assets", attachment)
        self._json("DELETE", path)

    def set_status(
        self, repository: str, commit: str, state: str, description: str, context: str, url: str
    ) -> None:
        """Set one of a commit's statuses.

        Args:
            repository: its name.
            commit: the full hash.
            state: pending, success, failure or error.
            description: one line.
            context: which of the commit's statuses.
            url: where it leads, or "".
        """
        fields = {
            "state": state,
            "description": description,
            "context": context,
            "target_url": url,
        }
        self._json("POST", self._at(repository, "statuses", commit), fields)

    def try_scope(self, scope: str, repository: str) -> None:
        """Find out whether the token has a scope, by a request that the forge cannot carry out.

        Args:
            scope: write:issue, write:repository or write:organization.
            repository: one of the organisation's.

        Raises:
            ForgeRefused: with status 401 or 403, where it has not.
        """
        organisation = _quoted(self.settings.organisation)
        # No comment has the number 0, and a branch or a repository needs a name.
        method, path, fields = {
            "write:issue": ("PATCH", self._at(repository, "issues", "comments", 0), {"body": "x"}),
            "write:repository": ("POST", self._at(repository, "branches"), {}),
            "write:organization": ("POST", f"/orgs/{organisation}/repos", {"name": ""}),
        }[scope]
        try:
            self._json(method, path, fields)
        except ForgeRefused as refused:
            if refused.status in (401, 403):
                raise

    def clone_url(self, repository: str) -> str:
        """Return the address to clone a repository from, without credentials."""
        organisation = _quoted(self.settings.organisation)
        return f"{self.settings.url}/{organisation}/{_quoted(repository)}.git"

    def _at(self, repository: str, *parts: str | int) -> str:
        words = ["repos", self.settings.organisation, repository, *parts]
        return "".join(f"/{_quoted(str(word))}" for word in words)

    def _pages(self, path: str, query: Mapping[str, str] | None = None) -> Iterator[Any]:
        page = 1
        while True:
            words = urllib.parse.urlencode({**(query or {}), "limit": _PAGE, "page": page})
            found = self._json("GET", f"{path}?{words}")
            yield from found
            if len(found) < _PAGE:
                return
            page += 1

    def _may(self, method: str, path: str) -> Any:
        """Call the API for something that may not be there; None where it is not."""
        try:
            return self._json(method, path)
        except ForgeRefused as refused:
            if refused.status == 404:
                return None
            raise

    def _json(self, method: str, path: str, fields: Mapping[str, Any] | None = None) -> Any:
        body = None if fields is None else json.dumps(fields).encode()
        return self._read(self._send(method, path, body, {"Content-Type": "application/json"}))

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Response:
        url = f"{self.settings.url}/api/v1{path}"
        known = {"Authorization": f"token {self._token}", "Accept": "application/json"}
        try:
            answer = self._client.request(method, url, {**known, **headers}, body, _SECONDS)
        except CcciError as error:
            raise ForgeUnreachable(f"The forge does not answer: {error}") from None
        where = f"{method} {url.partition('?')[0]}"
        # A proxy answers 404 for an app that is away; the forge itself answers in JSON.
        away = answer.status == 404 and "json" not in answer.content_type
        if answer.status >= 500 or answer.status == 429 or away:
            raise ForgeUnreachable(f"The forge cannot answer now: {answer.status} to {where}.")
        if answer.status >= 300:
            words = _words_of(answer)
            raise ForgeRefused(f"The forge refused {where}: {answer.status} {words}", answer.status)
        return answer

    def _read(self, answer: Response) -> Any:
        if not answer.body:
            return None
        try:
            return json.loads(answer.body)
        except ValueError:
            raise ForgeUnreachable(f"{answer.url} answered no JSON: is it a forge?") from None


def _quoted(word: str) -> str:
    return urllib.parse.quote(word, safe="")


def _words_of(answer: Response) -> str:
    try:
        return str(json.loads(answer.body).get("message", ""))[:200]
    except (ValueError, AttributeError):
        return " ".join(answer.text.split())[:200]


def _comment(found: Any) -> Comment:
    """Read a comment; the forge gives the pull request's page and not its number."""
    number = str(found.get("pull_request_url") or "").rpartition("/")[2]
    return Comment(
        int(found["id"]),
        str((found.get("user") or {}).get("login", "")),
        str(found["body"]),
        str(found["created_at"]),
        str(found["updated_at"]),
        int(number) if number.isdecimal() else 0,
        str(found.get("html_url", "")),
    )


def _attachment(found: Any) -> Attachment:
    return Attachment(int(found["id"]), str(found["name"]), str(found["browser_download_url"]))
