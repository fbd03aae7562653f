"""The calls of Uptime Kuma's pages, as keywords."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
from kuma_client import KumaClient, NotLetIn
from robot.api import logger
from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.accounts import revealed
from ccci.bridge.calling import hide
from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.errors import RecipeFailure
from ccci.waiting import Look, TooLate, wait_for
from ccci.web.files import File
from ccci.web.jsonview import as_text

# Down, up, pending and in maintenance, as Uptime Kuma numbers them.
_STATES = ("down", "up", "pending", "maintenance")
# Uptime Kuma asks a service every 20 s at the most.
_BEAT_SECONDS = 90.0
_NEW = timedelta(minutes=5)
_SHOWN = 500


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False, listener="SELF")
class UptimeKuma:
    """Visitors of Uptime Kuma call its server, as its pages do: by Socket.IO.

    A visitor is gone when the test ends. An answer is read with dots: ``${answer.monitorID}``.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self._present: list[KumaClient] = []

    def end_test(self, _data: object, _result: object) -> None:
        """Robot calls this when a test has ended."""
        while self._present:
            self._present.pop().leave()

    @project_keyword()
    def visit_uptime_kuma(self, name: str = "a stranger") -> KumaClient:
        """Lets somebody open a page of Uptime Kuma, and returns the visitor. Nobody is signed in.

        Fails when there is no connection.

        Example:
        | ${visitor}=    Visit Uptime Kuma
        | ${answer}=    Call Uptime Kuma    ${visitor}    needSetup
        """
        visitor = self._visitor(name)
        visitor.connect()
        return visitor

    @project_keyword("assertion")
    def page_of_another_site_should_be_refused(self, site: str) -> None:
        """Fails unless a page of another site is refused when it wants to call Uptime Kuma.

        ``site`` is the name of a host.

        Example:
        | Page Of Another Site Should Be Refused    elsewhere.example.org
        """
        visitor = self._visitor(f"a page of {site}", f"https://{site}")
        try:
            visitor.connect()
        except NotLetIn as refusal:
            logger.info(str(refusal))
        else:
            raise RecipeFailure(f"Expected {visitor.name} to be refused; it could connect.")

    @project_keyword("assertion")
    def call_uptime_kuma(self, visitor: KumaClient, event: str, *arguments: Any) -> Any:
        """Lets a visitor call the server, and returns the answer.

        ``event`` and ``arguments`` are those of Uptime Kuma's pages. Secrets may be used anywhere
        in the arguments. Fails when the server says that it did not do so; the message has its
        reason.

        Example:
        | ${answer}=    Call Uptime Kuma    ${owner}    add    ${monitor}
        | Log    ${answer.monitorID}
        """
        answer = visitor.call(event, *revealed(arguments))
        if isinstance(answer, dict) and not answer.get("ok", True):
            raise RecipeFailure(f"{visitor.name}: {event} was refused: {as_text(answer)[:_SHOWN]}")
        return answer

    @project_keyword("assertion")
    def uptime_kuma_should_refuse(
        self, visitor: KumaClient, reason: str, event: str, *arguments: Any
    ) -> None:
        """Fails unless the server refuses a call, for a reason that contains this text.

        Example:
        | Uptime Kuma Should Refuse    ${visitor}    not logged in    getMonitorList
        """
        answer = visitor.call(event, *revealed(arguments))
        refused = isinstance(answer, dict) and answer.get("ok") is False
        if not refused or reason not in str(answer.get("msg")):
            raise RecipeFailure(
                f"{visitor.name}: expected {event} to be refused for '{reason}'; "
                f"the answer was {as_text(answer)[:_SHOWN]}"
            )

    @project_keyword("assertion")
    def uptime_kuma_told(self, visitor: KumaClient, event: str, field: str = "") -> Any:
        """Returns what the server told a visitor last by an event. Waits for the first.

        ``field`` is a name that must be in it. Fails when nothing such is told.

        Example:
        | ${notifications}=    Uptime Kuma Told    ${owner}    notificationList
        """
        return visitor.told(event, field)

    @project_keyword()
    def sign_in_to_uptime_kuma(
        self, name: str, password: Secret, code: Secret | None = None
    ) -> Secret:
        """Lets somebody sign in; returns the token by which the server knows this browser again.

        ``code`` is what `One Time Code` returned, for an account with two-factor authentication.
        Fails when the server refuses.

        Example:
        | ${token}=    Sign In To Uptime Kuma    ${ada.name}    ${ada.password}
        """
        visitor = self._visitor(name)
        visitor.connect()
        given = {"username": name, "password": password, "token": code or ""}
        answer = self.call_uptime_kuma(visitor, "login", given)
        token = str(answer.get("token", ""))
        if not token:
            raise RecipeFailure(f"{name} is not signed in: {as_text(answer)[:_SHOWN]}")
        hide("token of Uptime Kuma", token)
        return Secret(token)

    @project_keyword()
    def key_for_one_time_codes(self, visitor: KumaClient, password: Secret) -> Secret:
        """Lets an account ask for two-factor authentication, and returns its key.

        Fails when the server refuses, or gives no key.

        Example:
        | ${key}=    Key For One Time Codes    ${owner}    ${ada.password}
        """
        answer = self.call_uptime_kuma(visitor, "prepare2FA", password)
        totp = pyotp.parse_uri(str(answer.uri))
        hide("key for one-time codes", totp.secret)
        return Secret(totp.secret)

    @project_keyword()
    def one_time_code(self, key: Secret) -> Secret:
        """Returns the code that an authenticator shows now (RFC 6238). Never fails.

        Example:
        | ${code}=    One Time Code    ${key}
        """
        return Secret(pyotp.TOTP(str(key.value)).now())

    @project_keyword()
    def code_of_another_authenticator(self) -> Secret:
        """Returns a one-time code of a key that nobody has. Never fails.

        Example:
        | ${code}=    Code Of Another Authenticator
        """
        return self.one_time_code(Secret(pyotp.random_base32()))

    @project_keyword()
    def key_for_the_metrics(self, visitor: KumaClient, name: str) -> Secret:
        """Lets the owner make a key with which a program reads the metrics, and returns the key.

        Fails when the server refuses.

        Example:
        | ${key}=    Key For The Metrics    ${owner}    the dashboard
        """
        key = {"name": name, "active": True, "expires": None}
        answer = self.call_uptime_kuma(visitor, "addAPIKey", key)
        hide("key for the metrics", str(answer.key))
        return Secret(str(answer.key))

    @project_keyword()
    def picture_in_a_page(self, file: File | None) -> str:
        """Returns a file as pages send a picture (RFC 2397); "" without a file. Never fails.

        Example:
        | ${logo}=    Random File    logo.png
        | ${image}=    Picture In A Page    ${logo}
        """
        if file is None:
            return ""
        return f"data:image/png;base64,{base64.b64encode(file.content).decode()}"

    @project_keyword()
    def incidents_of_page(self, page: dict[str, Any]) -> list[Any]:
        """Returns the incidents that a status page shows. Never fails.

        Version 1 shows one incident, version 2 a list.

        Example:
        | ${answer}=    Call API    GET    /api/status-page/shop
        | ${incidents}=    Incidents Of Page    ${answer.json}
        """
        alone = [page["incident"]] if page.get("incident") else []
        return list(page.get("incidents", alone))

    @project_keyword("assertion")
    def add_to_uptime_kuma(self, visitor: KumaClient, monitor: dict[str, Any]) -> int:
        """Lets the owner add a monitor, and returns its number.

        ``monitor`` has the settings of the form, by the names that Uptime Kuma has for them. The
        list of conditions, which version 2 wants and version 1 refuses, need not be given. Fails
        when the server refuses.

        Example:
        | VAR    &{monitor}=    name=Shop    type=http    url=${app.url}
        | ${number}=    Add To Uptime Kuma    ${owner}    ${monitor}
        """
        version = str(visitor.told("info", "version").version)
        further: dict[str, Any] = {} if version.startswith("1.") else {"conditions": []}
        answer = self.call_uptime_kuma(visitor, "add", {**further, **monitor})
        return int(answer.monitorID)

    @project_keyword("assertion")
    def beat_should_be(
        self, visitor: KumaClient, monitor: int, state: str, message: str = ""
    ) -> Any:
        """Waits until the newest beat of a monitor has a state, and returns the beat.

        ``state`` is ``up``, ``down`` or ``maintenance``; ``message`` is a part of what Uptime Kuma
        saw. The beat's time must be of the last five minutes. Fails when no such beat comes.

        Example:
        | ${beat}=    Beat Should Be    ${owner}    ${monitor}    up    200 - OK
        """
        number = _STATES.index(state)
        beats: list[Any] = []

        def look() -> Look:
            beats[:] = self.call_uptime_kuma(visitor, "getMonitorBeats", monitor, 1).data
            last = beats[-1] if beats else {"status": None, "msg": "no beat", "time": "never"}
            good = last["status"] == number and message in str(last["msg"]) and _is_new(last)
            return Look(good, f"{last['status']}: {last['msg']} ({last['time']})")

        try:
            wait_for(f"a beat that is {number} ({state}): {message}", look, _BEAT_SECONDS, 1)
        except TooLate as late:
            raise RecipeFailure(f"Monitor {monitor}: {late}") from None
        return beats[-1]

    def _visitor(self, name: str, site: str = "") -> KumaClient:
        visitor = KumaClient(name, session.app.url, session.server.ca_bundle, site)
        self._present.append(visitor)
        return visitor


def _is_new(beat: dict[str, Any]) -> bool:
    age = datetime.now(UTC) - datetime.fromisoformat(f"{beat['time']}+00:00")
    return timedelta(0) <= age < _NEW
