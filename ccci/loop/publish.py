"""What the forge should show, compared with what it has, and posted where the two differ.

Nothing is posted from a list of things to do. A forge that was away, a crash between posting and
noting it, a comment that somebody removed: the next look finds the difference and mends it.
"""

import gzip
from collections.abc import Callable
from dataclasses import replace

from ccci.errors import NodeFailure
from ccci.loop import gate
from ccci.loop.comment import comment_body, marker
from ccci.loop.forge import Attachment, Comment, Forge, ForgeRefused
from ccci.loop.job_view import JobView
from ccci.loop.job_view import State as ShownState
from ccci.loop.preparing import results_of
from ccci.loop.status import status_of
from ccci.loop.store import LIVE, Answer, Request, State, Store, Thread
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
    """Brings comments, attachments and commit statuses up to date."""

    def __init__(self, forge: Forge, store: Store, tell: Callable[[str], None]) -> None:
        """Take the forge, the store, and who is told what happens, in a sentence."""
        self._forge, self._store, self._tell = forge, store, tell

    def step(self) -> None:
        """Post all that the forge does not have yet.

        Raises:
            ForgeUnreachable: the forge is away; what is missing is posted by a later step.
            NodeFailure: the forge refused something; all else was posted.
        """
        refusals = [self._post_answer(answer) for answer in self._store.answers_to_post()]
        refusals += [self._post(request) for request in self._store.untold()]
        if any(refusals):
            raise NodeFailure(" ".join(filter(None, refusals)))

    def _post(self, request: Request) -> str:
        """Post what is new of one request; return what the forge refused, or ""."""
        latest = self._store.request(self._store.newest(request))
        refusal = self._post_thread(request) if request.id == latest.id else ""
        # A newer request for the same commit has the say over its status.
        if request.id == latest.id or request.head != latest.head:
            self._post_status(request)
        if request.state not in LIVE and not refusal:
            self._store.told(request)
            self._store.tidy(request)
        return refusal

    def _post_answer(self, answer: Answer) -> str:
        """Post an answer; return what the forge refused, or ""."""
        first = f"<!-- ccci answer to {answer.comment} -->"
        try:
            if self._ours(answer.repository, answer.pull_request, first) is None:
                body = f"{first}\n{answer.body}"
                self._forge.comment(answer.repository, answer.pull_request, body)
        except ForgeRefused as refused:
            if refused.status != 404:
                return str(refused)
        # Where the pull request is gone there is nobody to answer.
        self._store.answered(answer.comment)
        return ""

    def _post_thread(self, request: Request) -> str:
        """Bring the comment of a request up to date; return what the forge refused, or ""."""
        where = f"{request.repository} #{request.pull_request}"
        try:
            try:
                self._bring_up_to_date(request)
            except ForgeRefused as refused:
                if refused.status != 404:
                    raise
                if self._is_gone(request):
                    return ""  # There is nobody to tell.
                self._tell(f"{where}: our comment was removed; it is posted again")
                self._store.keep_thread(request, Thread())
                self._bring_up_to_date(request)
        except ForgeRefused as refused:
            # Others are told all the same.
            return str(refused)
        return ""

    def _is_gone(self, request: Request) -> bool:
        """Tell whether the pull request itself is not there any more."""
        try:
            self._forge.pull_request(request.repository, request.pull_request)
        except ForgeRefused as refused:
            if refused.status != 404:
                raise
            return True
        return False

    def _bring_up_to_date(self, request: Request) -> None:
        thread = self._store.thread(request)
        if thread.uploads_of != request.run_id and (thread.uploads or thread.not_uploaded):
            thread = replace(thread, uploads={}, not_uploaded="", uploads_of="")
        if not thread.comment:
            thread = self._find_or_post(request, thread)
        if request.state == "done" and thread.uploads_of != request.run_id:
            thread = self._upload(request, thread)
        body = self._body(request, thread)
        if body != thread.body_posted:
            self._forge.edit_comment(request.repository, thread.comment, body)
            self._store.keep_thread(request, replace(thread, body_posted=body))

    def _find_or_post(self, request: Request, thread: Thread) -> Thread:
        there = self._ours(request.repository, request.pull_request, marker(request.recipe))
        body = self._body(request, thread)
        if there is None:
            there = self._forge.comment(request.repository, request.pull_request, body)
        else:
            body = ""  # Whatever it says is older than what we know.
        thread = replace(thread, comment=there.id, url=there.url, body_posted=body)
        self._store.keep_thread(request, thread)
        return thread

    def _upload(self, request: Request, thread: Thread) -> Thread:
        """Attach the files that the run cleared, and remove those of the run before."""
        verdict = gate.cleared(self._store.folder_of(request))
        problems = [verdict.reason] if verdict.reason else []
        uploads: dict[str, str] = {}
        there: dict[str, Attachment] = {}
        files = verdict.files
        try:
            found = self._forge.attachments(request.repository, thread.comment)
            there = {one.name: one for one in found}
        except ForgeRefused as refused:
            if refused.status != 404 or not self._is_there(request, thread):
                raise
            # A forge that takes no files at all says so of a comment that is there.
            problems.append(str(refused))
            files = ()
        for path in files:
            if path.name not in _ATTACHED:
                continue
            name = f"{path.stem}-{request.run_id}.html"
            known = there.get(name) or there.get(f"{name}.gz")
            try:
                known = known or self._attach(request, thread, name, path.read_bytes())
                uploads[path.name] = known.url
            except ForgeRefused as refused:
                problems.append(f"{path.name}: {refused}")
        for name, one in there.items():
            if request.run_id not in name:
                self._forge.detach(request.repository, thread.comment, one.id)
        thread = replace(
            thread, uploads=uploads, uploads_of=request.run_id, not_uploaded=" ".join(problems)
        )
        self._store.keep_thread(request, thread)
        return thread

    def _attach(self, request: Request, thread: Thread, name: str, content: bytes) -> Attachment:
        """Attach a page; packed, where the forge takes no pages."""
        where = (request.repository, thread.comment)
        try:
            return self._forge.attach(*where, name, content)
        except ForgeRefused as refused:
            if refused.status not in (400, 415, 422):
                raise
            return self._forge.attach(*where, f"{name}.gz", gzip.compress(content))

    def _post_status(self, request: Request) -> None:
        state, description = status_of(self._view(request, Thread()))
        words = f"{state}: {description}"
        if words == request.status_posted:
            return
        url = self._store.thread(request).url
        try:
            self._forge.set_status(
                request.repository, request.head, state, description, f"ccci/{request.recipe}", url
            )
        except ForgeRefused as refused:
            # The commit may be gone from the forge; the comment has it all.
            self._tell(f"{request.repository} #{request.pull_request}: no status: {refused}")
        self._store.posted_status(request.id, words)

    def _body(self, request: Request, thread: Thread) -> str:
        return comment_body(self._view(request, thread))

    def _view(self, request: Request, thread: Thread) -> JobView:
        settings = self._forge.settings
        queued = [one.id for one in self._store.requests("queued")]
        run = results_of(request)
        return JobView(
            repository=f"{settings.organisation}/{request.repository}",
            pull_request=request.pull_request,
            recipe=request.recipe,
            commit=request.hash,
            state=_SHOWN[request.state],
            position=queued.index(request.id) + 1 if request.id in queued else 0,
            asked_by=request.asked_by,
            progress=read_progress(run) if request.state in ("running", "stopping") else None,
            results=self._store.folder_of(request) if request.state == "done" else None,
            note=f"{request.note} {request.waits}".strip(),
            uploads=thread.uploads,
            nothing_uploaded=thread.not_uploaded,
            dashboard=f"{settings.dashboard}/{request.recipe}.html" if settings.dashboard else "",
        )

    def _is_there(self, request: Request, thread: Thread) -> bool:
        found = self._forge.comments_of(request.repository, request.pull_request)
        return any(one.id == thread.comment for one in found)

    def _ours(self, repository: str, number: int, first_line: str) -> Comment | None:
        """Our own comment that begins with a marker: a stranger's copy of it does not count."""
        for one in self._forge.comments_of(repository, number):
            if one.author == self._forge.settings.user and one.body.startswith(first_line):
                return one
        return None
