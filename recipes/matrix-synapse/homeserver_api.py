"""Matrix's client API, and what Synapse adds to it for administrators.

Sources: https://spec.matrix.org/latest/client-server-api/ and, for the making of accounts with the
shared secret, https://element-hq.github.io/synapse/latest/admin_api/register_api.html
"""

import hashlib
import hmac
import json
import urllib.parse
import uuid
from dataclasses import dataclass, field
from typing import Any

from ccci.errors import RecipeFailure
from ccci.web.http import Client, Response

CLIENT = "/_matrix/client/v3"
ADMIN = "/_synapse/admin/v2"


@dataclass(frozen=True)
class Member:
    """Somebody with an account at a homeserver.

    Attributes:
        user_id: as others see it, `@name:server`.
        name: what they sign in with.
        url: their homeserver's address, without a slash at its end.
        password: theirs; left out of every printed form, as the token.
        token: of their session.
    """

    user_id: str
    name: str
    url: str
    password: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True)
class Message:
    """A message as a member of its room reads it; the text is "" where it was taken back."""

    sender: str
    text: str


@dataclass(frozen=True)
class Account:
    """An account as administrators see it.

    Attributes:
        display_name: what others read.
        identities: who it is at providers of sign-in: `provider number`, a line each, sorted.
    """

    display_name: str
    identities: str


@dataclass(frozen=True)
class ProviderRequest:
    """What a homeserver asks a provider of sign-in for.

    Attributes:
        page: the provider's page that people are sent to.
        client_id: as whom the homeserver asks.
        redirect_uri: where people are to come back to.
        challenge_method: of PKCE; "" where there is none.
    """

    page: str
    client_id: str
    redirect_uri: str
    challenge_method: str


