"""Waiting until an app of the lab answers by HTTPS, through Traefik."""

import docker

from lab import answers, stacks
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
    explains: str,
) -> bytes:
    """Wait until `https://<name>.<domain><path>` answers with status 200.

    Args:
        client: Docker, for the last words of what does not answer.
        settings: the lab's.
        authority: the lab's, which the certificate must be of.
        name: the app's name in the lab.
        path: with its leading slash.
        explains: the app of the lab whose last words are told when there is no answer.

    Returns:
        the answer's body.

    Raises:
        LabError: no such answer in time.

    Example:
        wait(client, settings, authority, "sentinel", "/sentinel.txt", explains="traefik")
    """
    host, body, last = settings.name(name), b"", "nothing"

    def answered() -> bool:
        nonlocal body, last
        try:
            answer = answers.get(
                host,
                path,
                address="127.0.0.1",
                port=settings.https_port,
                bundle=authority.bundle,
            )
        except OSError as error:
            last = str(error)
            return False
        body, last = answer.body, f"status {answer.status}"
        return answer.status == 200

    until(
        answered,
        within_seconds=SECONDS,
        failure=lambda: (
            f"https://{host}{path} did not answer 200 within {SECONDS:.0f} s; seen last: {last}. "
            f"{stacks.last_words(client, stacks.stack_name(settings.name(explains)))}"
        ),
    )
    return body
