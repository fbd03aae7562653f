"""People in a meeting of Meet: they join with the tokens that Meet gave them, speak and listen."""

import base64
import hashlib
import json
import time
from datetime import timedelta
from typing import Any

import jwt
from livekit_guest import WITHIN_SECONDS, Guest, NotLetIn
from robot.api import logger
from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.calling import hide
from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.bridge.until_test_ends import UntilTestEnds
from ccci.errors import RecipeFailure
from ccci.waiting import Look, TooLate, wait_for
from ccci.web.jsonview import read_json

# Tones that speech codecs carry well, and that are no multiples of each other.
_TONES = (440, 620, 830)
_SHORT_LIFE = timedelta(minutes=5)
_PRESENT = UntilTestEnds()


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False, listener=_PRESENT)
class Meetings:
    """Lets people join a meeting as their browsers do, by LiveKit's own client without pictures.

    A token is what Meet answers for a room: JWT (RFC 7519), signed with the secret that Meet and
    LiveKit share. Whoever joined is gone when the test ends.
    """

    @project_keyword("assertion")
    def join_the_meeting(self, name: str, url: str, token: Secret) -> Guest:
        """Lets somebody join the room that a token is for, and returns them.

        ``url`` is LiveKit's address, as Meet gave it with the token. Fails when LiveKit refuses the
        token, or no connection for sound comes about. If LiveKit cannot be reached, the test is
        incomplete.

        Example:
        | ${mona}=    Join The Meeting    mona    ${entry.url}    ${entry.token}
        """
        guest = self._guest(name, url, token)
        guest.join()
        return guest

    @project_keyword("assertion")
    def joining_should_be_refused(self, name: str, url: str, token: Secret) -> None:
        """Fails unless LiveKit refuses the token.

        Example:
        | ${forged}=    Token Signed By Somebody Else    ${entry.token}
        | Joining Should Be Refused    eve    ${entry.url}    ${forged}
        """
        guest = self._guest(name, url, token)
        try:
            guest.join()
        except NotLetIn as refusal:
            logger.info(str(refusal))
        else:
            raise RecipeFailure(f"{guest}: expected LiveKit to refuse the token; they are in.")

    @project_keyword("assertion")
    def leave_the_meeting(self, guest: Guest) -> None:
        """Lets somebody leave. Fails when the connection cannot be ended.

        Example:
        | Leave The Meeting    ${mona}
        """
        _PRESENT.close_no_more(guest.leave)
        guest.leave()

    @project_keyword("assertion")
    def people_should_see_each_other(self, *guests: Guest) -> None:
        """Waits until each of these people sees all the others, and nobody else.

        Fails when it is not so within a minute, and says whom somebody sees.

        Example:
        | People Should See Each Other    ${mona}    ${nina}
        """
        for guest in guests:
            wanted = sorted(other.name for other in guests if other is not guest)
            self._wait_to_see(guest, wanted)

    @project_keyword("assertion")
    def people_should_hear_each_other(self, *guests: Guest) -> None:
        """Lets each of up to three people sound a tone, and waits until the others hear that tone.

        Fails when somebody hears nothing of another, or another tone, for a minute.

        Example:
        | People Should Hear Each Other    ${mona}    ${nina}
        """
        tones = dict(zip((guest.name for guest in guests), _TONES, strict=False))
        for guest in guests:
            guest.play(tones[guest.name])
        for guest in guests:
            there = {name: identity for identity, name in guest.others().items()}
            for other in guests:
                if other is not guest:
                    if other.name not in there:
                        raise RecipeFailure(f"{other.name} is not in the meeting any more.")
                    guest.wait_to_hear(there[other.name], tones[other.name])

    @project_keyword("assertion")
    def media_should_flow_by(self, protocol: str, guest: Guest) -> None:
        """Fails unless the media of somebody who is in a meeting go by ``udp`` or ``tcp``.

        The candidates for the connection (ICE, RFC 8445) are logged. Fails when none was chosen.

        Example:
        | Media Should Flow By    udp    ${mona}
        """
        connection = guest.connection()
        logger.info(f"LiveKit offered: {', '.join(connection.offered) or 'nothing'}")
        seen = f"{connection.protocol or 'nothing'}, {connection.received_bytes:,} bytes received"
        if connection.protocol != protocol or not connection.received_bytes:
            raise RecipeFailure(f"{guest}: expected media by {protocol}; seen: {seen}.")

    @project_keyword("assertion")
    def livekit_should_offer(self, protocol: str, port: int, guest: Guest) -> None:
        """Waits until LiveKit has offered somebody in a meeting this port for media.

        Fails when it has not after a minute, and says what it offered.

        Example:
        | LiveKit Should Offer    udp    7882    ${mona}
        """

        def look() -> Look:
            offered = guest.connection().offered
            good = any(o.startswith(f"{protocol} ") and o.endswith(f":{port}") for o in offered)
            return Look(good, ", ".join(offered) or "nothing")

        self._wait(f"LiveKit to offer {protocol} port {port}", look)

    @project_keyword("assertion")
    def meeting_should_end_for(self, guest: Guest, reason: str) -> None:
        """Waits until LiveKit has sent somebody out, for this reason, as LiveKit calls it.

        Fails when they are still in the meeting after a minute, or out for another reason.

        Example:
        | Meeting Should End For    ${mona}    PARTICIPANT_REMOVED
        """

        def look() -> Look:
            told = guest.sent_out()
            return Look(told == reason, told or "they are still in the meeting")

        self._wait(f"the meeting to end for {guest.name} with {reason}", look)

    @project_keyword("assertion")
    def claims_of_token(self, token: Secret, secret: Secret) -> Any:
        """Returns what a token says, to be read with dots: ``${claims.video.room}``.

        Fails when it is not signed with this secret (HS256), or is not valid now.

        Example:
        | ${claims}=    Claims Of Token    ${entry.token}    ${secret}
        | Should Be Equal    ${claims.video.room}    ${room.id}
        """
        try:
            claims = jwt.decode(str(token.value), str(secret.value), algorithms=["HS256"])
        except jwt.PyJWTError as error:
            raise RecipeFailure(f"The token for LiveKit is not valid: {error}") from None
        return read_json(json.dumps(claims))

    @project_keyword()
    def token_signed_by_somebody_else(self, token: Secret) -> Secret:
        """Returns a token that says the same, signed with another secret. Never fails.

        Example:
        | ${forged}=    Token Signed By Somebody Else    ${entry.token}
        """
        claims = jwt.decode(str(token.value), options={"verify_signature": False})
        secret = session.credentials.generate("secret of somebody else", 48)
        return _signed(claims, secret)

    @project_keyword()
    def token_of_livekit(
        self, key: str, secret: Secret | str, body: str = "", **grants: Any
    ) -> Secret:
        """Returns a token as LiveKit's own servers and administrators have. Never fails.

        ``key`` and ``secret`` are those that Meet and LiveKit share; a text is a secret that
        everybody knows. With ``body``, the token is for a webhook with this body. ``grants`` are
        rights in rooms, such as ``roomCreate``.
        Source: https://docs.livekit.io/home/server/webhooks/

        Example:
        | ${token}=    Token Of LiveKit    meet    ${secret}    roomCreate=${True}
        """
        now = int(time.time())
        life = int(_SHORT_LIFE.total_seconds())
        claims = {"iss": key, "nbf": now - 1, "exp": now + life, "video": dict(grants)}
        if body:
            claims["sha256"] = _checksum(body)
        return _signed(claims, secret if isinstance(secret, str) else str(secret.value))

    def _guest(self, name: str, url: str, token: Secret) -> Guest:
        address = f"wss{url.removeprefix('https').removeprefix('wss')}"
        guest = Guest(name, address, str(token.value), session.server.ca_bundle)
        _PRESENT.close_later(guest.leave)
        return guest

    def _wait_to_see(self, guest: Guest, wanted: list[str]) -> None:
        def look() -> Look:
            seen = sorted(guest.others().values())
            return Look(seen == wanted, ", ".join(seen) or "nobody")

        self._wait(f"{guest.name} to see {', '.join(wanted) or 'nobody'}", look)

    @staticmethod
    def _wait(wanted: str, look: Any) -> None:
        try:
            wait_for(wanted, look, WITHIN_SECONDS)
        except TooLate as late:
            raise RecipeFailure(str(late)) from None


def _signed(claims: dict[str, Any], secret: str) -> Secret:
    token = jwt.encode(claims, secret, algorithm="HS256")
    hide(f"token of {claims.get('sub') or claims.get('iss')}", token)
    return Secret(token)


def _checksum(body: str) -> str:
    return base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
