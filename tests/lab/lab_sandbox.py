"""An isolated environment for tests of `lab up` and `lab down`.

It has its own mounts and network, so also its own Docker daemon and its own ports 80 and 443. The
lab on the machine itself is not affected. It has no network connection: nothing can be pulled or
installed in it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from ccci.project import PROJECT

REPO = PROJECT
SECONDS = 300
PREPARE = """
set -e
mount -t tmpfs tmpfs /run
mount --bind "$1/docker" /var/lib/docker
ip link set lo up
echo ready
exec sleep infinity
"""


@dataclass(frozen=True)
class Done:
    code: int
    output: str


@dataclass(frozen=True)
class Sandbox:
    """One such environment; `folder` is shared with the machine itself."""

    folder: Path
    process: int

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def run(self, *command: str, **environment: str) -> Done:
        """Run a command inside; the output is that of stdout and stderr together."""
        inside = ["nsenter", f"--target={self.process}", "--mount", "--net", "--pid", "--"]
        settings = {"CCCI_STATE_DIR": str(self.state), "LAB_PULL": "never", **environment}
        done = subprocess.run(
            [*inside, *command],
            env={**os.environ, **settings},
            cwd=REPO,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout)

    def lab(self, *arguments: str, **environment: str) -> Done:
        return self.run(sys.executable, "-m", "lab", *arguments, **environment)

    def lines(self, *command: str) -> set[str]:
        """Run a command that must succeed, and return the lines that it prints."""
        done = self.run(*command)
        assert done.code == 0, done.output
        return {line for line in done.output.splitlines() if line and not line.startswith("WARN")}


@contextmanager
def machine(folder: Path) -> Iterator[Sandbox]:
    """Create such an environment in `folder`, and remove it with everything in it at the end."""
    (folder / "docker").mkdir()
    # When this process ends, the first process inside is killed, and so are all others.
    command = ["setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--net", "--pid", "--fork"]
    command += ["--kill-child", "--mount-proc", "sh", "-c", PREPARE, "sh", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline().strip() == b"ready", "this machine has no namespaces"
            sandbox = Sandbox(folder, psutil.Process(holder.pid).children()[0].pid)
            yield sandbox
            sandbox.lab("down")
        finally:
            holder.kill()
