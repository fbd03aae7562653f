"""A file as a running container sees it, with what the Swarm mounts there: `cat`, in the container.

Docker's own copy of a container's files lacks configs and secrets; see `ccci.swarm.copying`.
"""

import subprocess
from threading import Timer

ENVIRONMENT = "/proc/1/environ"
_MOST_BYTES = 1 << 20
_SECONDS = 20.0


def read_as_seen(container: str, path: str) -> bytes | None:
    """Return a file of a running container, at most 1 MiB of it; None if it cannot be read.

    Args:
        container: its id.
        path: the file's absolute path in it.

    Example:
        ``read_as_seen(container.id, "/run/secrets/db_password")``
    """
    command = ["docker", "exec", "--user", "0", container, "cat", path]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout
        late = Timer(_SECONDS, process.kill)
        late.start()
        try:
            content = process.stdout.read(_MOST_BYTES)
            process.stdout.close()  # What writes more is ended by that.
            code = process.wait()
        finally:
            late.cancel()
    return content if code == 0 else None


def variables_in(environment: bytes) -> dict[str, bytes]:
    """Return the variables in `/proc/<pid>/environ` of a process; empty ones are left out.

    Example:
        >>> variables_in(b"PATH=/bin\\0EMPTY=\\0")
        {'PATH': b'/bin'}
    """
    pairs = [pair.partition(b"=") for pair in environment.split(b"\0")]
    return {name.decode("utf-8", "replace"): value for name, _, value in pairs if value}
