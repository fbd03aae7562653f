"""People at the Mumble server under test, each with a client of their own."""

import ssl

from mumble_client import WITHIN_SECONDS, Identity, MumbleClient, Refused, information_of
from mumble_identity import new_identity
from mumble_place import mumble_address
from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.errors import RecipeFailure
from ccci.waiting import Look, TooLate, wait_for

_FULL = "ServerFull"


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False, listener="SELF")
class MumblePeople:
    """People come to the server over TLS, see each other, write to each other, and leave.

    What a person sees is what the server sent to this person's client. Whoever came is gone when
    the test ends. A client is let do five things at once and then one in a second: what is more,
    the server drops without a word. So a keyword that does several things lets a person come anew.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self._present: list[MumbleClient] = []
        self._identities: dict[str, Identity] = {}

    def end_test(self, _data: object, _result: object) -> None:
        """Robot calls this when a test has ended."""
        while self._present:
            self._present.pop().leave()

    @project_keyword()
    def certificate_that_mumble_shows(self) -> str:
        """Returns the certificate that the server shows to whoever connects, in PEM.

        Asked is the server itself, not Traefik before it. Fails when there is no connection.

        Example:
        | ${certificate}=    Certificate That Mumble Shows
        | Database Should Contain    ${certificate}
        """
        try:
            return _certificate_at(mumble_address("tcp", by_traefik=False))
        except OSError as error:
            raise RecipeFailure(f"Mumble shows no certificate: {error}") from None

    @project_keyword("assertion")
    def people_should_be_led_to(self, certificate: str) -> None:
        """Fails unless who comes is led to the server with this certificate, at once or soon.

        Traefik takes some seconds to hear of a new server. Till then it answers by itself, with a
        certificate of its own.

        Example:
        | People Should Be Led To    ${certificate}
        """
        place = mumble_address("tcp")

        def look() -> Look:
            try:
                shown = _certificate_at(place)
            except (ConnectionError, TimeoutError, ssl.SSLError) as error:
                return Look(False, str(error))
            return Look(shown == certificate, f"another certificate: {shown[:60]!r}...")

        try:
            wait_for("people to be led to the server", look, WITHIN_SECONDS)
        except TooLate as late:
            raise RecipeFailure(f"{late} Look at the router's labels.") from None

    @project_keyword()
    def join_mumble(
        self,
        name: str,
        password: Secret,
        certificate: str,
        *,
        known: bool = False,
        by_traefik: bool = True,
    ) -> MumbleClient:
        """Lets somebody come to the server, and returns the person's client.

        ``certificate`` is the server's: one that shows another is told nothing, not even the name.
        A person who is ``known`` shows a certificate too, the same each time, so that the server
        can know the person again. Who does not come ``by_traefik``, if Traefik leads to the server,
        can speak by UDP. Fails when the server does not let the person in.

        Example:
        | ${anna}=    Join Mumble    anna    ${password}    ${certificate}
        """
        return self._join(name, password, certificate, known, by_traefik)

    @project_keyword("assertion")
    def mumble_should_refuse(
        self,
        name: str,
        password: Secret | None,
        certificate: str,
        kind: str,
        *,
        known: bool = False,
    ) -> None:
        """Fails unless the server refuses somebody, with this kind of refusal.

        Without a ``password`` (``${None}``) the person gives none. ``kind`` is one of the
        protocol's, such as ``WrongServerPW``, ``WrongUserPW`` or ``ServerFull``. The other
        arguments are those of `Join Mumble`.

        Example:
        | Mumble Should Refuse    anna    ${wrong}    ${certificate}    WrongServerPW
        """
        try:
            self._join(name, password, certificate, known)
        except Refused as refused:
            if refused.kind != kind:
                raise RecipeFailure(
                    f"Expected Mumble to refuse {name}: {kind}. {refused}"
                ) from None
            return
        raise RecipeFailure(f"Expected Mumble to refuse {name}: {kind}; it lets {name} in.")

    @project_keyword("assertion")
    def fill_mumble(self, most: int, password: Secret, certificate: str) -> None:
        """Lets people come until the server has as many as it takes, ``most``.

        The watch over the app's health connects too, and has a place for that moment: who is
        refused for a full server comes again. The other arguments are those of `Join Mumble`. Fails
        when fewer people are in after a minute.

        Example:
        | Fill Mumble    ${5}    ${password}    ${certificate}
        """
        inside = 0

        def look() -> Look:
            nonlocal inside
            try:
                while inside < most:
                    self._join(f"guest{inside}", password, certificate, known=False)
                    inside += 1
            except Refused as refused:
                if refused.kind != _FULL:
                    raise
                return Look(False, f"{inside} people; {refused}")
            return Look(True, "")

        try:
            wait_for(f"{most} people in the server", look, WITHIN_SECONDS)
        except TooLate as late:
            raise RecipeFailure(str(late)) from None

    @project_keyword()
    def leave_mumble(self, person: MumbleClient) -> None:
        """Lets a person leave the server. Never fails.

        Example:
        | Leave Mumble    ${anna}
        """
        person.leave()

    @project_keyword()
    def become_another_person(self, name: str) -> None:
        """Gives somebody of this name another certificate, as somebody else has.

        Never fails.

        Example:
        | Become Another Person    anna
        """
        self._identities[name] = new_identity(name)

    @project_keyword()
    def what_mumble_tells_everybody(self) -> dict[str, int]:
        """Returns what the server tells by UDP to whoever asks: ``users`` and ``max_users``.

        Fails when it does not answer.

        Example:
        | ${told}=    What Mumble Tells Everybody
        | Should Be Equal As Integers    ${told}[users]    0
        """
        return information_of(mumble_address("udp"))

    @project_keyword("assertion")
    def should_see_in_channel(self, person: MumbleClient, name: str, channel: str) -> None:
        """Fails unless a person sees somebody in a channel, at once or soon.

        Example:
        | Should See In Channel    ${anna}    bert    Kitchen
        """

        def where() -> str:
            seen = person.person(name)
            number = seen["channel_id"] if seen else None
            return person.name_of(number) if number is not None else "nobody of that name"

        person.wait(f"{name} in {channel}", lambda: where() == channel, where)

    @project_keyword("assertion")
    def should_see_no_more(self, person: MumbleClient, name: str) -> None:
        """Fails unless a person sees nobody of a name, at once or soon.

        Example:
        | Should See No More    ${anna}    bert
        """
        person.wait(
            f"nobody called {name}", lambda: person.person(name) is None, lambda: f"{name} is there"
        )

    @project_keyword("assertion")
    def should_see_comment(self, person: MumbleClient, name: str, comment: str) -> None:
        """Fails unless a person sees this comment of somebody's, at once or soon.

        Example:
        | Should See Comment    ${anna}    bert    Back at noon
        """

        def said() -> str:
            return str((person.person(name) or {}).get("comment", "no comment"))

        person.wait(f"the comment of {name}: {comment}", lambda: said() == comment, said)

    @project_keyword()
    def comment_on_oneself(self, person: MumbleClient, comment: str) -> None:
        """Lets a person say something that others read beside the name. Never fails.

        Example:
        | Comment On Oneself    ${bert}    Back at noon
        """
        person.send("UserState", session=person.session, comment=comment)

    @project_keyword()
    def register_oneself(self, person: MumbleClient) -> None:
        """Lets a person register: the name is then kept for the person's certificate.

        Fails unless the server registers the person.

        Example:
        | Register Oneself    ${bert}
        """
        person.send("UserState", session=person.session, user_id=0)
        person.wait(
            "a number as a registered user", lambda: person.user_id is not None, lambda: "none"
        )

    @project_keyword("assertion")
    def should_be_registered(self, person: MumbleClient) -> None:
        """Fails unless the server knows a person as a registered user.

        Example:
        | Should Be Registered    ${bert}
        """
        person.wait(
            "a number as a registered user", lambda: person.user_id is not None, lambda: "none"
        )

    @project_keyword()
    def registered_users(self, superuser: MumbleClient) -> list[str]:
        """Returns the names of all registered users, sorted, without the superuser.

        Fails when the server does not tell them, as to somebody who may not know.

        Example:
        | ${names}=    Registered Users    ${superuser}
        """
        answer = superuser.ask("UserList")
        return sorted(user.name for user in answer.users if user.user_id)

    @project_keyword()
    def ask_to_remove(self, person: MumbleClient, name: str, reason: str) -> None:
        """Lets a person ask the server to send somebody away. Fails when nobody has the name.

        Example:
        | Ask To Remove    ${superuser}    bert    Too loud
        """
        person.send("UserRemove", session=person.session_of(name), reason=reason)

    @project_keyword("assertion")
    def should_have_been_removed(self, person: MumbleClient, reason: str) -> None:
        """Fails unless the server has sent a person away, for this reason.

        Example:
        | Should Have Been Removed    ${bert}    Too loud
        """
        person.wait(
            f"its own removal: {reason}", lambda: reason in person.gone, lambda: person.gone
        )

    @project_keyword()
    def write_to(self, person: MumbleClient, name: str, text: str) -> None:
        """Lets a person write to somebody. Fails when nobody has the name.

        Example:
        | Write To    ${anna}    bert    Good morning
        """
        person.send("TextMessage", message=text, session=[person.session_of(name)])

    @project_keyword()
    def write_in(self, person: MumbleClient, channel: str, text: str) -> None:
        """Lets a person write to all in a channel. Fails when it is not there.

        Example:
        | Write In    ${anna}    Kitchen    Who took the milk?
        """
        person.send("TextMessage", message=text, channel_id=[person.number_of(channel)])

    @project_keyword("assertion")
    def should_have_read(self, person: MumbleClient, *texts: str) -> None:
        """Fails unless exactly these texts have come to a person, in this order, at once or soon.

        Let the last one be sent after what must not come: the server keeps the order.

        Example:
        | Should Have Read    ${bert}    Good morning
        """
        person.wait(
            f"these texts: {list(texts)}",
            lambda: person.texts == list(texts),
            lambda: str(person.texts),
        )

    def _join(
        self,
        name: str,
        password: Secret | None,
        certificate: str,
        known: bool,
        by_traefik: bool = True,
    ) -> MumbleClient:
        client = MumbleClient(name, mumble_address("tcp", by_traefik), session.app.domain)
        self._present.append(client)
        client.connect(certificate, self._identity(name) if known else None)
        client.sign_in(str(password.value) if password else "")
        return client

    def _identity(self, name: str) -> Identity:
        if name not in self._identities:
            self._identities[name] = new_identity(name)
        return self._identities[name]


def _certificate_at(place: tuple[str, int]) -> str:
    """Return the certificate that is shown to whoever asks for the app's name there, in PEM."""
    return ssl.get_server_certificate(place, timeout=WITHIN_SECONDS)
