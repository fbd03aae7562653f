"""Waits until an app of the lab responds by HTTPS, through Traefik."""

import docker

from lab import https, stacks
from lab.ca import Authority
from lab.settings import Settings
from lab.waiting import until

SECONDS = 60.0


def wait(
    client: docker.DockerClient,
    settings: Settings,
    authority: Authority,
    name: str,
    path: str,
    *,
    log_of: str,
) -> bytes:
    """Wait until `https://<name>.<domain><path>` responds with status 200.

    Args:
        client: a client of Docker, for the logs in the error.
        settings: the settings of the lab.
        authority: the lab's certificate authority; the certificate must be from it.
        name: the name of the app in the lab.
        path: the path, with the leading slash.
        log_of: the app of the lab whose last log lines are in the error.

    Returns:
        the body of the response.

    Raises:
        LabError: there was no such response in time.

    Example:
        wait(client, settings, authority, "sentinel", "/sentinel.txt", log_of="traefik")
    """
    host, body, last = settings.name(name), b"", "nothing"

    def is_ok() -> bool:
        nonlocal body, last
        try:
            response = https.get(
                host,
                path,
                address="127.0.0.1",
                port=settings.https_port,
                bundle=authority.bundle,
            )
        except OSError as error:
            last = str(error)
            return False
        body, last = response.body, f"status {response.status}"
        return response.status == 200

    until(
        is_ok,
        within_seconds=SECONDS,
        failure=lambda: (
            f"https://{host}{path} did not respond with status 200 within {SECONDS:.0f} s; "
            f"last result: {last}. "
            f"{stacks.last_log_lines(client, stacks.stack_name(settings.name(log_of)))}"
        ),
    )
    return body
