"""A client for the API of Gitea and Forgejo (`/api/v1`), with the calls that the loop needs."""

import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from urllib3.filepost import encode_multipart_formdata

from ccci.errors import CcciError, NodeFailure
from ccci.loop import forge_answers as answers
from ccci.loop.settings import ForgeSettings
from ccci.node.server import Server
from ccci.printable import encodable
from ccci.web.http import Client, Response
from ccci.web.limits import TooLarge

_PAGE = 50
# 10,000 comments, repositories or commits: a forge that says there are more is not to be believed.
_MOST_PAGES = 200
_SECONDS = 30.0
# The time is for the whole of a request: a log that is uploaded needs more of it.
_BYTES_PER_SECOND = 100_000
_T = TypeVar("_T")
_MAY_WRITE = ("write", "admin", "owner")


class ForgeUnreachable(NodeFailure):
    """The forge cannot be reached at the moment; try again later."""


class ForgeRefused(NodeFailure):
    """The forge refused a request.

    Attributes:
        status: the HTTP status; 0 for a git push.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class StrangeAnswer(ForgeRefused):
    """The forge answered one request with something that cannot be used."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 0)


@dataclass(frozen=True)
class Comment:
    """A comment on a pull request or an issue.

    Attributes:
        id: its id on the forge.
        author: its author.
        body: its text.
        created: when it was written, as ISO time.
        updated: when it was last changed, as ISO time.
        pull_request: the number of its pull request; 0 for an issue.
        url: its URL.
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
    """A pull request as it is now.

    Attributes:
        number: its number.
        commit: the full hash of its newest commit.
        is_open: whether it is neither merged nor closed.
    """

    number: int
    commit: str
    is_open: bool


@dataclass(frozen=True)
class Attachment:
    """A file that is attached to a comment."""

    id: int
    name: str
    url: str


class Forge:
    """One organisation on one forge, accessed with one token."""

    def __init__(self, settings: ForgeSettings, server: Server, token: str = "") -> None:
        """Create a client; nothing is requested yet.

        Args:
            settings: the forge and the organisation.
            server: its `names` replace DNS.
            token: used instead of the one in the settings.
        """
        self.settings = settings
        # The names of the server, with the certificates of the forge. git uses this as well.
        self.trust = server.model_copy(update={"ca_bundle": settings.ca_bundle})
        self._client = Client(self.trust)
        self._token = token or settings.token()

    def repositories(self) -> list[str]:
        """Return the names of the organisation's repositories."""
        path = f"/orgs/{_quoted(self.settings.organisation)}/repos"
        found = self._pages(path, answers.RepositoryAnswer)
        return sorted(one.name for one in found if not one.archived)

    def default_branch(self, repository: str) -> str | None:
        """Return the repository's default branch; None if there is no such repository."""
        found = self._get_or_none(self._path(repository), answers.RepositoryAnswer)
        return None if found is None else found.default_branch

    def is_empty(self, repository: str) -> bool:
        """Return whether a repository has no commits; a new push is visible after a moment only."""
        return self._get(self._path(repository), answers.RepositoryAnswer).empty

    def branch_commit(self, repository: str, branch: str) -> str:
        """Return the full hash of a branch's newest commit."""
        path = self._path(repository, "branches", branch)
        return self._get(path, answers.BranchAnswer).commit.id

    def create_repository(self, repository: str, private: bool = True) -> None:
        """Create an empty repository in the organisation.

        Raises:
            ForgeRefused: it exists (409), or the token has no permission.
        """
        path = f"/orgs/{_quoted(self.settings.organisation)}/repos"
        self._json("POST", path, {"name": repository, "private": private, "auto_init": False})

    def remove_repository(self, repository: str) -> None:
        """Delete a repository."""
        self._json("DELETE", self._path(repository))

    def comments_since(self, repository: str, since: str) -> list[Comment]:
        """Return the comments on pull requests that were written or changed since a time.

        Args:
            repository: the name of the repository.
            since: the time, in ISO format.
        """
        path = self._path(repository, "issues", "comments")
        found = self._pages(path, answers.CommentAnswer, {"since": since})
        return [comment for comment in map(_comment, found) if comment.pull_request]

    def comments_of(self, repository: str, number: int) -> list[Comment]:
        """Return all comments on one pull request or issue, oldest first."""
        path = self._path(repository, "issues", number, "comments")
        return [_comment(one) for one in self._get(path, list[answers.CommentAnswer])]

    def pull_request(self, repository: str, number: int) -> PullRequest:
        """Return a pull request as it is now."""
        found = self._get(self._path(repository, "pulls", number), answers.PullRequestAnswer)
        return PullRequest(number, found.head.sha, found.state == "open")

    def commits_of(self, repository: str, number: int) -> list[str]:
        """Return the full hash of each commit of a pull request, as its branch is now."""
        path = self._path(repository, "pulls", number, "commits")
        return [one.sha for one in self._pages(path, answers.CommitAnswer)]

    def may_write(self, repository: str, user: str) -> bool:
        """Return whether a user has write access to the code of a repository.

        The API's answer does not include teams with permissions for single units (code, issues,
        ...). For such a team, its permission for code counts. Only members of the team can see who
        is in it.

        Raises:
            ForgeRefused: the loop's account is not in such a team and cannot see its members.
        """
        path = self._path(repository, "collaborators", user, "permission")
        found = self._get_or_none(path, answers.PermissionAnswer)
        if found is None:
            return False
        if found.permission in _MAY_WRITE:
            return True
        return any(
            self._get_or_none(f"/teams/{team.id}/members/{_quoted(user)}", answers.User) is not None
            for team in self._get(self._path(repository, "teams"), list[answers.TeamAnswer])
            if team.permission not in _MAY_WRITE
            and (team.units_map or {}).get("repo.code") in _MAY_WRITE
        )

    def comment(self, repository: str, number: int, body: str) -> Comment:
        """Comment on a pull request."""
        path = self._path(repository, "issues", number, "comments")
        return _comment(self._read(self._json("POST", path, {"body": body}), answers.CommentAnswer))

    def edit_comment(self, repository: str, comment: int, body: str) -> None:
        """Replace the text of a comment.

        Raises:
            ForgeRefused: with status 404 if somebody has deleted it.
        """
        self._json("PATCH", self._path(repository, "issues", "comments", comment), {"body": body})

    def attachments(self, repository: str, comment: int) -> list[Attachment]:
        """Return the files that are attached to a comment."""
        path = self._path(repository, "issues", "comments", comment, "assets")
        return [_attachment(one) for one in self._get(path, list[answers.AttachmentAnswer])]

    def attach(self, repository: str, comment: int, name: str, content: bytes) -> Attachment:
        """Attach a file to a comment.

        Raises:
            ForgeRefused: the forge does not accept files of this type or size.
        """
        path = self._path(repository, "issues", "comments", comment, "assets")
        body, kind = encode_multipart_formdata({"attachment": (name, content)})
        response = self._send("POST", path, body, {"Content-Type": kind})
        return _attachment(self._read(response, answers.AttachmentAnswer))

    def detach(self, repository: str, comment: int, attachment: int) -> None:
        """Remove an attached file from a comment."""
        path = self._path(repository, "issues", "comments", comment, "assets", attachment)
        self._json("DELETE", path)

    def set_status(
        self, repository: str, commit: str, state: str, description: str, context: str, url: str
    ) -> None:
        """Set a status of a commit.

        Args:
            repository: the name of the repository.
            commit: the full hash of the commit.
            state: pending, success, failure or error.
            description: one line.
            context: the name of the status; a commit has one status for each context.
            url: the link of the status, or "".
        """
        fields = {
            "state": state,
            "description": description,
            "context": context,
            "target_url": url,
        }
        self._json("POST", self._path(repository, "statuses", commit), fields)

    def check_scope(self, scope: str, repository: str) -> None:
        """Check that the token has a scope, with a request that changes nothing.

        Args:
            scope: write:issue, write:repository or write:organization.
            repository: any repository of the organisation.

        Raises:
            ForgeRefused: with status 401 or 403 if the token does not have the scope.
        """
        organisation = _quoted(self.settings.organisation)
        # The forge cannot carry these out: no comment has the id 0, and a name must not be empty.
        method, path, fields = {
            "write:issue": (
                "PATCH",
                self._path(repository, "issues", "comments", 0),
                {"body": "x"},
            ),
            "write:repository": ("POST", self._path(repository, "branches"), {}),
            "write:organization": ("POST", f"/orgs/{organisation}/repos", {"name": ""}),
        }[scope]
        try:
            self._json(method, path, fields)
        except ForgeRefused as refused:
            if refused.status in (401, 403):
                raise

    def clone_url(self, repository: str) -> str:
        """Return the URL to clone a repository from, without credentials."""
        organisation = _quoted(self.settings.organisation)
        return f"{self.settings.url}/{organisation}/{_quoted(repository)}.git"

    def _path(self, repository: str, *parts: str | int) -> str:
        segments = ["repos", self.settings.organisation, repository, *parts]
        return "".join(f"/{_quoted(str(segment))}" for segment in segments)

    def _pages(
        self, path: str, kind: type[_T], query: Mapping[str, str] | None = None
    ) -> Iterator[_T]:
        for page in range(1, _MOST_PAGES + 1):
            parameters = urllib.parse.urlencode({**(query or {}), "limit": _PAGE, "page": page})
            found = self._get(f"{path}?{parameters}", list[kind])  # type: ignore[valid-type]
            yield from found
            if len(found) < _PAGE:
                return
        raise StrangeAnswer(f"The forge has more than {_MOST_PAGES} pages of {path}.")

    def _get(self, path: str, kind: type[_T]) -> _T:
        return self._read(self._json("GET", path), kind)

    def _get_or_none(self, path: str, kind: type[_T]) -> _T | None:
        """Get something that may not exist; None if it does not."""
        try:
            return self._get(path, kind)
        except ForgeRefused as refused:
            if refused.status == 404:
                return None
            raise

    def _json(self, method: str, path: str, fields: Mapping[str, Any] | None = None) -> Response:
        body = None if fields is None else json.dumps(fields).encode()
        return self._send(method, path, body, {"Content-Type": "application/json"})

    def _send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Response:
        url = f"{self.settings.url}/api/v1{path}"
        seconds = _SECONDS + len(body or b"") / _BYTES_PER_SECOND
        common = {"Authorization": f"token {self._token}", "Accept": "application/json"}
        try:
            response = self._client.request(method, url, {**common, **headers}, body, seconds)
        except TooLarge as error:
            raise StrangeAnswer(f"The forge's answer cannot be used: {error}") from None
        except CcciError as error:
            raise ForgeUnreachable(f"The forge does not answer: {error}") from None
        where, status = f"{method} {url.partition('?')[0]}", response.status
        # A proxy answers 404 for an app that is down; a 404 of the forge itself is in JSON.
        is_down = status == 404 and "json" not in response.content_type
        if status >= 500 or status == 429 or is_down:
            raise ForgeUnreachable(f"The forge is not available: it answered {status} to {where}.")
        if status >= 300:
            message = _message_of(response)
            raise ForgeRefused(f"The forge refused {where}: {status} {message}", status)
        return response

    def _read(self, response: Response, kind: type[_T]) -> _T:
        where = response.url.partition("?")[0]
        found = read_json(response.body, where)
        try:
            return _reader(kind).validate_python(found)  # type: ignore[no-any-return, arg-type]
        except (ValidationError, RecursionError) as error:
            raise StrangeAnswer(
                f"{where} did not answer as Gitea and Forgejo do: {_first_problem(error)}."
            ) from None


