"""A small image for the tests of the lab's abra, with a few programs of this machine."""

import io
import re
import subprocess
import tarfile
from pathlib import Path

from tests.abra_home import IMAGE

_PROGRAMS = ["sh", "sleep", "cat", "test", "id", "touch"]


def make_image() -> None:
    """Import the image under IMAGE."""
    files: dict[str, Path] = {}
    for name in _PROGRAMS:
        program = _output("which", name).strip()
        files[f"bin/{name}"] = Path(program)
        for library in re.findall(r"(/\S+) \(", _output("ldd", program)):
            files[library.lstrip("/")] = Path(library)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", dereference=True) as archive:
        for name, path in files.items():
            archive.add(path.resolve(), name)
        for text, name in [("root:x:0:0::/:/bin/sh\n", "etc/passwd"), ("", "tmp/keep")]:
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode("ascii")))
    command = ["docker", "import", "--change", "ENV PATH=/bin", "-", IMAGE]
    done = subprocess.run(command, input=packed.getvalue(), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr


def remove_image() -> None:
    """Remove the image."""
    subprocess.run(["docker", "rmi", "--force", IMAGE], check=True, capture_output=True, timeout=60)


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
