"""A small OpenID Connect provider, at paths that no real one has: whoever guesses them fails."""

import json
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


@dataclass
class Small:
    """A provider of one page each: what it has and says, and what it was asked.

    Attributes:
        issuer: its address.
        keys: what its tokens are signed with, by name.
        discovery: its discovery document.
        answers: status and JSON of its next answers to a POST.
        asked: path and form of each POST.
        bearers: the Authorization of each call of who am I.
        reads_of_keys: how often its keys were read.
    """

    issuer: str = ""
    keys: dict[str, RSAPrivateKey] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    bearers: list[str] = field(default_factory=list)
    reads_of_keys: int = 0

    def jwks(self) -> dict[str, Any]:
        """Return its public keys, one for encryption among them."""
        self.reads_of_keys += 1
        made = []
        for name, key in self.keys.items():
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
            made.append({**public, "kid": name, "use": "sig", "alg": "RS256"})
        made.append({"kty": "RSA", "use": "enc", "kid": "for encryption", "alg": "RSA-OAEP"})
        return {"keys": made}


@contextmanager
def running(key: RSAPrivateKey) -> Iterator[Small]:
    """Run a provider that signs with this key, named `first`, for as long as the block lasts."""
    state = Small(keys={"first": key})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/it/.well-known/openid-configuration":
                self.say(200, state.discovery)
            elif self.path == "/odd/place/of-people":
                state.bearers.append(self.headers.get("Authorization", ""))
                known = state.bearers[-1] == "Bearer a.sound.token"
                about = {"sub": "7", "preferred_username": "anna"}
                self.say(200, about) if known else self.say(401, {})
            elif self.path == "/odd/place/of-keys":
                self.say(200, state.jwks())
            else:
                self.say(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            state.asked.append({"path": self.path, **dict(urllib.parse.parse_qsl(body))})
            self.say(*state.answers.pop(0))

        def say(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: what matters is asserted."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    root = f"http://127.0.0.1:{server.server_port}"
    state.issuer = f"{root}/it"
    state.discovery = {
        "issuer": state.issuer,
        "authorization_endpoint": f"{root}/odd/place/of-consent",
        "token_endpoint": f"{root}/odd/place/of-tokens",
        "userinfo_endpoint": f"{root}/odd/place/of-people",
        "jwks_uri": f"{root}/odd/place/of-keys",
        "end_session_endpoint": f"{root}/odd/place/of-farewell",
    }
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def signed(key: RSAPrivateKey, issuer: str, kid: str = "first", **changes: object) -> str:
    """Return a token that is sound for the app `wiki`.

    Args:
        key: what it is signed with.
        issuer: who made it.
        kid: the name of the key that it says it is signed with.
        changes: claims that it has instead or more; None leaves one out.
    """
    now = int(time.time())
    claims: dict[str, object] = {
        "iss": issuer,
        "sub": "7",
        "aud": ["wiki", "account"],
        "azp": "wiki",
        "iat": now,
        "exp": now + 60,
        "preferred_username": "anna",
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, "RS256", headers={"kid": kid})
