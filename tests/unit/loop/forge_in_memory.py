"""A forge in memory, to change something between two requests of the loop.

Tests with a real forge are in tests/lab. Here a comment can be deleted between two calls.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from ccci.loop.forge import Attachment, Comment, Forge, ForgeRefused, ForgeUnreachable, PullRequest
from ccci.loop.settings import ForgeSettings
from ccci.node.server import Server

BOT = "ccci"


@dataclass
class ForgeInMemory:
    """One organisation: comments with their files, and statuses.

    Attributes:
        settings: the settings of the loop.
        trust: the names and certificates of the forge's client.
        origin: the repository that commits are fetched from.
        comments: the comments on pull requests, by id.
        files: the attachments, by the id of their comment.
        statuses: all statuses that were set, in order: commit, state, description.
        gone: the numbers of deleted pull requests.
        takes_files: whether attachments are enabled.
        is_down: whether it does not answer.
        before: called before each request, with its name.
    """

    settings: ForgeSettings
    trust: Server = field(default_factory=lambda: Server(domain="lab.test"))
    origin: str = "/nowhere"
    comments: dict[int, Comment] = field(default_factory=dict)
    files: dict[int, list[Attachment]] = field(default_factory=dict)
    statuses: list[tuple[str, str, str]] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    takes_files: bool = True
    is_down: bool = False
    before: Callable[[str], None] = lambda _: None

    @classmethod
    def make(cls, folder: Path) -> "ForgeInMemory":
        """Make a forge, with a token in a folder."""
        token = folder / "token"
        token.write_text("a-token")
        token.chmod(0o600)
        return cls(ForgeSettings(url="https://forge.lab.test", user=BOT, token_file=token))

    def forge(self) -> Forge:
        """Return it with the type that the loop expects."""
        return cast(Forge, self)

    def own_comments(self, number: int) -> list[Comment]:
        """Return the loop's comments on a pull request."""
        return [one for one in self.comments.values() if one.pull_request == number]

    def remove_comments(self) -> None:
        """Delete all comments, as a maintainer could."""
        self.comments.clear()
        self.files.clear()

    def repositories(self) -> list[str]:
        self._asked("repositories")
        return ["demo"]

    def default_branch(self, repository: str) -> str | None:
        self._asked("default_branch")
        return "main" if repository == "demo" else None

    def comments_since(self, repository: str, since: str) -> list[Comment]:
        self._asked("comments_since")
        return list(self.comments.values())

    def may_write(self, repository: str, user: str) -> bool:
        self._asked("may_write")
        return True

    def comments_of(self, repository: str, number: int) -> list[Comment]:
        self._asked("comments_of", number)
        return self.own_comments(number)

    def pull_request(self, repository: str, number: int) -> PullRequest:
        self._asked("pull_request", number)
        return PullRequest(number, "a" * 40, True)

    def commits_of(self, repository: str, number: int) -> list[str]:
        self._asked("commits_of", number)
        return ["b" * 40, "bbbbbbbc" + "0" * 32, "a" * 40]

    def comment(self, repository: str, number: int, body: str) -> Comment:
        self._asked("comment", number)
        made = len(self.comments) + 1 + max(self.comments, default=100)
        url = f"{self.settings.url}/{made}"
        self.comments[made] = Comment(made, BOT, body, "", "", number, url)
        self.files[made] = []
        return self.comments[made]

    def edit_comment(self, repository: str, comment: int, body: str) -> None:
        self._asked("edit_comment")
        self.comments[comment] = replace(self._known(comment), body=body)

    def attachments(self, repository: str, comment: int) -> list[Attachment]:
        self._asked("attachments")
        self._known(comment)
        return list(self._files(comment))

    def attach(self, repository: str, comment: int, name: str, content: bytes) -> Attachment:
        self._asked("attach")
        self._known(comment)
        number = len(self._files(comment)) + 1
        made = Attachment(number, name, f"{self.settings.url}/files/{comment}/{name}")
        self._files(comment).append(made)
        return made

    def detach(self, repository: str, comment: int, attachment: int) -> None:
        self._asked("detach")
        self.files[comment] = [one for one in self._files(comment) if one.id != attachment]

    def set_status(
        self, repository: str, commit: str, state: str, description: str, context: str, url: str
    ) -> None:
        self._asked("set_status")
        self.statuses.append((commit, state, description))

    def clone_url(self, repository: str) -> str:
        return self.origin

    def _asked(self, what: str, pull_request: int = 0) -> None:
        self.before(what)
        if self.is_down:
            raise ForgeUnreachable("The forge does not answer: it is down")
        if pull_request in self.gone:
            raise ForgeRefused(f"The forge refused {what}: 404 no such pull request", 404)

    def _known(self, comment: int) -> Comment:
        if comment not in self.comments:
            raise ForgeRefused("The forge refused it: 404 no such comment", 404)
        return self.comments[comment]

    def _files(self, comment: int) -> list[Attachment]:
        if not self.takes_files:
            raise ForgeRefused("The forge refused it: 404 attachments are disabled", 404)
        return self.files.setdefault(comment, [])
