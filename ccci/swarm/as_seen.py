"""A file as a running container sees it, with what the Swarm mounts there: `cat`, in the container.

Docker's own copy of a container's files lacks configs and secrets; see `ccci.swarm.copying`. An
image without `cat`, as one without a shell, is read from the node, by the folder that the kernel
keeps for the container's first process; only root may do that. Source: proc(5), `/proc/pid/root`.
"""

import signal
import subprocess
import sys
from threading import Timer

from ccci.errors import NodeFailure

ENVIRONMENT = "/proc/1/environ"
_MOST_BYTES = 1 << 20
_SECONDS = 20.0
# How Docker begins what it says itself, where no program was started.
_OF_DOCKER = "Error response from daemon"
_NO_CAT = "executable file not found"
# Run by itself, since a change of the root folder is for good. The number of a process may be given
# to another one at any time: what is opened first stays the folder of one process, and its mounts
# name the container. After the change nothing may be imported: it would come from the container. A
# link of the container leads to a file of the container; a device or a pipe, which only opening
# would set off, is not opened.
_READER = """
import os, stat, sys
process, container, path, most = sys.argv[1:]
try:
    opened = os.open("/proc/self/fd", os.O_DIRECTORY)
    os.chdir(f"/proc/{process}")
    with open("mountinfo") as mounts:
        if container not in mounts.read():
            os._exit(3)
except (FileNotFoundError, ProcessLookupError):
    os._exit(3)
try:
    os.chroot("root")
    os.chdir("/")
    found = os.open(path, os.O_PATH)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os._exit(2)
    content = os.open(str(found), os.O_RDONLY, dir_fd=opened)
    left = int(most)
    while left > 0 and (part := os.read(content, left)):
        left -= len(part)
        while part:
            part = part[os.write(1, part):]
except BaseException:
    os._exit(2)
os._exit(0)
"""
_GONE = 3


def read_as_seen(container: str, path: str) -> bytes | None:
    """Return a file of a running container, at most 1 MiB of it; None if it cannot be read.

    Args:
        container: its id, in full.
        path: the file's absolute path in it.

    Raises:
        NodeFailure: Docker could not say, so that nothing is known of the file.

    Example:
        ``read_as_seen(container.id, "/run/secrets/db_password")``
    """
    code, content, said = _ended(["docker", "exec", "--user", "0", container, "cat", path])
    # Which of the two outputs has Docker's sentence depends on its version.
    if code and _NO_CAT in content.decode("utf-8", "replace") + said:
        return _read_from_the_node(container, path)
    if code == -signal.SIGKILL or _OF_DOCKER in said:
        raise _unknown(container, path, said or f"no answer within {_SECONDS:g} s")
    return content if code == 0 else None


def _read_from_the_node(container: str, path: str) -> bytes | None:
    question = ["docker", "inspect", "--format", "{{.State.Pid}}", container]
    code, process, said = _ended(question)
    if code:
        raise _unknown(container, path, said or f"no answer within {_SECONDS:g} s")
    arguments = [process.decode().strip(), container, path, str(_MOST_BYTES)]
    code, content, _ = _ended([sys.executable, "-I", "-c", _READER, *arguments])
    if code in (_GONE, -signal.SIGKILL):
        raise _unknown(container, path, "its first process ended, or the file has no end")
    return content if code == 0 else None


def _unknown(container: str, path: str, why: str) -> NodeFailure:
    return NodeFailure(f"{path} could not be read in container {container[:12]}: {why}")


def _ended(command: list[str]) -> tuple[int, bytes, str]:
    """Return how a command ended, what it wrote, and its errors with what Docker says of it."""
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
    return code, content, said


def variables_in(environment: bytes) -> dict[str, bytes]:
    """Return the variables in `/proc/<pid>/environ` of a process; empty ones are left out.

    Example:
        >>> variables_in(b"PATH=/bin\\0EMPTY=\\0")
        {'PATH': b'/bin'}
    """
    pairs = [pair.partition(b"=") for pair in environment.split(b"\0")]
    return {name.decode("utf-8", "replace"): value for name, _, value in pairs if value}
