"""What the forge answers, checked: its other members are ignored.

The names are those of the API of Gitea and Forgejo, https://docs.gitea.com/api/1.22/.
"""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints


def _moment(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("the time has no zone")
    return text


Moment = Annotated[str, AfterValidator(_moment)]
# SQLite keeps whole numbers of 64 bits.
Number = Annotated[int, Field(ge=0, lt=1 << 63)]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40,64}$")]


class User(BaseModel):
    """An account; a deleted one has no name."""

    login: str = ""


class CommentAnswer(BaseModel):
    """A comment."""

    id: Number
    user: User | None = None
    body: str = ""
    created_at: Moment
    updated_at: Moment
    pull_request_url: str | None = None
    html_url: str = ""


class Branch(BaseModel):
    """The branch that a pull request would change, or comes from."""

    sha: Commit


class PullRequestAnswer(BaseModel):
    """A pull request."""

    head: Branch
    state: str


class CommitAnswer(BaseModel):
    """A commit of a pull request."""

    sha: Commit


class BranchCommit(BaseModel):
    """The newest commit of a branch."""

    id: Commit


class BranchAnswer(BaseModel):
    """A branch."""

    commit: BranchCommit


class RepositoryAnswer(BaseModel):
    """A repository."""

    name: str
    archived: bool = False
    empty: bool = False
    default_branch: str = ""


class PermissionAnswer(BaseModel):
    """What somebody may do in a repository."""

    permission: str


class TeamAnswer(BaseModel):
    """A team with access to a repository."""

    id: Number
    permission: str = ""
    units_map: dict[str, str] | None = None


class AttachmentAnswer(BaseModel):
    """A file that is attached to a comment."""

    id: Number
    name: str
    browser_download_url: str
