"""Tokens for Ghost's Admin API: how a program proves that it has a key."""

import secrets
import time
from datetime import timedelta

import jwt
from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.failures import project_keyword
from ccci.errors import Misuse
from ccci.web.callers import HeaderToken

# Ghost refuses tokens that are older, or meant to live longer.
_LIFE_SECONDS = 300


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class AdminTokens:
    """Makes callers of the Admin API from the keys of integrations and of staff.

    Source: https://ghost.org/docs/admin-api/#token-authentication
    """

    @project_keyword()
    def key_in_parts(self, number: str, secret: Secret) -> Secret:
        """Returns a key as ``id:secret``. Of staff, Ghost shows the two parts by themselves.

        Never fails.

        Example:
        | ${secret}=    Secret Of Answer    ${answer}    apiKey.secret
        | ${key}=    Key In Parts    ${answer.json.apiKey.id}    ${secret}
        """
        return Secret(f"{number}:{secret.value}")

    @project_keyword()
    def false_key(self, number: str) -> Secret:
        """Returns a key with the number of another, and with a random secret. Never fails.

        Example:
        | ${key}=    False Key    ${integration.api_keys[1].id}
        | ${forger}=    Caller With Key    ${key}    name=a forger
        """
        return Secret(f"{number}:{secrets.token_hex(32)}")

    @project_keyword()
    def caller_with_key(
        self, key: Secret, name: str = "a program", age: timedelta = timedelta(0)
    ) -> HeaderToken:
        """Returns a caller whose token is signed with a key that Ghost shows as ``id:secret``.

        The token is new, or of this ``age``, and holds for five minutes. ``name`` is what failure
        messages call the caller. Fails when the key is not of that form.

        Example:
        | ${program}=    Caller With Key    ${key}
        | Call API    GET    /ghost/api/admin/posts/    by=${program}
        """
        token = admin_token(str(key.value), time.time() - age.total_seconds())
        return HeaderToken(name, "Authorization", f"Ghost {token}")


def admin_token(key: str, made_at: float) -> str:
    """Return a token for the Admin API.

    Args:
        key: as Ghost shows it: ``id:secret``, the secret in hexadecimal.
        made_at: when the token says that it was made, in seconds since 1970.

    Raises:
        Misuse: the key is not of that form.

    Example:
        >>> admin_token("1:abcd", 0.0).count(".")
        2
    """
    number, _, secret = key.partition(":")
    try:
        signing_key = bytes.fromhex(secret)
    except ValueError:
        raise Misuse("A key of the Admin API is 'id:secret', the secret in hexadecimal.") from None
    claims = {"iat": int(made_at), "exp": int(made_at) + _LIFE_SECONDS, "aud": "/admin/"}
    return jwt.encode(claims, signing_key, algorithm="HS256", headers={"kid": number})
