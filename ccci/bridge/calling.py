"""Calls of the app under test, from the arguments of keywords."""

from typing import Any

from ccci.bridge.accounts import caller_of, revealed
from ccci.bridge.session import session
from ccci.results.credentials import SHORTEST_SECRET
from ccci.web.api import Api
from ccci.web.call import Body, Call


def api_of_run() -> Api:
    """Return the API of the app under test.

    Raises:
        Misuse: no run has begun.
    """
    return Api(session.client, session.app.url, session.server.domain)


def call_of(
    method: str,
    path: str,
    by: object,
    body: Body | None,
    headers: dict[str, Any] | None,
    query: dict[str, Any] | None,
) -> Call:
    """Return the call that a keyword's arguments describe, with the values of Secrets.

    Raises:
        Misuse: `by` is no caller.
    """
    sent = {name: str(value) for name, value in revealed(query or {}).items()}
    return Call(method.upper(), path, caller_of(by), body, revealed(headers or {}), sent)


def hide(name: str, value: str) -> None:
    """Add a value that the app created to the run's credentials, so that no log shows it."""
    if len(value) >= SHORTEST_SECRET:
        session.credentials.put(name, value)
