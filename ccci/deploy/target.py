"""Where the apps of a run are deployed, and the ways to get there."""

from dataclasses import dataclass, field

from ccci.deploy.abra import Abra
from ccci.node.server import Server
from ccci.swarm.limit_watch import LimitWatch
from ccci.swarm.view import SwarmView
from ccci.web.http import Client


@dataclass(frozen=True)
class Target:
    """One server, as one run uses it.

    Attributes:
        server: what the server file says of it.
        abra: changes it; with the run's own ABRA_DIR.
        swarm: reads its state.
        client: sends requests to its apps.
        network: of the run alone, in the place of `proxy`; "" where runs share that.
        limits: watches that the run's apps keep to their limits.
    """

    server: Server
    abra: Abra
    swarm: SwarmView
    client: Client
    network: str = ""
    limits: LimitWatch = field(default_factory=LimitWatch)
