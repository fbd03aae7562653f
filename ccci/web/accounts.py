"""An account at an app: a name and its password, which no log shows."""

import base64
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Account:
    """Who somebody is at an app.

    Attributes:
        name: what they sign in with.
        password: theirs; left out of every printed form.
    """

    name: str
    password: str = field(repr=False)

    def basic_authorization(self) -> dict[str, str]:
        """Return the header of HTTP's basic authorization.

        Example:
            >>> Account("anna", "secret").basic_authorization()
            {'Authorization': 'Basic YW5uYTpzZWNyZXQ='}
        """
        pair = base64.b64encode(f"{self.name}:{self.password}".encode()).decode("ascii")
        return {"Authorization": f"Basic {pair}"}
