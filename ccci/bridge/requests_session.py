"""RequestsLibrary's own keywords: a session for the app, limits, a log without credentials.

RequestsLibrary logs each request and each answer with all headers and the whole body. Tokens that
the app makes stand there, which the run's store does not know: only the first lines are kept.
"""

import re
from functools import partial
from typing import Any

import requests

from ccci.bridge.session import session
from ccci.web.limits import Meter, MeteredAdapter

ALIAS = "app"
_LOGGED = re.compile(r"(?s)([A-Z]+ (?:Request|Response) : .*?)\n headers=.*")
_QUERY = re.compile(r"\?\S+")


class RequestsListener:
    """Makes the session before the first keyword of RequestsLibrary, and shortens what it logs.

    Each keyword has the limits of `ccci.web.limits`, whatever session it uses. The library Api
    carries this listener.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self._meter = Meter()
        self._adapter: Any = partial(MeteredAdapter, self._meter)

    def start_library_keyword(self, _data: Any, implementation: Any, _result: Any) -> None:
        """Start the meter; make the session, where an app is deployed and it was not made yet."""
        owner = implementation.owner
        if owner.real_name != "RequestsLibrary":
            return
        # Each session takes its adapters from here, also one that a keyword makes for one request.
        for module in (requests.sessions, requests.adapters):
            setattr(module, "HTTPAdapter", self._adapter)  # noqa: B010
        self._meter.begin()
        if not owner.instance.session_exists(ALIAS):
            _make_session(owner.instance)

    def end_library_keyword(self, _data: Any, implementation: Any, _result: Any) -> None:
        """Stop the meter."""
        if implementation.owner.real_name == "RequestsLibrary":
            self._meter.end()

    def log_message(self, message: Any) -> None:
        """Leave out headers, body and query of a request or an answer."""
        message.message = without_credentials(message.message)


def without_credentials(text: str) -> str:
    """Return a log message of RequestsLibrary without headers, body and query; others as they are.

    Example:
        >>> without_credentials("GET Request : url=https://a/?key=1 \\n path_url=/ \\n headers={}")
        'GET Request : url=https://a/?... \\n path_url=/ \\n (headers and body are not logged)'
    """
    found = _LOGGED.fullmatch(text)
    if not found:
        return text
    return f"{_QUERY.sub('?...', found[1])}\n (headers and body are not logged)"


def _make_session(requests_library: Any) -> None:
    app = session.deployed_app
    if app is None:
        # RequestsLibrary says itself that there is no session of that name.
        return
    bundle = session.server.ca_bundle
    made = requests_library.create_session(
        ALIAS, app.url, verify=str(bundle) if bundle else True, max_retries=0
    )
    # REQUESTS_CA_BUNDLE of the environment would beat the server file's bundle.
    made.trust_env = False
