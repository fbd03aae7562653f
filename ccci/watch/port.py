"""Asks a port again and again, as `ccci.watch.page` asks a page: for an app without pages."""

import time

from ccci.deploy.app_port import AppPort
from ccci.errors import CcciError, NodeFailure
from ccci.watch.page import ANSWER_SECONDS, EVERY_SECONDS, AnswerWatch


class PortWatch(AnswerWatch):
    """Completes a TLS handshake about twice a second, in a thread of its own, while told to.

    Args:
        port: the app's, with a view of the Swarm for this thread alone.

    Example:
        ``watch = PortWatch(AppPort(SwarmView(), lambda: driver.app, 64738))``
        ``watch.start(); watch.go_on(); ...; watch.take()``
    """

    def __init__(self, port: AppPort) -> None:
        """Ask nothing yet."""
        super().__init__()
        self._port = port

    def ask(self) -> float:
        """Ask once, note the answer, and return how long to wait before the next time."""
        sent = time.time()
        try:
            self._port.shake_hands(ANSWER_SECONDS)
        except CcciError as error:
            self._note(sent, str(error), isinstance(error, NodeFailure))
        else:
            self._note(sent, "")
        return EVERY_SECONDS
