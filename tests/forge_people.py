"""People at the lab's real forge: an organisation of their own, pull requests, comments.

One administrator's token acts for each of them (Gitea's `Sudo` header), so that nobody here has a
password. Used by the tests of the loop and by `make demo-pr`.
"""

import base64
import json
import secrets
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ccci.loop.forge import Forge
from ccci.loop.settings import ForgeSettings, load_forge_settings, read_secret
from ccci.node.server import Server, load_server
from ccci.node.state import state_dir
from ccci.web.http import Client

TEAM_RIGHTS = {
    "name": "bots",
    "permission": "admin",
    "includes_all_repositories": True,
    "can_create_org_repo": True,
}


@dataclass(frozen=True)
class ForgePeople:
    """An organisation on the lab's forge.

    Attributes:
        settings: of the loop, for this organisation.
        maintainer: may write to its repositories.
        stranger: may read them, and no more.
    """

    settings: ForgeSettings
    maintainer: str
    stranger: str

    @classmethod
    def make(cls, organisation: str = "", **settings: Any) -> Self:
        """Have an organisation with a bot, a maintainer and a stranger.

        Args:
            organisation: its name; one of its own for each call, where none is given.
            settings: of the loop, where they differ from the lab's.
        """
        own = organisation or f"test-{secrets.token_hex(4)}"
        known = load_forge_settings()
        site = cls(
            known.model_copy(update={"organisation": own, **settings}), "maintainer", "stranger"
        )
        if site.ask("GET", f"/orgs/{own}", may=(404,)) is None:
            site.ask("POST", "/orgs", {"username": own, "visibility": "private"})
        site._have_team(TEAM_RIGHTS, site.settings.user)
        for user, right in ((site.maintainer, "write"), (site.stranger, "read")):
            if site.ask("GET", f"/users/{user}", may=(404,)) is None:
                site.ask(
                    "POST",
                    "/admin/users",
                    {
                        "username": user,
                        "email": f"{user}@{load_server().domain}",
                        "password": secrets.token_urlsafe(24),
                        "must_change_password": False,
                    },
                )
            rights = {"name": f"{right}rs", "permission": right, "includes_all_repositories": True}
            rights["units"] = ["repo.code", "repo.issues", "repo.pulls"]
            # The loop's own account, too: who is in a team is told to its members only.
            site._have_team(rights, user, site.settings.user)
        return site

    @property
    def organisation(self) -> str:
        """The organisation's name."""
        return self.settings.organisation

    def forge(self) -> Forge:
        """Return the loop's own client of it."""
        return Forge(self.settings, load_server())

    def remove(self) -> None:
        """Remove the organisation with its repositories."""
        for repository in self.ask("GET", f"/orgs/{self.organisation}/repos?limit=50"):
            self.ask("DELETE", f"/repos/{repository['full_name']}")
        self.ask("DELETE", f"/orgs/{self.organisation}")

    def open_pull_request(
        self, repository: str, title: str, files: Mapping[str, str], user: str = ""
    ) -> int:
        """Change files on a branch of its own and open a pull request; return its number.

        Args:
            repository: its name.
            title: of the pull request, and of the commit.
            files: path to new content.
            user: who does it; the maintainer, where nobody is named.
        """
        branch = f"change-{secrets.token_hex(4)}"
        base = str(self.ask("GET", self._at(repository))["default_branch"])
        self.change(repository, base, title, files, user, new_branch=branch)
        fields = {"title": title, "head": branch, "base": base}
        found = self.ask("POST", self._at(repository, "pulls"), fields, user or self.maintainer)
        return int(found["number"])

    def push(self, repository: str, number: int, title: str, files: Mapping[str, str]) -> str:
        """Push one more commit to a pull request; return its hash."""
        pull = self.ask("GET", self._at(repository, "pulls", number))
        return self.change(repository, pull["head"]["ref"], title, files)

    def change(
        self,
        repository: str,
        branch: str,
        title: str,
        files: Mapping[str, str],
        user: str = "",
        new_branch: str = "",
    ) -> str:
        """Commit new contents of files; return the commit's hash."""
        changes = []
        for path, text in files.items():
            known = self._ask_content(repository, branch, path)
            changes.append(
                {
                    "operation": "update" if known else "create",
                    "path": path,
                    "content": base64.b64encode(text.encode()).decode(),
                    **({"sha": known["sha"]} if known else {}),
                }
            )
        fields = {"branch": branch, "message": title, "files": changes}
        if new_branch:
            fields["new_branch"] = new_branch
        path = self._at(repository, "contents")
        return str(self.ask("POST", path, fields, user or self.maintainer)["commit"]["sha"])

    def content(self, repository: str, path: str, branch: str = "") -> str:
        """Return a file's text."""
        found = self._ask_content(repository, branch, path)
        return base64.b64decode(found["content"]).decode()

    def say(self, repository: str, number: int, words: str, user: str = "") -> int:
        """Comment in a pull request; return the comment's number."""
        path = self._at(repository, "issues", number, "comments")
        return int(self.ask("POST", path, {"body": words}, user or self.maintainer)["id"])

    def said(self, repository: str, number: int) -> list[dict[str, Any]]:
        """Return the comments that the loop wrote in a pull request."""
        found = self.ask("GET", self._at(repository, "issues", number, "comments"))
        return [one for one in found if one["user"]["login"] == self.settings.user]

    def remove_comment(self, repository: str, comment: int) -> None:
        """Remove a comment, whoever wrote it."""
        self.ask("DELETE", self._at(repository, "issues", "comments", comment))

    def statuses(self, repository: str, commit: str) -> dict[str, str]:
        """Return the commit's statuses: context to state."""
        found = self.ask("GET", self._at(repository, "commits", commit, "status"))
        return {one["context"]: one["status"] for one in found.get("statuses") or []}

    def dashboard(self, page: str) -> str:
        """Return a page of the dashboard, as the lab's web server gives it."""
        answer = Client(self._trusting()).request("GET", f"{self.settings.dashboard}/{page}")
        assert answer.status == 200, f"{answer.url}: {answer.status}"
        return answer.text

    def ask(
        self,
        method: str,
        path: str,
        fields: Mapping[str, Any] | None = None,
        user: str = "",
        may: tuple[int, ...] = (),
    ) -> Any:
        """Call the forge's API as its administrator, or for a user.

        Args:
            method: of HTTP.
            path: below /api/v1.
            fields: sent as JSON.
            user: for whom.
            may: statuses for which None is returned.
        """
        token = read_secret(state_dir() / "lab" / "forge-admin-token", "administrator")
        headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        if user:
            headers["Sudo"] = user
        body = None if fields is None else json.dumps(fields).encode()
        url = f"{self.settings.url}/api/v1{path}"
        answer = Client(self._trusting()).request(method, url, headers, body)
        if answer.status in may:
            return None
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.text[:300]}"
        return json.loads(answer.body) if answer.body else None

    def _trusting(self) -> Server:
        return load_server().model_copy(update={"ca_bundle": self.settings.ca_bundle})

    def _ask_content(self, repository: str, branch: str, path: str) -> Any:
        words = self._at(repository, "contents", *path.split("/"))
        query = f"?{urllib.parse.urlencode({'ref': branch})}" if branch else ""
        return self.ask("GET", f"{words}{query}", may=(404,))

    def _have_team(self, rights: Mapping[str, Any], *users: str) -> None:
        teams = self.ask("GET", f"/orgs/{self.organisation}/teams")
        team = next((one for one in teams if one["name"] == rights["name"]), None)
        team = team or self.ask("POST", f"/orgs/{self.organisation}/teams", rights)
        for user in users:
            self.ask("PUT", f"/teams/{team['id']}/members/{user}")

    def _at(self, repository: str, *parts: str | int) -> str:
        words = ["repos", self.organisation, repository, *parts]
        return "".join(f"/{urllib.parse.quote(str(word), safe='')}" for word in words)
