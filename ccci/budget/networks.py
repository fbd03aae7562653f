"""The networks that runs have for themselves: each run takes one that no other run has.

Each is a locked file in ``<state>/networks/``. As with the budget, the run's reaper has the file
open too, so a network is free again when the run is torn down, and no sooner.
"""

import fcntl
import os
from collections.abc import Sequence

from ccci.errors import NodeFailure
from ccci.node import locks
from ccci.node.state import private_dir


class NetworkLease:
    """A network that one run has, until `release`, or until its processes end.

    Attributes:
        name: the network's.
    """

    def __init__(self, name: str, descriptor: int) -> None:
        """Hold the locked file that is open as `descriptor`."""
        self.name = name
        self._descriptor: int | None = descriptor

    def fileno(self) -> int:
        """Return the descriptor of the locked file.

        Raises:
            ValueError: it was released.
        """
        if self._descriptor is None:
            raise ValueError(f"the network {self.name} was released")
        return self._descriptor

    def release(self) -> None:
        """Free the network, whoever else has the file open."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self.leave_to_reaper()

    def leave_to_reaper(self) -> None:
        """Close the file here: the reaper of a kept run holds the network."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def take_network(names: Sequence[str]) -> NetworkLease | None:
    """Take the first network that no run has; None where runs share the network `proxy`.

    Args:
        names: the networks in the server file.

    Raises:
        NodeFailure: other runs have all of them.

    Example: ``take_network(["run-1", "run-2"])``
    """
    folder = private_dir("networks")
    for name in names:
        descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        if locks.try_lock(descriptor):
            return NetworkLease(name, descriptor)
        os.close(descriptor)
    if names:
        raise NodeFailure(
            f"Other runs have all networks of 'networks' in the server file: {', '.join(names)}. "
            "Add one for each place of the budget, or wait until a run has ended."
        )
    return None
