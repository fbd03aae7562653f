"""Users of the lab's real forge: an organisation of their own, pull requests, comments.

An administrator's token acts for each of them (Gitea's `Sudo` header), so none needs a password.
Used by the tests of the loop and by `make demo-pr`.
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
        settings: the settings of the loop for this organisation.
        maintainer: a user with write access to its repositories.
        reader: a user who can only read them.
    """

    settings: ForgeSettings
    maintainer: str
    reader: str

    @classmethod
    def make(cls, organisation: str = "", **settings: Any) -> Self:
        """Create an organisation with a bot, a maintainer and a reader, as far as it is missing.

        Args:
            organisation: its name; by default a new one for each call.
            settings: settings of the loop that differ from the lab's.
        """
        own = organisation or f"test-{secrets.token_hex(4)}"
        known = load_forge_settings()
        site = cls(
            known.model_copy(update={"organisation": own, **settings}), "maintainer", "reader"
        )
        if site.ask("GET", f"/orgs/{own}", may=(404,)) is None:
            site.ask("POST", "/orgs", {"username": own, "visibility": "private"})
        site._ensure_team(TEAM_RIGHTS, site.settings.user)
        for user, right in ((site.maintainer, "write"), (site.reader, "read")):
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
            # The loop's own account too, because only members of a team can see who is in it.
            site._ensure_team(rights, user, site.settings.user)
        return site

    @property
    def organisation(self) -> str:
        """The name of the organisation."""
        return self.settings.organisation

    def forge(self) -> Forge:
        """Return the loop's client for it."""
        return Forge(self.settings, load_server())

    def remove(self) -> None:
        """Delete the organisation with its repositories."""
        for repository in self.ask("GET", f"/orgs/{self.organisation}/repos?limit=50"):
            self.ask("DELETE", f"/repos/{repository['full_name']}")
        self.ask("DELETE", f"/orgs/{self.organisation}")

    def open_pull_request(
        self, repository: str, title: str, files: Mapping[str, str], user: str = ""
    ) -> int:
        """Change files on a new branch and open a pull request; return its number.

        Args:
            repository: the name of the repository.
            title: the title of the pull request and of the commit.
            files: the new content of each file, by its path.
            user: the author; by default the maintainer.
        """
        branch = f"change-{secrets.token_hex(4)}"
        base = str(self.ask("GET", self._at(repository))["default_branch"])
        self.change(repository, base, title, files, user, new_branch=branch)
        fields = {"title": title, "head": branch, "base": base}
        found = self.ask("POST", self._at(repository, "pulls"), fields, user or self.maintainer)
        return int(found["number"])

    def push(self, repository: str, number: int, title: str, files: Mapping[str, str]) -> str:
        """Push one more commit to a pull request; return the commit."""
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
        """Commit new contents of files; return the commit."""
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
        """Return the text of a file."""
        found = self._ask_content(repository, branch, path)
        return base64.b64decode(found["content"]).decode()

    def comment(self, repository: str, number: int, text: str, user: str = "") -> int:
        """Comment on a pull request; return the id of the comment."""
        path = self._at(repository, "issues", number, "comments")
        return int(self.ask("POST", path, {"body": text}, user or self.maintainer)["id"])

    def loop_comments(self, repository: str, number: int) -> list[dict[str, Any]]:
        """Return the loop's comments on a pull request."""
        found = self.ask("GET", self._at(repository, "issues", number, "comments"))
        return [one for one in found if one["user"]["login"] == self.settings.user]

    def remove_comment(self, repository: str, comment: int) -> None:
        """Delete a comment of any author."""
        self.ask("DELETE", self._at(repository, "issues", "comments", comment))

    def statuses(self, repository: str, commit: str) -> dict[str, str]:
        """Return the state of each status of a commit, by its context."""
        found = self.ask("GET", self._at(repository, "commits", commit, "status"))
        return {one["context"]: one["status"] for one in found.get("statuses") or []}

    def dashboard(self, page: str) -> str:
        """Return a page of the dashboard from the lab's web server."""
        response = Client(self._server()).request("GET", f"{self.settings.dashboard}/{page}")
        assert response.status == 200, f"{response.url}: {response.status}"
        return response.text

    def ask(
        self,
        method: str,
        path: str,
        fields: Mapping[str, Any] | None = None,
        user: str = "",
        may: tuple[int, ...] = (),
    ) -> Any:
        """Call the forge's API as its administrator, or as a user.

        Args:
            method: the HTTP method.
            path: the path below /api/v1.
            fields: sent as JSON.
            user: the user to act as; "" for the administrator.
            may: error statuses for which None is returned.
        """
        token = read_secret(state_dir() / "lab" / "forge-admin-token", "administrator")
        headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        if user:
            headers["Sudo"] = user
        body = None if fields is None else json.dumps(fields).encode()
        url = f"{self.settings.url}/api/v1{path}"
        response = Client(self._server()).request(method, url, headers, body)
        if response.status in may:
            return None
        assert response.status < 300, f"{method} {path}: {response.status} {response.text[:300]}"
        return json.loads(response.body) if response.body else None

    def _server(self) -> Server:
        return load_server().model_copy(update={"ca_bundle": self.settings.ca_bundle})

    def _ask_content(self, repository: str, branch: str, path: str) -> Any:
        contents = self._at(repository, "contents", *path.split("/"))
        query = f"?{urllib.parse.urlencode({'ref': branch})}" if branch else ""
        return self.ask("GET", f"{contents}{query}", may=(404,))

    def _ensure_team(self, rights: Mapping[str, Any], *users: str) -> None:
        teams = self.ask("GET", f"/orgs/{self.organisation}/teams")
        team = next((one for one in teams if one["name"] == rights["name"]), None)
        team = team or self.ask("POST", f"/orgs/{self.organisation}/teams", rights)
        for user in users:
            self.ask("PUT", f"/teams/{team['id']}/members/{user}")

    def _at(self, repository: str, *parts: str | int) -> str:
        segments = ["repos", self.organisation, repository, *parts]
        return "".join(f"/{urllib.parse.quote(str(one), safe='')}" for one in segments)