class Homeserver:
    """The API of one homeserver, as one member of it or as nobody in particular."""

    def __init__(self, http: Client, url: str, member: Member | None = None) -> None:
        """Take the address and who asks."""
        self.url = url
        self._http, self._member = http, member

    def register(self, name: str, password: str, secret: str, admin: bool = False) -> Member:
        """Make an account with the registration secret, and return who has it."""
        path = "/_synapse/admin/v1/register"
        nonce = str(self._call("GET", path)["nonce"])
        wanted = {
            "nonce": nonce,
            "username": name,
            "password": password,
            "admin": admin,
            "mac": registration_mac(secret, nonce, name, password, admin),
        }
        made = self._call("POST", path, wanted)
        return Member(str(made["user_id"]), name, self.url, password, str(made["access_token"]))

    def takes_registration(self, name: str, password: str, secret: str) -> bool:
        """Tell whether an account can be made with this registration secret."""
        path = "/_synapse/admin/v1/register"
        nonce = str(self._call("GET", path)["nonce"])
        mac = registration_mac(secret, nonce, name, password, False)
        wanted = {"nonce": nonce, "username": name, "password": password, "mac": mac}
        answer = self._send("POST", path, json.dumps(wanted).encode())
        if answer.status == 403 and "HMAC" in answer.text:
            return False
        _content(answer, "POST")
        return True

    def lets_anybody_register(self, name: str, password: str) -> bool:
        """Try to make an account as a client does it, as nobody; tell whether that is open.

        It is open where an account comes, and where the homeserver asks for one more step to one;
        a homeserver that refuses says so with 403 and M_FORBIDDEN.
        """
        wanted = {"username": name, "password": password, "auth": {"type": "m.login.dummy"}}
        answer = self._send("POST", f"{CLIENT}/register", json.dumps(wanted).encode())
        if answer.status == 403 and error_code(answer) == "M_FORBIDDEN":
            return False
        if answer.status not in (200, 401):
            raise _unexpected("POST", answer, 403)
        return True

    def sign_in(self, name: str, password: str) -> Member | None:
        """Sign in by password; None where the homeserver says that it is wrong."""
        wanted = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": name},
            "password": password,
        }
        answer = self._send("POST", f"{CLIENT}/login", json.dumps(wanted).encode())
        if answer.status == 403 and error_code(answer) == "M_FORBIDDEN":
            return None
        got = _content(answer, "POST")
        return Member(str(got["user_id"]), name, self.url, password, str(got["access_token"]))

    def sign_in_with_token(self, token: str) -> Member | None:
        """Sign in by the token that a sign-in at a provider ends with; None where it is refused."""
        wanted = {"type": "m.login.token", "token": token}
        answer = self._send("POST", f"{CLIENT}/login", json.dumps(wanted).encode())
        if answer.status == 403 and error_code(answer) == "M_FORBIDDEN":
            return None
        got = _content(answer, "POST")
        user_id = str(got["user_id"])
        name = user_id.removeprefix("@").partition(":")[0]
        return Member(user_id, name, self.url, "", str(got["access_token"]))

    def providers(self) -> dict[str, str]:
        """Return the providers of sign-in that clients are told of: name to identifier."""
        flows = self._call("GET", f"{CLIENT}/login")["flows"]
        offered = [flow for flow in flows if flow["type"] == "m.login.sso"]
        return {
            str(one["name"]): str(one["id"])
            for flow in offered
            for one in flow.get("identity_providers", ())
        }

    def provider_request(self, provider: str, back: str) -> ProviderRequest:
        """Return what people are sent to a provider with, from where they come back to `back`."""
        answer = self._send("GET", sign_in_path(provider, back))
        if answer.status != 302:
            raise _unexpected("GET", answer, 302)
        page, _, query = answer.headers["location"].partition("?")
        asked = dict(urllib.parse.parse_qsl(query))
        names = ("client_id", "redirect_uri", "code_challenge_method")
        return ProviderRequest(page, *(asked.get(name, "") for name in names))

    def account(self, user_id: str) -> Account | None:
        """Return an account of this homeserver, or None; for administrators."""
        answer = self._send("GET", f"{ADMIN}/users{_path(user_id)}")
        if answer.status == 404 and error_code(answer) == "M_NOT_FOUND":
            return None
        found = _content(answer, "GET")
        known = [f"{one['auth_provider']} {one['external_id']}" for one in found["external_ids"]]
        return Account(str(found["displayname"]), "\n".join(sorted(known)))

    def account_of(self, provider: str, number: str) -> str | None:
        """Return whose account this number at a provider opens, or None; for administrators."""
        path = f"/_synapse/admin/v1/auth_providers{_path(provider)}/users{_path(number)}"
        answer = self._send("GET", path)
        if answer.status == 404 and error_code(answer) == "M_NOT_FOUND":
            return None
        return str(_content(answer, "GET")["user_id"])

    def link(self, user_id: str, provider: str, number: str) -> None:
        """Let who has this number at a provider sign in to an account; for administrators."""
        wanted = {"external_ids": [{"auth_provider": provider, "external_id": number}]}
        self._call("PUT", f"{ADMIN}/users{_path(user_id)}", wanted)

    def whoami(self) -> str | None:
        """Return whose the session is, by the homeserver's word; None where it knows of none."""
        answer = self._send("GET", f"{CLIENT}/account/whoami")
        if answer.status == 401 and error_code(answer) == "M_UNKNOWN_TOKEN":
            return None
        return str(_content(answer, "GET")["user_id"])

    def make_room(self, name: str, alias: str, invited: list[str]) -> str:
        """Make a private room that these people are invited to; return its number.

        Args:
            name: what people read.
            alias: the part of its public alias before the server's name; "" for none.
            invited: user ids.
        """
        wanted = {
            "preset": "private_chat",
            "name": name,
            **({"room_alias_name": alias} if alias else {}),
            "invite": invited,
        }
        return str(self._call("POST", f"{CLIENT}/createRoom", wanted)["room_id"])

    def room_of(self, alias: str) -> str | None:
        """Return the room that an alias leads to, or None."""
        answer = self._send("GET", f"{CLIENT}/directory/room" + _path(alias))
        if answer.status == 404 and error_code(answer) == "M_NOT_FOUND":
            return None
        return str(_content(answer, "GET")["room_id"])

    def join(self, room: str, via: str = "") -> None:
        """Enter a room that one is invited to; `via` names a homeserver that is in it."""
        query = f"?via={urllib.parse.quote(via)}" if via else ""
        self._call("POST", f"{CLIENT}/join{_path(room)}{query}", {})

    def set_topic(self, room: str, topic: str) -> None:
        """Give a room another topic."""
        self._call("PUT", f"{CLIENT}/rooms{_path(room)}/state/m.room.topic", {"topic": topic})

    def topic(self, room: str) -> str:
        """Return a room's topic."""
        return str(self._call("GET", f"{CLIENT}/rooms{_path(room)}/state/m.room.topic")["topic"])

    def send(self, room: str, text: str) -> str:
        """Send a message; return the event's number."""
        path = f"{CLIENT}/rooms{_path(room)}/send/m.room.message" + _path(uuid.uuid4().hex)
        wanted = {"msgtype": "m.text", "body": text}
        return str(self._call("PUT", path, wanted)["event_id"])

    def message(self, room: str, event: str) -> Message | None:
        """Return a message by its event's number; None where there is none that one may read."""
        answer = self._send("GET", f"{CLIENT}/rooms{_path(room)}/event{_path(event)}")
        if answer.status == 404 and error_code(answer) == "M_NOT_FOUND":
            return None
        return _message(_content(answer, "GET"))

    def timeline(self, room: str) -> list[Message]:
        """Return the last messages of a room, the oldest first."""
        path = f"{CLIENT}/rooms{_path(room)}/messages?dir=b&limit=50"
        found = self._call("GET", path)["chunk"]
        return [_message(one) for one in reversed(found) if one["type"] == "m.room.message"]

    def can_read(self, room: str) -> bool:
        """Tell whether one may read a room; that of others is forbidden."""
        answer = self._send("GET", f"{CLIENT}/rooms{_path(room)}/messages?dir=b")
        if answer.status == 403 and error_code(answer) == "M_FORBIDDEN":
            return False
        _content(answer, "GET")
        return True

    def redact(self, room: str, event: str) -> None:
        """Take a message back."""
        path = f"{CLIENT}/rooms{_path(room)}/redact{_path(event, uuid.uuid4().hex)}"
        self._call("PUT", path, {})

    def upload(self, name: str, content: bytes) -> str:
        """Upload a file; return its address of the form `mxc://server/number`."""
        path = f"/_matrix/media/v3/upload?filename={urllib.parse.quote(name)}"
        answer = self._send("POST", path, content, "application/octet-stream")
        return str(_content(answer, "POST")["content_uri"])

    def download(self, address: str) -> bytes | None:
        """Return the bytes at an address of the form `mxc://server/number`; None where none are."""
        answer = self._send("GET", f"/_matrix/client/v1/media/download{_media_path(address)}")
        if answer.status == 404 and error_code(answer) == "M_NOT_FOUND":
            return None
        if answer.status != 200:
            raise _unexpected("GET", answer)
        return answer.body

    def delete_media(self, address: str) -> None:
        """Delete a file of this homeserver; for administrators."""
        self._call("DELETE", f"/_synapse/admin/v1/media{_media_path(address)}")

    def version(self) -> str:
        """Return the version that the homeserver names to other homeservers."""
        return str(self._call("GET", "/_matrix/federation/v1/version")["server"]["version"])

    def signing_keys(self) -> str:
        """Return the keys by which others know this homeserver: `id key`, a line each, sorted."""
        found = self._call("GET", "/_matrix/key/v2/server")["verify_keys"]
        return "\n".join(sorted(f"{name} {key['key']}" for name, key in found.items()))

    def _call(self, method: str, path: str, content: object = None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        return _content(self._send(method, path, body), method)

    def _send(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> Response:
        headers = {"Content-Type": kind} if body is not None else {}
        if self._member:
            headers["Authorization"] = f"Bearer {self._member.token}"
        return self._http.request(method, f"{self.url}{path}", headers, body)


def registration_mac(secret: str, nonce: str, name: str, password: str, admin: bool) -> str:
    """Return what proves to Synapse that who makes an account knows the registration secret.

    Example:
        >>> registration_mac("shared", "n", "anna", "p", False)
        'be270e75d07a3e848b3fec486d1ba0a82c27b38b'
    """
    parts = (nonce, name, password, "admin" if admin else "notadmin")
    return hmac.new(secret.encode(), "\0".join(parts).encode(), hashlib.sha1).hexdigest()


def sign_in_path(provider: str, back: str) -> str:
    """Return the path that a client opens in a browser to sign somebody in at a provider.

    Example:
        >>> sign_in_path("oidc-sso", "https://client.example/")
        '/_matrix/client/v3/login/sso/redirect/oidc-sso?redirectUrl=https%3A%2F%2Fclient.example%2F'
    """
    query = urllib.parse.urlencode({"redirectUrl": back})
    return f"{CLIENT}/login/sso/redirect{_path(provider)}?{query}"


def login_token_in(arrived_at: str, back: str) -> str:
    """Return the token in the address that a browser came back to.

    Raises:
        RecipeFailure: it is another page, or bears no token.

    Example:
        >>> login_token_in("https://client.example/?loginToken=a", "https://client.example/")
        'a'
    """
    place, _, query = arrived_at.partition("?")
    token = dict(urllib.parse.parse_qsl(query)).get("loginToken", "")
    if place != back or not token:
        raise RecipeFailure(
            f"Expected the sign-in to come back to {back} with a token; it came to {place} with "
            f"{'one' if token else 'none'}."
        )
    return token


def error_code(answer: Response) -> str:
    """Return the code of an error, as `M_FORBIDDEN`; "" where the answer names none."""
    try:
        content = json.loads(answer.body)
    except ValueError:
        return ""
    return str(content.get("errcode", "")) if isinstance(content, dict) else ""


def _path(*parts: str) -> str:
    return "".join(f"/{urllib.parse.quote(part, safe='')}" for part in parts)


def _media_path(address: str) -> str:
    parts = urllib.parse.urlsplit(address)
    return _path(parts.netloc, parts.path.strip("/"))


def _message(event: dict[str, Any]) -> Message:
    return Message(str(event["sender"]), str(event["content"].get("body", "")))


def _content(answer: Response, method: str) -> Any:
    if answer.status != 200:
        raise _unexpected(method, answer)
    return json.loads(answer.body)


def _unexpected(method: str, answer: Response, expected: int = 200) -> RecipeFailure:
    return RecipeFailure(
        f"Expected {method} {answer.url} to answer {expected}; it was {answer.status}: "
        f"{answer.text.strip()[:300]!r}"
    )