def read_json(body: bytes, url: str) -> Any:
    """Return the content of an answer; its texts can be stored and sent.

    Args:
        body: the answer.
        url: where it is from, for the message.

    Raises:
        ForgeUnreachable: it is not JSON.

    Example:
        >>> read_json(b'{"id": 1}', "https://forge.test")
        {'id': 1}
    """
    try:
        return encodable(json.loads(body))
    except (ValueError, RecursionError):
        raise ForgeUnreachable(f"{url} did not answer with JSON. Is it a forge?") from None


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _first_problem(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return "it is nested too deep"
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the answer'}: {first['msg']}"


def _quoted(segment: str) -> str:
    return urllib.parse.quote(segment, safe="")


def _message_of(response: Response) -> str:
    try:
        return str(json.loads(response.body).get("message", ""))[:200]
    except (ValueError, AttributeError, RecursionError):
        return " ".join(response.text.split())[:200]


def _comment(found: answers.CommentAnswer) -> Comment:
    """Read a comment; the API has the URL of its pull request, but not the number."""
    number = (found.pull_request_url or "").rpartition("/")[2]
    return Comment(
        found.id,
        found.user.login if found.user else "",
        found.body,
        found.created_at,
        found.updated_at,
        int(number) if re.fullmatch("[0-9]{1,9}", number) else 0,
        found.html_url,
    )


def _attachment(found: answers.AttachmentAnswer) -> Attachment:
    return Attachment(found.id, found.name, found.browser_download_url)
