"""A file as a running container sees it, with what the Swarm mounts there: `cat`, in the container.

Docker's own copy of a container's files lacks configs and secrets; see `ccci.swarm.copying`.
"""

import signal
import subprocess
from threading import Timer

from ccci.errors import NodeFailure

ENVIRONMENT = "/proc/1/environ"
_MOST_BYTES = 1 << 20
_SECONDS = 20.0
# How Docker begins what it says itself, where no program was started.
_OF_DOCKER = "Error response from daemon"


def read_as_seen(container: str, path: str) -> bytes | None:
    """Return a file of a running container, at most 1 MiB of it; None if it cannot be read.

    Args:
        container: its id.
        path: the file's absolute path in it.

    Raises:
        NodeFailure: Docker could not say, so that nothing is known of the file.

    Example:
        ``read_as_seen(container.id, "/run/secrets/db_password")``
    """
    command = ["docker", "exec", "--user", "0", container, "cat", path]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout and process.stderr
        late = Timer(_SECONDS, process.kill)
        late.start()
        try:
            content = process.stdout.read(_MOST_BYTES)
            process.stdout.close()  # What writes more is ended by that.
            said = process.stderr.read(_MOST_BYTES).decode("utf-8", "replace").strip()
            code = process.wait()
        finally:
            late.cancel()
    if code == -signal.SIGKILL or _OF_DOCKER in said:
        why = said or f"no answer within {_SECONDS:g} s"
        raise NodeFailure(f"{path} could not be read in container {container[:12]}: {why}")
    return content if code == 0 else None


def variables_in(environment: bytes) -> dict[str, bytes]:
    """Return the variables in `/proc/<pid>/environ` of a process; empty ones are left out.

    Example:
        >>> variables_in(b"PATH=/bin\\0EMPTY=\\0")
        {'PATH': b'/bin'}
    """
    pairs = [pair.partition(b"=") for pair in environment.split(b"\0")]
    return {name.decode("utf-8", "replace"): value for name, _, value in pairs if value}
