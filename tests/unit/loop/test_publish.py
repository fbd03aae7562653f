"""Posting, also when a comment is deleted at the same time or the forge refuses."""

import pytest

from ccci.errors import NodeFailure
from ccci.loop.forge import ForgeRefused
from ccci.loop.publish import Publish
from ccci.loop.store import RecipeCommit, Request, Store
from ccci.results.clearance import clear
from ccci.results.store import RunFacts, RunResults, write_results
from tests.unit.loop.forge_in_memory import ForgeInMemory

COMMIT = "a" * 40
RUN = "20260101-080000-ab12"
# The form in which Robot writes its texts.
STRINGS = 'window.output["strings"]'
PAGE = f'{STRINGS} = [];\n{STRINGS} = {STRINGS}.concat(["*a text"]);\n'


@pytest.fixture
def publish(forge: ForgeInMemory, store: Store, log_lines: list[str]) -> Publish:
    return Publish(forge.forge(), store, log_lines.append)


def running(store: Store, comment: int = 1, pull_request: int = 1) -> Request:
    """Return a request whose run has started."""
    store.queue(comment, "demo", pull_request, COMMIT, "maintainer", [RecipeCommit("demo", COMMIT)])
    request = store.requests()[-1]
    store.start(request.id, RUN)
    return store.request(request.id)


def pass_run(store: Store, request: Request) -> None:
    """Write the results of a passed run, and set the state."""
    folder = store.folder_of(request)
    facts = RunFacts(RUN, "demo", head=COMMIT, head_release="1.0.0+1.0.0")
    for name in ("log.html", "report.html"):
        (folder / name).write_text(PAGE)
    write_results(folder, RunResults(facts, "passed", {"install": "passed"}, {"passed": 1}, 7.0))
    clear(folder, {})
    store.set_state(request.id, "done")


def check_verdict(forge: ForgeInMemory, store: Store) -> None:
    """Check that there is one comment with verdict and files, the status, and nothing to post."""
    (comment,) = forge.own_comments(1)
    assert "**passed**" in comment.body
    names = sorted(one.name for one in forge.files[comment.id])
    assert names == [f"log-{RUN}.html", f"report-{RUN}.html"]
    assert all(one.url in comment.body for one in forge.files[comment.id])
    assert forge.statuses[-1][:2] == (COMMIT, "success")
    assert store.unposted() == []


def test_a_comment_deleted_during_the_run_is_posted_again_with_verdict_and_files(
    forge: ForgeInMemory, store: Store, publish: Publish, log_lines: list[str]
) -> None:
    request = running(store)
    publish.step()
    forge.remove_comments()
    pass_run(store, request)
    publish.step()
    check_verdict(forge, store)
    assert log_lines == ["demo #1: the loop's comment was deleted; it is posted again"]


@pytest.mark.parametrize("moment", ["attach", "edit_comment"])
def test_a_comment_deleted_while_the_verdict_is_posted_is_posted_again(
    forge: ForgeInMemory, store: Store, publish: Publish, moment: str
) -> None:
    request = running(store)
    publish.step()
    pass_run(store, request)
    moments: list[str] = []

    def before(what: str) -> None:
        if what == moment and not moments:
            moments.append(what)
            forge.remove_comments()

    forge.before = before
    publish.step()
    assert moments
    check_verdict(forge, store)


def test_for_a_deleted_pull_request_the_status_is_set_and_nothing_is_posted(
    forge: ForgeInMemory, store: Store, publish: Publish
) -> None:
    request = running(store)
    publish.step()
    forge.remove_comments()
    forge.gone.add(1)
    pass_run(store, request)
    publish.step()
    assert forge.comments == {}
    assert forge.statuses[-1][:2] == (COMMIT, "success")
    assert store.unposted() == []


def test_without_attachments_the_comment_has_the_verdict_and_the_reason(
    forge: ForgeInMemory, store: Store, publish: Publish
) -> None:
    request = running(store)
    publish.step()
    forge.takes_files = False
    pass_run(store, request)
    publish.step()
    (comment,) = forge.own_comments(1)
    assert "**passed**" in comment.body
    assert "attachments are disabled" in comment.body
    assert forge.statuses[-1][:2] == (COMMIT, "success")
    assert store.unposted() == []


def test_an_answer_that_cannot_be_posted_does_not_affect_other_posts(
    forge: ForgeInMemory, store: Store, publish: Publish
) -> None:
    store.answer(1, "demo", 7, "What?")
    forge.gone.add(7)
    pass_run(store, running(store, 2))
    publish.step()
    check_verdict(forge, store)
    assert store.answers_to_post() == [], "nobody is there to read it"


def test_a_refused_comment_is_posted_again_later_and_the_status_is_set_anyway(
    forge: ForgeInMemory, store: Store, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ForgeRefused("The forge refused it: 403 no permission", 403)

    pass_run(store, running(store))
    with monkeypatch.context() as refusing:
        refusing.setattr(forge, "comment", refuse)
        with pytest.raises(NodeFailure, match="no permission"):
            publish.step()
    assert forge.statuses[-1][:2] == (COMMIT, "success")
    assert [one.state for one in store.unposted()] == ["done"]
    publish.step()
    check_verdict(forge, store)
