"""Looking at the forge: new comments become requests, each comment once."""

from collections.abc import Callable
from datetime import UTC, datetime

from ccci.errors import CcciError, Misuse, NodeFailure
from ccci.loop import mirror
from ccci.loop.commands import HELP, Command, parse
from ccci.loop.forge import Comment, Forge, ForgeRefused, ForgeUnreachable
from ccci.loop.quoting import plain
from ccci.loop.store import Store, Wanted
from ccci.recipe.config import check_recipe_name

# The note of when this node began to listen: what was written before it is not for us.
_LISTENING_SINCE = "listening since"


class Watch:
    """Looks at every repository of the organisation."""

    def __init__(self, forge: Forge, store: Store, tell: Callable[[str], None]) -> None:
        """Take the forge, the store, and who is told what happens, in a sentence."""
        self._forge, self._store, self._tell = forge, store, tell

    def look(self) -> None:
        """Look once: at each repository's comments since the newest that was handled.

        A repository where nothing happened costs one request.

        Raises:
            ForgeUnreachable: the forge is away. What was not handled is seen at the next look.
            NodeFailure: the forge refused to show something; all else was looked at.
        """
        since = self._store.fact(_LISTENING_SINCE, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
        refusals = []
        for repository in self._forge.repositories():
            try:
                self._look_at(check_recipe_name(repository), since)
            except Misuse:
                continue  # Not a recipe's: the organisation may hold others.
            except ForgeRefused as refused:
                refusals.append(str(refused))
        if refusals:
            raise NodeFailure(" ".join(refusals))

    def _look_at(self, repository: str, listening_since: str) -> None:
        seen = self._store.seen_until(repository)
        newest = seen or listening_since
        found = self._forge.comments_since(repository, newest)
        for comment in sorted(found, key=lambda one: one.id):
            if _moment(comment.created) >= _moment(listening_since):
                self._handle(repository, comment)
            newest = max(newest, comment.updated, key=_moment)
        if newest != seen:
            self._store.saw_until(repository, newest)

    def _handle(self, repository: str, comment: Comment) -> None:
        command = parse(comment.body)
        ours = comment.author == self._forge.settings.user
        if command is None or ours or self._store.is_handled(comment.id):
            return
        where = f"{repository} #{comment.pull_request}"
        if not self._forge.may_write(repository, comment.author):
            # No noise for strangers: a comment of ours would be a way to make us talk.
            self._tell(f"{where}: {comment.author} may not write there, and gets no run")
            self._store.ignore(comment.id)
            return
        self._tell(f"{where}: {comment.author} says {command.kind} {' '.join(command.recipes)}")
        if command.kind == "stop":
            self._store.stop(comment.id, repository, comment.pull_request)
        elif command.kind == "help":
            self._answer(repository, comment, f"{command.problem}\n\n{HELP}")
        else:
            self._ask(repository, comment, command)

    def _ask(self, repository: str, comment: Comment, command: Command) -> None:
        pull = self._forge.pull_request(repository, comment.pull_request)
        if not pull.is_open:
            self._answer(repository, comment, "This pull request is not open any more.")
            return
        try:
            wanted = [
                Wanted(recipe, pull.head if recipe == repository else self._head_of(recipe))
                for recipe in command.recipes or (repository,)
            ]
        except ForgeUnreachable:
            raise
        except CcciError as error:
            # With words of a server's, or of git's.
            self._answer(repository, comment, f"Nothing was queued: {plain(error, 300)}")
            return
        self._store.ask(
            comment.id, repository, comment.pull_request, pull.head, comment.author, wanted
        )

    def _head_of(self, recipe: str) -> str:
        """The commit of another recipe that is tested: its newest, mirrored where it is missing."""
        branch = self._forge.default_branch(recipe)
        # Empty: a mirror was killed before its first push.
        if branch is None or self._forge.is_empty(recipe):
            self._tell(mirror.mirror(self._forge, self._forge.settings, recipe))
            branch = self._forge.default_branch(recipe)
        if branch is None:
            raise Misuse(f"There is no recipe '{recipe}' on the forge.")
        return self._forge.branch_head(recipe, branch)

    def _answer(self, repository: str, comment: Comment, words: str) -> None:
        self._store.answer(comment.id, repository, comment.pull_request, words)


def _moment(words: str) -> datetime:
    return datetime.fromisoformat(words)
