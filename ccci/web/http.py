"""HTTPS requests to an app, trusting what the server file says and nothing more."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import requests

from ccci.errors import NodeFailure, RecipeFailure
from ccci.node.names import use_names
from ccci.node.server import Server
from ccci.waiting import Look, TooLate, hold_for, wait_for


@dataclass(frozen=True)
class Response:
    """An app's answer.

    Attributes:
        url: the address asked.
        status: the HTTP status.
        headers: names in lower case.
        body: the bytes as they came.
        seconds: from the request to the last byte.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The body as UTF-8 text."""
        return self.body.decode("utf-8", "replace")

    @property
    def content_type(self) -> str:
        """The media type, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip()


class Client:
    """A client of the apps on one server. Certificates are always verified."""

    def __init__(self, server: Server) -> None:
        """Take the trust and the names from the server file."""
        use_names(server.names)
        self._session = requests.Session()
        # REQUESTS_CA_BUNDLE of the environment would beat the server file's bundle.
        self._session.trust_env = False
        self._session.verify = str(server.ca_bundle) if server.ca_bundle else True

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        within_seconds: float = 30,
    ) -> Response:
        """Send one request and return the answer, whatever its status; redirects are not followed.

        Raises:
            RecipeFailure: the certificate is not trusted.
            NodeFailure: no answer came: no connection, or none in time.
        """
        begun = time.monotonic()
        try:
            answer = self._session.request(
                method,
                url,
                headers=dict(headers or {}),
                data=body,
                timeout=within_seconds,
                allow_redirects=False,
            )
        except requests.exceptions.SSLError as error:
            raise RecipeFailure(f"{url}: the certificate is not trusted: {error}") from None
        except requests.exceptions.RequestException as error:
            raise NodeFailure(f"{url}: no answer: {error}") from None
        lower = {name.lower(): value for name, value in answer.headers.items()}
        return Response(url, answer.status_code, lower, answer.content, time.monotonic() - begun)

    def wait_for_status(
        self, url: str, status: int, within_seconds: float, holding_seconds: float = 0
    ) -> Response:
        """Ask until the answer has `status` (and keeps it for `holding_seconds`); return it.

        Raises:
            RecipeFailure: it never did in time; the sentence says what was answered last.
        """
        last: list[Response] = []

        def look() -> Look:
            try:
                answer = self.request("GET", url, within_seconds=min(10, within_seconds))
            except NodeFailure as error:
                return Look(False, str(error))
            last[:] = [answer]
            return Look(answer.status == status, f"status {answer.status}{_start(answer)}")

        try:
            if holding_seconds:
                hold_for(f"status {status} from {url}", look, within_seconds, holding_seconds)
            else:
                wait_for(f"status {status} from {url}", look, within_seconds)
        except TooLate as late:
            raise RecipeFailure(
                f"{late} Look at the router's labels (rule, port, entrypoint, network) and at the "
                "service's log."
            ) from None
        return last[0]


def _start(answer: Response) -> str:
    text = " ".join(answer.text.split())[:120]
    return f" with {text!r}" if text else " with an empty body"
