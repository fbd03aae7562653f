"""The health of an app without pages: it is up when it completes a TLS handshake at its port.

Whose certificate it is, is not asked here: such an app may make its own. Its recipe's keywords say
which one clients must see.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass

from ccci.apps import App
from ccci.errors import NodeFailure, RecipeFailure
from ccci.swarm.ports import address_of_port
from ccci.swarm.view import SwarmView
from ccci.waiting import Look, TooLate, hold_for, wait_for

_LOOK_SECONDS = 10.0


@dataclass(frozen=True)
class AppPort:
    """A TCP port of an app.

    Attributes:
        swarm: where the app is deployed.
        app: returns the app, as it is at the moment.
        number: of the port, as containers see it.
    """

    swarm: SwarmView
    app: Callable[[], App]
    number: int

    def __str__(self) -> str:
        return f"tls://{self.app().domain}:{self.number}"

    def shake_hands(self, within_seconds: float) -> None:
        """Complete a TLS handshake, and close the connection.

        Raises:
            RecipeFailure: nobody takes the connection, or no handshake is completed in time.
            NodeFailure: Docker does not tell where the app is.

        Example:
            ``AppPort(SwarmView(), lambda: driver.app, 64738).shake_hands(10)``
        """
        # Traefik itself completes a handshake for a name to which it knows no way.
        place = address_of_port(self.swarm, self.app(), self.number, by_traefik=False)
        try:
            # The handshake is all that is asked for; the certificate is not used.
            ssl.get_server_certificate(place, timeout=within_seconds)
        except OSError as error:
            raise RecipeFailure(f"{self}: no TLS handshake: {error}") from None

    def wait(
        self, within_seconds: float, holding_seconds: float, meanwhile: Callable[[], None]
    ) -> None:
        """Wait until a handshake is completed, and go on asking for a while.

        Args:
            within_seconds: the deadline.
            holding_seconds: for how long each handshake must be completed; 0 for one handshake.
            meanwhile: called before each; when it raises, the wait is over.

        Raises:
            RecipeFailure: it was not in time; the sentence says what was seen last.
            NodeFailure: the last time Docker did not tell where the app is.
        """
        kind: list[type[RecipeFailure] | type[NodeFailure]] = [RecipeFailure]

        def look() -> Look:
            meanwhile()
            try:
                self.shake_hands(_LOOK_SECONDS)
            except (RecipeFailure, NodeFailure) as error:
                kind[:] = [type(error)]
                return Look(False, str(error))
            return Look(True, "a TLS handshake")

        wanted = f"{self} to complete a TLS handshake"
        try:
            if holding_seconds:
                hold_for(wanted, look, within_seconds, holding_seconds)
            else:
                wait_for(wanted, look, within_seconds)
        except TooLate as late:
            raise kind[0](f"{late} Look at the service's log, and at health_tls_port.") from None
