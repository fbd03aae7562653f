"""Accounts as tables use them: the password is a Secret of Robot Framework until it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from robot.api.types import Secret

from ccci.errors import Misuse
from ccci.web import accounts
from ccci.web.callers import Anonymous, Caller
from ccci.web.jsonview import plain


@dataclass(frozen=True)
class Account(Caller):
    """A user of the app: ``name`` and ``password``, a Secret. Calls an API with both."""

    name: str
    password: Secret

    def headers_for(self, method: str, url: str) -> Mapping[str, str]:
        """Return the header of basic authorization."""
        return self.revealed().headers_for(method, url)

    def revealed(self) -> accounts.Account:
        """Return the same account with its password as text, for the code that sends it."""
        return accounts.Account(self.name, str(self.password.value))


def caller_of(by: object) -> Caller:
    """Return the caller for the argument `by` of a keyword; None is anonymous.

    Raises:
        Misuse: it is something else, as the name of an account.
    """
    if by is None:
        return Anonymous()
    if isinstance(by, Caller):
        return by
    raise Misuse(
        f"by={by!r} is no caller: give an account, or what 'Bearer', 'Header Token' or "
        "'Sign In With Cookie' returned."
    )


def revealed(content: object) -> Any:
    """Return content with each Secret replaced by its value, at any depth."""
    return plain(content, lambda leaf: leaf.value if isinstance(leaf, Secret) else leaf)
