"""Gitea's REST API: people, repositories, issues, hooks.

Every running Gitea describes it at /api/swagger.
Source: https://docs.gitea.com/development/api-usage
"""

import json
import re
import urllib.parse
from dataclasses import dataclass
from typing import Any

from urllib3 import encode_multipart_formdata

from ccci.errors import RecipeFailure
from ccci.web.accounts import Account
from ccci.web.http import Client, Response


@dataclass(frozen=True)
class Repository:
    """A repository: its full name (`owner/name`), and where git clones it from, by Gitea's word."""

    full_name: str
    clone_url: str


@dataclass(frozen=True)
class Issue:
    """An issue as Gitea shows it; `attachments` are file name to address."""

    repository: str
    number: int
    title: str
    body: str
    author: str
    attachments: dict[str, str]


@dataclass(frozen=True)
class Person:
    """A person as Gitea shows them. `login_name` is what a provider of sign-in calls them."""

    number: int
    name: str
    email: str
    source: int
    login_name: str


@dataclass(frozen=True)
class SignInRequest:
    """Where Gitea sends people for sign-in: the provider's page, as whom, and the way back."""

    page: str
    client_id: str
    redirect_uri: str


class Gitea:
    """The API of one Gitea, as one person."""

    def __init__(self, http: Client, url: str, account: Account | None = None) -> None:
        """Take the address and who asks; nobody in particular without an account."""
        self.url = url
        self._http, self._account = http, account

    def version(self) -> str:
        """Return the version that the server says it is."""
        return str(self._call("GET", "/version")["version"])

    def lets_in(self) -> bool:
        """Tell whether the account's name and password are accepted."""
        return self._send("GET", "/user").status == 200

    def make_person(self, account: Account, email: str) -> None:
        """Make an account that can be used at once; for administrators."""
        wanted = {
            "username": account.name,
            "email": email,
            "password": account.password,
            "must_change_password": False,
        }
        self._call("POST", "/admin/users", wanted, expect=201)

    def person(self, name: str) -> Person:
        """Return a person by name; administrators see the source of their sign-in."""
        found = self._call("GET", _path("users", name))
        return Person(
            int(found["id"]),
            str(found["login"]),
            str(found["email"]),
            int(found["source_id"]),
            str(found["login_name"]),
        )

    def has_person(self, name: str) -> bool:
        """Tell whether there is a person of that name."""
        path = _path("users", name)
        answer = self._send("GET", path)
        if answer.status not in (200, 404):
            raise _unexpected("GET", answer, "200 or 404")
        return answer.status == 200

    def sign_in_request(self, source: str) -> SignInRequest:
        """Return where Gitea sends people who choose a source of sign-in."""
        url = f"{self.url}/user/oauth2{_path(source)}"
        answer = self._http.request("GET", url)
        if answer.status != 307:
            raise _unexpected("GET", answer, 307)
        page, _, query = answer.headers["location"].partition("?")
        asked = dict(urllib.parse.parse_qsl(query))
        return SignInRequest(page, asked.get("client_id", ""), asked.get("redirect_uri", ""))

    def make_private_repository(self, owner: str, name: str) -> Repository:
        """Make a private repository with a first commit for somebody; for administrators."""
        wanted = {"name": name, "default_branch": "main", "private": True, "auto_init": True}
        path = "/admin" + _path("users", owner, "repos")
        return _repository(self._call("POST", path, wanted, expect=201))

    def make_repository(self, name: str) -> Repository:
        """Make an empty public repository of one's own."""
        wanted = {"name": name, "default_branch": "main"}
        return _repository(self._call("POST", "/user/repos", wanted, expect=201))

    def repository(self, full_name: str) -> Repository:
        """Return a repository by owner and name, as in `anna/notes`."""
        return _repository(self._call("GET", f"/repos/{full_name}"))

    def head(self, full_name: str, branch: str = "main") -> str:
        """Return the commit that a branch is at, by Gitea's word."""
        found = self._call("GET", f"/repos/{full_name}" + _path("branches", branch))
        return str(found["commit"]["id"])

    def make_issue(self, repository: str, title: str, body: str) -> Issue:
        """Open an issue."""
        wanted = {"title": title, "body": body}
        made = self._call("POST", f"/repos/{repository}/issues", wanted, expect=201)
        return _issue(repository, made)

    def issue(self, repository: str, number: int) -> Issue:
        """Return an issue."""
        return _issue(repository, self._call("GET", f"/repos/{repository}/issues/{number}"))

    def issues(self, repository: str) -> list[Issue]:
        """Return all issues of a repository, open and closed, the oldest first."""
        found = self._call("GET", f"/repos/{repository}/issues?state=all&type=issues")
        return sorted((_issue(repository, one) for one in found), key=lambda one: one.number)

    def delete_issue(self, issue: Issue) -> None:
        """Delete an issue; for administrators."""
        self._call("DELETE", f"/repos/{issue.repository}/issues/{issue.number}", expect=204)

    def attach(self, issue: Issue, name: str, content: bytes) -> None:
        """Attach a file to an issue."""
        fields = {"attachment": (name, content, "application/octet-stream")}
        body, kind = encode_multipart_formdata(fields)
        path = f"/repos/{issue.repository}/issues/{issue.number}/assets"
        answer = self._send("POST", path, body, kind)
        if answer.status != 201:
            raise _unexpected("POST", answer, 201)

    def fetch(self, address: str) -> bytes:
        """Return what an address that Gitea named holds."""
        answer = self._http.request("GET", address, self._authorization())
        if answer.status != 200:
            raise _unexpected("GET", answer, 200)
        return answer.body

    def make_hook(self, repository: str, target: str, authorization: str) -> None:
        """Make a hook that calls an address with a secret header when something is pushed."""
        wanted = {
            "type": "gitea",
            "active": False,
            "events": ["push"],
            "config": {"url": target, "content_type": "json"},
            "authorization_header": authorization,
        }
        self._call("POST", f"/repos/{repository}/hooks", wanted, expect=201)

    def hook_authorizations(self, repository: str) -> list[str]:
        """Return the secret headers of a repository's hooks, decrypted by Gitea for their owner."""
        found = self._call("GET", f"/repos/{repository}/hooks")
        return [str(one["authorization_header"]) for one in found]

    def _call(self, method: str, path: str, content: object = None, expect: int = 200) -> Any:
        body = None if content is None else json.dumps(content).encode()
        answer = self._send(method, path, body, "application/json")
        if answer.status != expect:
            raise _unexpected(method, answer, expect)
        return json.loads(answer.body) if answer.body else None

    def _send(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Response:
        headers = {**self._authorization(), **({"Content-Type": kind} if body else {})}
        return self._http.request(method, f"{self.url}/api/v1{path}", headers, body)

    def _authorization(self) -> dict[str, str]:
        return dict(self._account.headers_for("", "")) if self._account else {}


def password_in(output: str) -> str:
    """Return the password that Gitea's own command made and printed.

    Raises:
        RecipeFailure: there is none in its output.
    """
    found = re.search(r"generated random password is '([^']+)'", output)
    if not found:
        raise RecipeFailure(f"Expected a new account's password; it said: {output.strip()[-500:]}")
    return found.group(1)


def _path(*parts: str) -> str:
    return "".join(f"/{urllib.parse.quote(part, safe='')}" for part in parts)


def _repository(content: dict[str, Any]) -> Repository:
    return Repository(str(content["full_name"]), str(content["clone_url"]))


def _issue(repository: str, content: dict[str, Any]) -> Issue:
    attached = content.get("assets") or []
    return Issue(
        repository,
        int(content["number"]),
        str(content["title"]),
        str(content["body"]),
        str(content["user"]["login"]),
        {str(one["name"]): str(one["browser_download_url"]) for one in attached},
    )


def _unexpected(method: str, answer: Response, expected: int | str) -> RecipeFailure:
    return RecipeFailure(
        f"Expected {method} {answer.url} to answer {expected}; it was {answer.status}: "
        f"{answer.text.strip()[:300]!r}"
    )
