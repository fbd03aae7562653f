"""git as a person at their own machine uses it."""

from robot.api.deco import library

from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.errors import RecipeFailure
from ccci.web.accounts import Account
from ccci.web.git_client import Clone, GitClient


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Git:
    """Clones, commits and pushes over HTTPS. Certificates are always verified.

    An account is what other libraries return for a person: a name and a password. git asks for
    them when the server does; they stand in no address and on no command line.
    """

    def __init__(self) -> None:
        self._git: GitClient | None = None

    @project_keyword("assertion")
    def clone_repository(self, address: str, account: Account | None = None) -> Clone:
        """Clones a repository into a new folder and returns the clone; a passer-by has no account.

        Fails when the server does not let it be cloned, with git's own words.

        Example:
        | ${clone}=    Clone Repository    ${repository.clone_url}    ${anna}
        """
        return self._client().clone(address, account)

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
        """Pushes what was committed to where the clone came from.

        Fails when the server refuses, with git's own words.

        Example:
        | Push    ${clone}
        """
        self._client().push(clone)

    @project_keyword("assertion")
    def push_should_be_refused(self, clone: Clone, words: str) -> None:
        """Fails unless the server refuses the push, for a reason that has these words.

        Example:
        | Push Should Be Refused    ${clone}    Authentication failed
        """
        try:
            self._client().push(clone)
        except RecipeFailure as refused:
            if words in str(refused):
                return
            raise RecipeFailure(f"Expected a refusal with {words!r}; it was: {refused}") from None
        raise RecipeFailure("Expected the push to be refused; it went through.")

    @project_keyword("assertion")
    def clone_should_have_commits(self, clone: Clone, *messages: str) -> None:
        """Fails unless the clone has exactly these commits, the oldest first, and every object.

        Commits are known by the first lines of their messages.

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
        """Returns the hash of the commit that a clone is at. Fails when it has none.

        Example:
        | ${commit}=    Head Of Clone    ${clone}
        """
        return self._client().head(clone)

    def _client(self) -> GitClient:
        if self._git is None:
            self._git = GitClient(session.server, session.folder("files") / "git")
        return self._git
