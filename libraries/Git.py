"""git, as a user runs it on their own machine."""

from robot.api.deco import library

from ccci.bridge.accounts import Account
from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.errors import RecipeFailure
from ccci.web.git_client import Clone, GitClient


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Git:
    """Clones, commits and pushes over HTTPS. Certificates are always verified.

    An account is made by `Accounts.New Account`. git gives its name and password when the server
    asks for them; they are in no address and on no command line.
    """

    def __init__(self) -> None:
        self._git: GitClient | None = None

    @project_keyword("assertion")
    def clone_repository(self, address: str, account: Account | None = None) -> Clone:
        """Clones a repository into a new folder and returns the clone.

        Without an account it is cloned anonymously. Fails when the server refuses, with git's
        message.

        Example:
        | ${clone}=    Clone Repository    ${repository.clone_url}    ${anna}
        """
        return self._client().clone(address, account.revealed() if account else None)

    @project_keyword()
    def commit_file(self, clone: Clone, name: str, content: bytes, message: str) -> str:
        """Writes a file into a clone, commits it and returns the commit's hash.

        Fails when nothing changed.

        Example:
        | ${commit}=    Commit File    ${clone}    ${file.name}    ${file.content}    The first one
        """
        return self._client().commit(clone, name, content, message)

    @project_keyword("assertion")
    def push(self, clone: Clone) -> None:
        """Pushes the commits of a clone to the server that it came from.

        Fails when the server refuses, with git's message.

        Example:
        | Push    ${clone}
        """
        self._client().push(clone)

    @project_keyword("assertion")
    def push_should_be_refused(self, clone: Clone, text: str) -> None:
        """Fails unless the server refuses the push with a message that has this text.

        Example:
        | Push Should Be Refused    ${clone}    Authentication failed
        """
        try:
            self._client().push(clone)
        except RecipeFailure as refused:
            if text in str(refused):
                return
            raise RecipeFailure(f"Expected a refusal with {text!r}; it was: {refused}") from None
        raise RecipeFailure("Expected the push to be refused; it succeeded.")

    @project_keyword("assertion")
    def clone_should_have_commits(self, clone: Clone, *messages: str) -> None:
        """Fails unless the clone has exactly these commits, oldest first, and every git object.

        A commit is given by the first line of its message.

        Example:
        | Clone Should Have Commits    ${clone}    The first one    The second one
        """
        seen = self._client().messages(clone)
        if seen != list(messages):
            raise RecipeFailure(f"Expected the commits {list(messages)}; there are {seen}.")
        self._client().check(clone)

    @project_keyword("assertion")
    def content_in_clone(self, clone: Clone, name: str) -> bytes:
        """Returns the bytes of a file of a clone. Fails when there is no such file.

        Example:
        | ${seen}=    Content In Clone    ${clone}    notes.bin
        """
        path = clone.path / name
        if not path.is_file():
            there = sorted(one.name for one in clone.path.iterdir() if one.name != ".git")
            raise RecipeFailure(f"Expected a file {name} in {clone.url}; there are {there}.")
        return path.read_bytes()

    @project_keyword()
    def head_of_clone(self, clone: Clone) -> str:
        """Returns the hash of the commit that a clone is at. Fails when the clone has no commit.

        Example:
        | ${commit}=    Head Of Clone    ${clone}
        """
        return self._client().head(clone)

    def _client(self) -> GitClient:
        if self._git is None:
            self._git = GitClient(session.server, session.folder("files") / "git")
        return self._git
