"""Accounts as tables have them: their password is Robot's Secret until it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from robot.api.types import Secret

from ccci.errors import Misuse
from ccci.web import accounts
from ccci.web.askers import Anonymous, Asker
from ccci.web.jsonview import plain


@dataclass(frozen=True)
class Account(Asker):
    """Somebody at the app: ``name`` and ``password``, a Secret. Asks an API with both."""

    name: str
    password: Secret

    def headers_for(self, method: str, url: str) -> Mapping[str, str]:
        """Return the header of basic authorization."""
        return self.revealed().headers_for(method, url)

    def revealed(self) -> accounts.Account:
        """Return the same account with its password as text, for what sends it."""
        return accounts.Account(self.name, str(self.password.value))


def asker_of(by: object) -> Asker:
    """Return who asks, for the argument `by` of a keyword; None is nobody.

    Raises:
        Misuse: it is something else, as the name of an account.
    """
    if by is None:
        return Anonymous()
    if isinstance(by, Asker):
        return by
    raise Misuse(
        f"by={by!r} does not say who asks: give an account, or what 'Bearer', 'Header Token' or "
        "'Sign In With Cookie' returned."
    )


def revealed(content: object) -> Any:
    """Return content with the value in the place of each Secret, at any depth."""
    return plain(content, lambda leaf: leaf.value if isinstance(leaf, Secret) else leaf)
