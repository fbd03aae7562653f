"""An account at an app: a name and its password, which no log shows."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from ccci.web.callers import Caller


@dataclass(frozen=True)
class Account(Caller):
    """A user of an app. It calls an API with HTTP basic authorization (RFC 7617).

    Attributes:
        name: what they sign in with.
        password: theirs; left out of every printed form.

    Example:
        >>> Account("anna", "secret").headers_for("GET", "https://app.lab.test/")
        {'Authorization': 'Basic YW5uYTpzZWNyZXQ='}
    """

    name: str
    password: str = field(repr=False)

    def headers_for(self, method: str, url: str) -> Mapping[str, str]:
        """Return the header of basic authorization."""
        pair = base64.b64encode(f"{self.name}:{self.password}".encode()).decode("ascii")
        return {"Authorization": f"Basic {pair}"}
