"""Where the Mumble server under test is reached."""

from ccci.bridge.session import session
from ccci.swarm.ports import address_of_port


def mumble_address(protocol: str, by_traefik: bool = True) -> tuple[str, int]:
    """Return host and port of the server, for ``tcp`` or ``udp``; see `address_of_port`.

    The number is one for both, and the one that recipe.toml names for the app's health.
    """
    driver = session.driver
    port = driver.health_port(driver.target.swarm)
    assert port is not None
    return address_of_port(port.swarm, session.app, port.number, protocol, by_traefik)
