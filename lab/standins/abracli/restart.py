"""Restarts services by scaling them to 0 and back, as abra does."""

import time

from lab.standins.abracli import converge, engine
from lab.standins.abracli.app import App
from lab.standins.abracli.deploy import DEFAULT_TIMEOUT_SECONDS, require_deployed
from lab.standins.abracli.logs import Fatal, info

_POLL_SECONDS = 0.2


def restart(app: App, service: str, all_services: bool) -> None:
    """Scale services to 0 and back, and wait for both.

    Args:
        app: the app.
        service: the short name of the service; "" with `all_services`.
        all_services: restart all services, one after the other.

    Raises:
        Fatal: the app is not deployed, has no such service, or the service does not start in time.
    """
    if bool(service) == all_services:
        raise Fatal("give either a service or --all-services/-a")
    require_deployed(app)
    found = {str(s["Spec"]["Name"]): s for s in engine.of_stack("services", app.stack)}
    names = sorted(found) if all_services else [f"{app.stack}_{service}"]
    for name in names:
        if name not in found:
            known = ", ".join(full.removeprefix(f"{app.stack}_") for full in sorted(found))
            raise Fatal(f"{app.name} has no service '{service}', only: {known}")
        replicated = found[name]["Spec"]["Mode"].get("Replicated")
        if replicated is None:
            raise Fatal(f"{name} is a global service and cannot be scaled")
        info(f"restarting {name}")
        _scale(app, name, 0)
        _scale(app, name, int(replicated.get("Replicas", 1)))


def remove_stopped_containers(app: App) -> None:
    """Remove the stopped containers of an undeployed app."""
    for container in engine.of_stack("containers", app.stack):
        engine.request("DELETE", f"/containers/{container['Id']}")


def _scale(app: App, name: str, replicas: int) -> None:
    engine.run_docker(["service", "scale", "--detach", f"{name}={replicas}"])
    deadline = time.monotonic() + DEFAULT_TIMEOUT_SECONDS
    while True:
        state = converge.states_of(app.stack)[name]
        if replicas == 0 and not _containers(app, name):
            return
        if replicas and state.running >= replicas:
            return
        if time.monotonic() >= deadline:
            raise Fatal(f"restart timed out: {state}, wanted {replicas}")
        time.sleep(_POLL_SECONDS)


def _containers(app: App, name: str) -> list[str]:
    return [
        str(container["Id"])
        for container in engine.of_stack("containers", app.stack)
        if container["Labels"].get("com.docker.swarm.service.name") == name
        and container["State"] == "running"
    ]
