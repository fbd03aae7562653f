"""The cookies of a session are those of one app, and a session without any is told."""

import pytest
from requests.cookies import RequestsCookieJar

from ccci.bridge.failures import Broken
from ccci.web.callers import CookieSession
from libraries.Accounts import Accounts

APP = "ci.lab.test"


def _session(*domains: str) -> CookieSession:
    jar = RequestsCookieJar()
    for number, domain in enumerate(domains):
        jar.set(f"cookie{number}", "x", domain=domain, path="/")
    return CookieSession("ada", cookies=jar)


def test_cookies_of_another_app_are_left_out() -> None:
    session = _session(APP, ".lab.test", "git.lab.test", ".test.org", "lab.test")
    found = Accounts().cookies_of_session(session, APP)
    assert sorted(one.domain for one in found) == [".lab.test", APP]


def test_a_session_without_a_cookie_of_the_app_is_no_session() -> None:
    with pytest.raises(Broken, match=r"ada to have a cookie for ci.lab.test; .* cookie0 of g"):
        Accounts().cookies_of_session(_session("git.lab.test"), APP)
