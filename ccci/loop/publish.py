"""Compares what the forge should show with what it shows, and posts the difference.

There is no list of things to post. After an outage of the forge, after a crash between posting and
recording it, or when somebody has deleted a comment, the next cycle finds the difference and posts
it.
"""

import gzip
import time
import traceback
from collections.abc import Callable
from dataclasses import replace

from ccci.errors import CcciError, NodeFailure
from ccci.loop import gate
from ccci.loop.backoff import Backoff
from ccci.loop.comment import comment_body, marker
from ccci.loop.forge import Attachment, Comment, Forge, ForgeRefused, ForgeUnreachable
from ccci.loop.preparing import results_of
from ccci.loop.request_view import RequestView
from ccci.loop.request_view import State as ShownState
from ccci.loop.status import status_of
from ccci.loop.store import LIVE, Answer, PostedComment, Request, State, Store
from ccci.results.progress import read_progress

_ATTACHED = ("log.html", "report.html")
_SHOWN: dict[State, ShownState] = {
    "queued": "queued",
    "running": "running",
    "stopping": "running",
    "done": "done",
    "refused": "refused",
    "superseded": "superseded",
    "stopped": "stopped",
    "broken": "failed to start",
}


class Publish:
    """Keeps comments, attachments and commit statuses up to date."""

    def __init__(self, forge: Forge, store: Store, log: Callable[[str], None]) -> None:
        """Take the forge and the store to work with.

        Args:
            forge: where it posts.
            store: the requests, and what was posted.
            log: called with a line for each event.
        """
        self._forge, self._store, self._log = forge, store, log
        self._backoff = Backoff(store)

    def step(self) -> None:
        """Post all that the forge does not have yet.

        Raises:
            ForgeUnreachable: the forge is down; what is missing is posted by a later step.
            NodeFailure: the forge refused something; the rest was posted.
        """
        refusals = [
            self._tried(
                f"answer to {answer.comment}",
                lambda answer=answer: self._post_answer(answer),  # type: ignore[misc]
                lambda _, answer=answer: self._store.set_answered(answer.comment),  # type: ignore[misc]
            )
            for answer in self._store.answers_to_post()
        ]
        refusals += [
            self._tried(
                f"{request.state} of request {request.id}",
                lambda request=request: self._post(request),  # type: ignore[misc]
                lambda error, request=request: self._give_up(request, error),  # type: ignore[misc]
            )
            for request in self._store.unposted()
        ]
        if any(refusals):
            raise NodeFailure(" ".join(filter(None, refusals)))

    def _tried(
        self, what: str, post: Callable[[], str], give_up: Callable[[Exception], None]
    ) -> str:
        """Post one thing, if its pause is over; return its error, or "".

        An error ends this one thing: it is tried again after a pause that grows, and given up after
        an hour.
        """
        if not self._backoff.is_due(what, time.time()):
            return ""
        try:
            refusal = post()
            error: Exception | None = NodeFailure(refusal) if refusal else None
        except ForgeUnreachable:
            raise
        except Exception as unexpected:  # noqa: BLE001  A bug here must not stop all other requests.
            error = unexpected
            if not isinstance(unexpected, CcciError | OSError):
                self._log(f"{what}: {traceback.format_exc()}")
        if error is None:
            self._backoff.forget(what)
            return ""
        if self._backoff.failed(what, time.time()):
            self._log(f"{what}: given up: {error}")
            give_up(error)
            self._backoff.forget(what)
        return str(error)

    def _give_up(self, request: Request, error: Exception) -> None:
        """Say at last that something could not be shown; without its results, this may go well."""
        if request.state in LIVE:
            return  # Its next state may be posted.
        if request.state == "done":
            self._store.set_state(request.id, "broken", f"Its results could not be posted: {error}")
        else:
            self._store.set_posted(request)
            self._store.clean_up(request)

    def _post(self, request: Request) -> str:
        """Post what is new about a request; return what the forge refused, or ""."""
        latest = self._store.request(self._store.newest(request))
        refusal = self._post_comment(request) if request.id == latest.id else ""
        # Of two requests at the same commit, the newer one sets the status.
        is_at_other_commit = request.pull_request_commit != latest.pull_request_commit
        if request.id == latest.id or is_at_other_commit:
            self._post_status(request)
        if request.state not in LIVE and not refusal:
            self._store.set_posted(request)
            self._store.clean_up(request)
        return refusal

    def _post_answer(self, answer: Answer) -> str:
        """Post an answer; return what the forge refused, or ""."""
        first_line = f"<!-- ccci answer to {answer.comment} -->"
        try:
            if self._find_own(answer.repository, answer.pull_request, first_line) is None:
                body = f"{first_line}\n{answer.body}"
                self._forge.comment(answer.repository, answer.pull_request, body)
        except ForgeRefused as refused:
            if refused.status != 404:
                return str(refused)
        # If the pull request was deleted, the answer would have no reader.
        self._store.set_answered(answer.comment)
        return ""

    def _post_comment(self, request: Request) -> str:
        """Bring the comment of a request up to date; return what the forge refused, or ""."""
        where = f"{request.repository} #{request.pull_request}"
        try:
            try:
                self._update(request)
            except ForgeRefused as refused:
                if refused.status != 404:
                    raise
                if self._pull_request_is_gone(request):
                    return ""  # The comment would have no reader.
                self._log(f"{where}: the loop's comment was deleted; it is posted again")
                self._store.save_posted_comment(request, PostedComment())
                self._update(request)
        except ForgeRefused as refused:
            # Returned, not raised: the comments of other requests are still posted.
            return str(refused)
        return ""

    def _pull_request_is_gone(self, request: Request) -> bool:
        try:
            self._forge.pull_request(request.repository, request.pull_request)
        except ForgeRefused as refused:
            if refused.status != 404:
                raise
            return True
        return False

    def _update(self, request: Request) -> None:
        posted = self._store.posted_comment(request)
        if posted.uploads_of != request.run_id and (posted.uploads or posted.not_uploaded):
            posted = replace(posted, uploads={}, not_uploaded="", uploads_of="")
        if not posted.comment:
            posted = self._find_or_post(request, posted)
        if request.state == "done" and posted.uploads_of != request.run_id:
            posted = self._upload(request, posted)
        body = self._body(request, posted)
        if body != posted.body_posted:
            self._forge.edit_comment(request.repository, posted.comment, body)
            self._store.save_posted_comment(request, replace(posted, body_posted=body))

    def _find_or_post(self, request: Request, posted: PostedComment) -> PostedComment:
        found = self._find_own(request.repository, request.pull_request, marker(request.recipe))
        body = self._body(request, posted)
        if found is None:
            found = self._forge.comment(request.repository, request.pull_request, body)
        else:
            body = ""  # Its text is out of date, so the caller replaces it.
        posted = replace(posted, comment=found.id, url=found.url, body_posted=body)
        self._store.save_posted_comment(request, posted)
        return posted

    def _upload(self, request: Request, posted: PostedComment) -> PostedComment:
        """Attach the files that the run has cleared, and remove those of earlier runs."""
        cleared = gate.cleared(self._store.folder_of(request))
        problems = [cleared.reason] if cleared.reason else []
        uploads: dict[str, str] = {}
        existing: dict[str, Attachment] = {}
        files = cleared.files
        try:
            found = self._forge.attachments(request.repository, posted.comment)
            existing = {one.name: one for one in found}
        except ForgeRefused as refused:
            if refused.status != 404 or not self._exists(request, posted):
                raise
            # A forge with attachments switched off answers 404 for a comment that exists.
            problems.append(str(refused))
            files = ()
        for path in files:
            if path.name not in _ATTACHED:
                continue
            name = f"{path.stem}-{request.run_id}.html"
            attachment = existing.get(name) or existing.get(f"{name}.gz")
            try:
                attachment = attachment or self._attach(request, posted, name, path.read_bytes())
                uploads[path.name] = attachment.url
            except ForgeRefused as refused:
                problems.append(f"{path.name}: {refused}")
        for name, one in existing.items():
            if request.run_id not in name:
                self._forge.detach(request.repository, posted.comment, one.id)
        posted = replace(
            posted, uploads=uploads, uploads_of=request.run_id, not_uploaded=" ".join(problems)
        )
        self._store.save_posted_comment(request, posted)
        return posted

    def _attach(
        self, request: Request, posted: PostedComment, name: str, content: bytes
    ) -> Attachment:
        """Attach a page; compressed if the forge does not take HTML files."""
        where = (request.repository, posted.comment)
        try:
            return self._forge.attach(*where, name, content)
        except ForgeRefused as refused:
            if refused.status not in (400, 415, 422):
                raise
            return self._forge.attach(*where, f"{name}.gz", gzip.compress(content))

    def _post_status(self, request: Request) -> None:
        state, description = status_of(self._view(request, PostedComment()))
        status = f"{state}: {description}"
        if status == request.status_posted:
            return
        url = self._store.posted_comment(request).url
        try:
            self._forge.set_status(
                request.repository, request.pull_request_commit, state, description,
                f"ccci/{request.recipe}", url,
            )  # fmt: skip
        except ForgeRefused as refused:
            # The commit may have been deleted on the forge. The comment says the same.
            self._log(f"{request.repository} #{request.pull_request}: status not set: {refused}")
        self._store.set_status_posted(request.id, status)

    def _body(self, request: Request, posted: PostedComment) -> str:
        return comment_body(self._view(request, posted))

    def _view(self, request: Request, posted: PostedComment) -> RequestView:
        settings = self._forge.settings
        queued = [one.id for one in self._store.requests("queued")]
        run = results_of(request)
        return RequestView(
            repository=f"{settings.organisation}/{request.repository}",
            pull_request=request.pull_request,
            recipe=request.recipe,
            commit=request.commit,
            state=_SHOWN[request.state],
            position=queued.index(request.id) + 1 if request.id in queued else 0,
            asked_by=request.asked_by,
            progress=read_progress(run) if request.state in ("running", "stopping") else None,
            results=self._store.folder_of(request) if request.state == "done" else None,
            note=f"{request.note} {request.waiting_for}".strip(),
            uploads=posted.uploads,
            not_uploaded=posted.not_uploaded,
            dashboard=f"{settings.dashboard}/{request.recipe}.html" if settings.dashboard else "",
        )

    def _exists(self, request: Request, posted: PostedComment) -> bool:
        found = self._forge.comments_of(request.repository, request.pull_request)
        return any(one.id == posted.comment for one in found)

    def _find_own(self, repository: str, number: int, first_line: str) -> Comment | None:
        """Return the loop's comment with this first line; other people's copies do not count."""
        for one in self._forge.comments_of(repository, number):
            if one.author == self._forge.settings.user and one.body.startswith(first_line):
                return one
        return None
