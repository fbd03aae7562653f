"""Which answers of a health page are not good, and the times of those."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from ccci.errors import CcciError, NodeFailure, RecipeFailure
from ccci.watch import page as page_module
from ccci.watch.page import LESS_OFTEN_SECONDS, Outage, PageWatch
from ccci.web.http import Client, Response

URL = "https://shop.lab.test/health"


def answer(status: int, body: bytes = b"", seconds: float = 0.1) -> Response:
    return Response(URL, status, {}, body, seconds)


@dataclass
class Site:
    """Answers what the test wants, on a clock that moves half a second with each request."""

    answers: list[Response | CcciError]
    now: float = 1000.0
    within: list[float] = field(default_factory=list)

    def request(self, method: str, url: str, within_seconds: float, **_: Any) -> Response:
        assert (method, url) == ("GET", URL)
        self.within.append(within_seconds)
        self.now += 0.5
        given = self.answers.pop(0)
        if isinstance(given, CcciError):
            raise given
        return given


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Outage]]:
    def asked(*answers: Response | CcciError) -> list[Outage]:
        site = Site(list(answers))
        monkeypatch.setattr(page_module.time, "time", lambda: site.now)
        watch = PageWatch(cast(Client, site), lambda: URL, 200)
        watch.go_on()
        while site.answers:
            watch.ask()
        return watch.take()

    return asked


@pytest.mark.parametrize(
    "bad",
    [
        answer(502, b"Bad Gateway"), answer(404, b"404 page not found"), answer(503), answer(302),
        RecipeFailure("the connection was reset"), RecipeFailure("no answer within 10 s"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_good(ask: Callable[..., list[Outage]], bad: Response | CcciError) -> None:
    (outage,) = ask(answer(200), bad, bad, answer(200), answer(200))
    assert (outage.begin, outage.end, outage.answers) == (1000.5, 1001.5, 2)
    assert outage.seconds == 1.0 and not outage.of_node


def test_a_slow_answer_is_good(ask: Callable[..., list[Outage]]) -> None:
    assert ask(answer(200), answer(200, seconds=9.5), answer(200)) == []


def test_an_app_that_is_asked_too_often_is_asked_less_often() -> None:
    site = Site([answer(429)])
    watch = PageWatch(cast(Client, site), lambda: URL, 200)
    assert watch.ask() == LESS_OFTEN_SECONDS
    assert watch.take() == []


def test_a_server_that_takes_no_connection_is_not_the_apps_fault(
    ask: Callable[..., list[Outage]],
) -> None:
    (outage,) = ask(NodeFailure("refused"), NodeFailure("refused"), answer(200))
    assert outage.of_node
    (mixed,) = ask(NodeFailure("refused"), answer(502), answer(200))
    assert not mixed.of_node


def test_each_outage_is_told_once_with_its_times(ask: Callable[..., list[Outage]]) -> None:
    one, two = ask(answer(502, b"Bad Gateway"), answer(200), answer(404), answer(200))
    assert str(one) == (
        "from 00:16:40 UTC to 00:16:40 UTC (0.5 s, 1 answer; the first: status 502: Bad Gateway)"
    )
    assert two.begin == 1001.0


def test_an_answer_to_a_request_from_before_counts_no_more() -> None:
    watch = PageWatch(cast(Client, None), lambda: URL, 200)
    sent = time.time()
    time.sleep(0.001)
    watch.take()
    watch._note(sent, "status 502")
    assert watch.take() == []


def test_it_asks_only_while_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "EVERY_SECONDS", 0.01)
    site = Site([answer(502)] * 2000)
    watch = PageWatch(cast(Client, site), lambda: URL, 200)
    watch.start()
    assert site.within == []
    watch.go_on()
    deadline = time.monotonic() + 10
    while len(site.within) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert watch.take()
    watch.pause()
    watch.stop()
    assert set(site.within) == {page_module.ANSWER_SECONDS}
