"""What is posted, when a comment is removed in the midst of it and when the forge will not."""

import pytest

from ccci.errors import NodeFailure
from ccci.loop.forge import ForgeRefused
from ccci.loop.publish import Publish
from ccci.loop.store import Request, Store, Wanted
from ccci.results.clearance import clear
from ccci.results.store import RunFacts, RunResults, write_results
from tests.unit.loop.forge_in_memory import ForgeInMemory

HASH = "a" * 40
RUN = "20260101-080000-ab12"
# As Robot writes its texts.
STRINGS = 'window.output["strings"]'
PAGE = f'{STRINGS} = [];\n{STRINGS} = {STRINGS}.concat(["*a text"]);\n'


@pytest.fixture
def publish(forge: ForgeInMemory, store: Store, told: list[str]) -> Publish:
    return Publish(forge.forge(), store, told.append)


def running(store: Store, comment: int = 1, pull_request: int = 1) -> Request:
    """A request whose run has begun."""
    store.ask(comment, "demo", pull_request, HASH, "maintainer", [Wanted("demo", HASH)])
    request = store.requests()[-1]
    store.begin(request.id, RUN)
    return store.request(request.id)


def ends_well(store: Store, request: Request) -> None:
    """What a run leaves that passed, and the note that it did."""
    folder = store.folder_of(request)
    facts = RunFacts(RUN, "demo", head=HASH, head_release="1.0.0+1.0.0")
    for name in ("log.html", "report.html"):
        (folder / name).write_text(PAGE)
    write_results(folder, RunResults(facts, "passed", {"install": "passed"}, {"passed": 1}, 7.0))
    clear(folder, {})
    store.move(request.id, "done")


def demand_the_verdict(forge: ForgeInMemory, store: Store) -> None:
    """One comment with the verdict and its files, the status, and nothing more to be posted."""
    (comment,) = forge.said(1)
    assert "**passed**" in comment.body
    names = sorted(one.name for one in forge.files[comment.id])
    assert names == [f"log-{RUN}.html", f"report-{RUN}.html"]
    assert all(one.url in comment.body for one in forge.files[comment.id])
    assert forge.statuses[-1][:2] == (HASH, "success")
    assert store.untold() == []


def test_a_comment_removed_during_the_run_is_posted_again_with_verdict_and_files(
    forge: ForgeInMemory, store: Store, publish: Publish, told: list[str]
) -> None:
    request = running(store)
    publish.step()
    forge.remove_comments()
    ends_well(store, request)
    publish.step()
    demand_the_verdict(forge, store)
    assert told == ["demo #1: our comment was removed; it is posted again"]


@pytest.mark.parametrize("moment", ["attach", "edit_comment"])
def test_a_comment_removed_while_the_verdict_is_posted_is_posted_again(
    forge: ForgeInMemory, store: Store, publish: Publish, moment: str
) -> None:
    request = running(store)
    publish.step()
    ends_well(store, request)
    moments: list[str] = []

    def before(what: str) -> None:
        if what == moment and not moments:
            moments.append(what)
            forge.remove_comments()

    forge.before = before
    publish.step()
    assert moments
    demand_the_verdict(forge, store)


def test_where_the_pull_request_is_gone_nobody_is_told_and_the_status_is_set(
    forge: ForgeInMemory, store: Store, publish: Publish
) -> None:
    request = running(store)
    publish.step()
    forge.remove_comments()
    forge.gone.add(1)
    ends_well(store, request)
    publish.step()
    assert forge.comments == {}
    assert forge.statuses[-1][:2] == (HASH, "success")
    assert store.untold() == []


def test_where_the_forge_takes_no_files_the_comment_has_the_verdict_and_says_so(
    forge: ForgeInMemory, store: Store, publish: Publish
) -> None:
    request = running(store)
    publish.step()
    forge.takes_files = False
    ends_well(store, request)
    publish.step()
    (comment,) = forge.said(1)
    assert "**passed**" in comment.body
    assert "attachments are disabled" in comment.body
    assert forge.statuses[-1][:2] == (HASH, "success")
    assert store.untold() == []


def test_an_answer_that_cannot_be_posted_keeps_nothing_else_back(
    forge: ForgeInMemory, store: Store, publish: Publish
) -> None:
    store.answer(1, "demo", 7, "What?")
    forge.gone.add(7)
    ends_well(store, running(store, 2))
    publish.step()
    demand_the_verdict(forge, store)
    assert store.answers_to_post() == [], "there is nobody to answer to"


def test_what_the_forge_refuses_is_tried_again_and_the_status_is_set_all_the_same(
    forge: ForgeInMemory, store: Store, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ForgeRefused("The forge refused it: 403 the token may not", 403)

    ends_well(store, running(store))
    with monkeypatch.context() as refusing:
        refusing.setattr(forge, "comment", refuse)
        with pytest.raises(NodeFailure, match="the token may not"):
            publish.step()
    assert forge.statuses[-1][:2] == (HASH, "success")
    assert [one.state for one in store.untold()] == ["done"]
    publish.step()
    demand_the_verdict(forge, store)
