"""Polls the forge: each new comment becomes a request, once."""

import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

from ccci.errors import CcciError, Misuse, NodeFailure
from ccci.loop import mirror
from ccci.loop.backoff import Backoff
from ccci.loop.commands import HELP, Command, parse
from ccci.loop.forge import Comment, Forge, ForgeUnreachable, PullRequest
from ccci.loop.quoting import plain
from ccci.loop.store import RecipeCommit, Store
from ccci.recipe.config import check_recipe_name

# The name under which the store has the time of the first poll; older comments are ignored.
_LISTENING_SINCE = "listening since"
_WHOLE_HASH = 40


class Watch:
    """Polls every repository of the organisation for new comments."""

    def __init__(self, forge: Forge, store: Store, log: Callable[[str], None]) -> None:
        """Take the forge and the store to work with.

        Args:
            forge: the forge to poll.
            store: where requests are queued.
            log: called with a line for each event.
        """
        self._forge, self._store, self._log = forge, store, log
        self._backoff = Backoff(store)

    def poll(self) -> None:
        """Handle the comments in each repository that are newer than the last one handled.

        A repository without new comments costs one request.

        Raises:
            ForgeUnreachable: the forge is down. The next poll handles what this one did not.
            NodeFailure: the forge refused to show something; the rest was handled.
        """
        first_poll = self._store.get_or_store(
            _LISTENING_SINCE, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        )
        refusals = []
        for repository in self._forge.repositories():
            try:
                self._poll_repository(check_recipe_name(repository), first_poll)
            except Misuse:
                continue  # Not the name of a recipe: the organisation may have other repositories.
            except ForgeUnreachable:
                raise
            except CcciError as error:
                # One repository must not keep the others from being polled.
                refusals.append(f"{repository}: {error}")
        if refusals:
            raise NodeFailure(" ".join(refusals))

    def _poll_repository(self, repository: str, first_poll: str) -> None:
        seen = self._store.seen_until(repository)
        newest = seen or first_poll
        found = self._forge.comments_since(repository, newest)
        waits = False
        for comment in sorted(found, key=lambda one: one.id):
            if _time(comment.created) >= _time(first_poll):
                waits = not self._is_done(repository, comment) or waits
            newest = max(newest, comment.updated, key=_time)
        # A comment that is to be tried again must be found again.
        if newest != seen and not waits:
            self._store.set_seen_until(repository, newest)

    def _is_done(self, repository: str, comment: Comment) -> bool:
        """Handle a comment; return whether nothing is left to do about it.

        Its error ends this comment alone: it is tried again after a pause, and at last answered.
        """
        what = f"comment {comment.id}"
        if not self._backoff.is_due(what, time.time()):
            return False
        try:
            self._handle(repository, comment)
        except ForgeUnreachable:
            raise
        except Exception as error:  # noqa: BLE001  Nothing in a comment may stop the others.
            where = f"{repository} #{comment.pull_request}: comment {comment.id}"
            if not isinstance(error, CcciError):
                self._log(f"{where}: {traceback.format_exc()}")
            if not self._backoff.failed(what, time.time()):
                self._log(f"{where}: {error}. It is tried again.")
                return False
            self._log(f"{where}: given up: {error}")
            self._give_up(repository, comment, error)
        self._backoff.forget(what)
        return True

    def _give_up(self, repository: str, comment: Comment, error: Exception) -> None:
        """Answer a comment that could not be handled, if its author may be answered."""
        try:
            may = self._forge.may_write(repository, comment.author)
        except ForgeUnreachable:
            raise
        except Exception as unknown:  # noqa: BLE001  Who may not have access gets no answer.
            self._log(f"{repository} #{comment.pull_request}: not answered: {unknown}")
            may = False
        if may:
            ours = isinstance(error, CcciError)
            why = str(error) if ours else f"internal error ({type(error).__name__})"
            self._answer(repository, comment, f"Nothing was queued: {plain(why, 300)}")
        else:
            self._store.ignore(comment.id)

    def _handle(self, repository: str, comment: Comment) -> None:
        command = parse(comment.body)
        own = comment.author == self._forge.settings.user
        if command is None or own or self._store.is_handled(comment.id):
            return
        where = f"{repository} #{comment.pull_request}"
        if not self._forge.may_write(repository, comment.author):
            # Not answered: otherwise anybody could make the loop write comments.
            self._log(f"{where}: ignored: {comment.author} has no write access")
            self._store.ignore(comment.id)
            return
        self._log(f"{where}: {comment.author}: {command.kind} {' '.join(command.recipes)}".rstrip())
        if command.kind == "stop":
            self._store.stop(comment.id, repository, comment.pull_request)
        elif command.kind == "help":
            self._answer(repository, comment, f"{command.problem}\n\n{HELP}")
        else:
            self._queue(repository, comment, command)

    def _queue(self, repository: str, comment: Comment, command: Command) -> None:
        pull = self._forge.pull_request(repository, comment.pull_request)
        if not pull.is_open:
            self._answer(repository, comment, "This pull request is closed.")
            return
        try:
            asked = self._commit_of(repository, pull, command.commit)
            targets = [
                RecipeCommit(recipe, asked if recipe == repository else self._newest_commit(recipe))
                for recipe in command.recipes or (repository,)
            ]
        except ForgeUnreachable:
            raise
        except CcciError as error:
            # The message may quote a server or git.
            self._answer(repository, comment, f"Nothing was queued: {plain(error, 300)}")
            return
        self._store.queue(
            comment.id, repository, comment.pull_request, asked, comment.author, targets
        )

    def _commit_of(self, repository: str, pull: PullRequest, digits: str) -> str:
        """Return the commit of a pull request with this hash; its newest for none."""
        if not digits:
            return pull.commit
        # Whoever makes two commits can let them begin alike, and push the other after the review.
        if len(digits) < _WHOLE_HASH:
            raise Misuse(
                f"{digits} is too short to name a commit, as somebody can make another one that "
                f"begins like it. Give the whole hash, {_WHOLE_HASH} digits."
            )
        if digits not in {pull.commit, *self._forge.commits_of(repository, pull.number)}:
            raise Misuse(
                f"{digits} is not a commit of this pull request. Its newest commit is "
                f"{pull.commit[:10]}."
            )
        return digits

    def _newest_commit(self, recipe: str) -> str:
        """Return the newest commit of another recipe, which is mirrored first if it is missing."""
        branch = self._forge.default_branch(recipe)
        # A repository is empty if a mirror was killed before its first push.
        if branch is None or self._forge.is_empty(recipe):
            self._log(mirror.mirror(self._forge, self._forge.settings, recipe))
            branch = self._forge.default_branch(recipe)
        if branch is None:
            raise Misuse(f"There is no recipe '{recipe}' on the forge.")
        return self._forge.branch_commit(recipe, branch)

    def _answer(self, repository: str, comment: Comment, text: str) -> None:
        self._store.answer(comment.id, repository, comment.pull_request, text)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
