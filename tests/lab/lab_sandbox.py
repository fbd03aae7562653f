"""A machine of its own for tests of `lab up` and `lab down`.

Its own mounts and network, hence its own Docker daemon and its own ports 80 and 443; the lab on the
machine itself goes on undisturbed. It has no way out: nothing can be pulled or installed in it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
SECONDS = 300
PREPARE = """
set -e
mount -t tmpfs tmpfs /run
mount --bind "$1/docker" /var/lib/docker
ip link set lo up
"""


@dataclass(frozen=True)
class Done:
    code: int
    output: str


@dataclass(frozen=True)
class Sandbox:
    """One such machine; `folder` is shared with the outside."""

    folder: Path
    process: int

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def run(self, *command: str, **environment: str) -> Done:
        """Run a command inside; its output is stdout and stderr together."""
        inside = ["nsenter", "--target", str(self.process), "--mount", "--net", "--"]
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
        """The lines that a command which must succeed prints."""
        done = self.run(*command)
        assert done.code == 0, done.output
        return {line for line in done.output.splitlines() if line and not line.startswith("WARN")}


@contextmanager
def machine(folder: Path) -> Iterator[Sandbox]:
    """A new machine in `folder`, gone with everything in it at the end."""
    (folder / "docker").mkdir()
    command = ["unshare", "--mount", "--net", "--propagation", "private", "sh", "-c"]
    waiting = f"{PREPARE}\necho ready\nexec sleep infinity"
    with subprocess.Popen([*command, waiting, "sh", str(folder)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline().strip() == b"ready", "no namespaces on this machine?"
            yield Sandbox(folder, holder.pid)
        finally:
            Sandbox(folder, holder.pid).lab("down")
            holder.kill()
