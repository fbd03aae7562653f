"""The stacks of the lab: whether one is up, why not, and how to remove it."""

from collections.abc import Iterable
from typing import Any

import docker
from docker.errors import APIError, DockerException, NotFound
from docker.models.services import Service

from lab.errors import LabError
from lab.waiting import until

NAMESPACE = "com.docker.stack.namespace"
GONE_SECONDS = 90.0
LOG_LINES = 5
LONGEST_NAME = 45
TO_END = ("shutdown", "remove")
ENDED = ("complete", "shutdown", "failed", "rejected", "orphaned", "remove")
SETTLED = (None, "completed", "rollback_completed")


def stack_name(domain: str) -> str:
    """Return abra's stack name of a domain: `a_lab_test` for `a.lab.test`; long names are cut."""
    return domain.replace(".", "_")[:LONGEST_NAME]


def services(client: docker.DockerClient, stack: str) -> list[Service]:
    return client.services.list(filters={"label": f"{NAMESPACE}={stack}"})


def volumes(client: docker.DockerClient, stack: str) -> list[str]:
    found = client.volumes.list(filters={"label": f"{NAMESPACE}={stack}"})
    return sorted(str(volume.name) for volume in found)


def not_ready(client: docker.DockerClient, stack: str) -> str:
    """Return why the stack is not up, or "" if it is."""
    deployed = services(client, stack)
    if not deployed:
        return "no service is deployed"
    reasons = (_service_not_ready(client, service) for service in deployed)
    return "; ".join(reason for reason in reasons if reason)


def _service_not_ready(client: docker.DockerClient, service: Service) -> str:
    wanted = service.attrs["Spec"]["Mode"].get("Replicated", {}).get("Replicas", 1)
    update = service.attrs.get("UpdateStatus", {}).get("State")
    if update not in SETTLED:
        return f"{service.name} is being updated ({update})"
    tasks = _tasks(client, service)
    # A task that was replaced uses its ports and volumes until its container has ended.
    ending = [task["Status"]["State"] for task in tasks if _is_ending(task)]
    if ending:
        return f"{service.name} has an old task that has not ended yet ({', '.join(ending)})"
    states = [task["Status"]["State"] for task in tasks if task["DesiredState"] == "running"]
    if states.count("running") >= wanted:
        return ""
    seen = ", ".join(states) or "no task yet"
    return f"{service.name} has {states.count('running')} of {wanted} tasks running ({seen})"


def _is_ending(task: dict[str, Any]) -> bool:
    return task["DesiredState"] in TO_END and task["Status"]["State"] not in ENDED


def _tasks(client: docker.DockerClient, service: Service) -> list[dict[str, Any]]:
    found = client.api.tasks(filters={"service": str(service.id)})  # type: ignore[no-untyped-call]
    return list(found)


def wait_ready(client: docker.DockerClient, stack: str, *, within_seconds: float) -> None:
    """Wait until every service of the stack has all its tasks running.

    Raises:
        LabError: that did not happen in time; the message ends with the last lines of the logs.
    """
    until(
        lambda: not not_ready(client, stack),
        within_seconds=within_seconds,
        failure=lambda: (
            f"the stack {stack} is not up after {within_seconds:.0f} s: "
            f"{not_ready(client, stack)}. {last_log_lines(client, stack)}"
        ),
    )


def last_log_lines(client: docker.DockerClient, stack: str) -> str:
    """Return the last log lines of each service's newest task, and Swarm's error about it."""
    return " ".join(_log_lines_of(client, service) for service in services(client, stack))


def _log_lines_of(client: docker.DockerClient, service: Service) -> str:
    newest_first = sorted(_tasks(client, service), key=lambda task: str(task["CreatedAt"]))[::-1]
    for task in newest_first:
        status = task["Status"]
        container = status.get("ContainerStatus", {}).get("ContainerID")
        log = _log(client, container) if container else ""
        error = status.get("Err", "")
        if log or error:
            return f"Log of {service.name}: {' | '.join(filter(None, (error, log)))}"
    return f"Log of {service.name}: empty."


def _log(client: docker.DockerClient, container: str) -> str:
    try:
        raw = client.containers.get(container).logs(tail=LOG_LINES)
    except (NotFound, DockerException):
        return ""
    return " | ".join(raw.decode(errors="replace").strip().splitlines())


def remove(client: docker.DockerClient, stack: str) -> None:
    """Remove the services, configs, networks and volumes that have the label of the stack.

    Raises:
        LabError: something could not be removed in time.
    """
    for service in services(client, stack):
        client.api.remove_service(str(service.id))  # type: ignore[no-untyped-call]
    label: dict[str, str | list[str] | bool] = {"label": f"{NAMESPACE}={stack}"}
    until(
        lambda: not client.containers.list(all=True, filters=label, ignore_removed=True),
        within_seconds=GONE_SECONDS,
        failure=lambda: f"containers of {stack} still exist after {GONE_SECONDS:.0f} s",
    )
    for config in client.configs.list(filters=label):
        config.remove()
    # Docker can remove volumes and networks only a moment after the last container.
    until(
        lambda: (
            _removed(client.networks.list(filters=label))
            and _removed(client.volumes.list(filters=label))
        ),
        within_seconds=GONE_SECONDS,
        failure=lambda: (
            f"networks or volumes of {stack} are still in use: {volumes(client, stack)}"
        ),
    )


def _removed(resources: Iterable[object]) -> bool:
    done = True
    for resource in resources:
        try:
            resource.remove()  # type: ignore[attr-defined]
        except NotFound:
            continue
        except APIError:
            done = False
    return done


def refuse_foreign_stack(client: docker.DockerClient, stack: str) -> None:
    """Fail if services or volumes of a stack exist. Call this if the lab did not create it.

    Raises:
        LabError: some exist; the message names them.
    """
    existing = [str(service.name) for service in services(client, stack)] + volumes(client, stack)
    if existing:
        raise LabError(
            f"{', '.join(existing)} of the stack {stack} exist, and the lab did not create them: "
            "remove them, or set another LAB_DOMAIN"
        )
