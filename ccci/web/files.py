"""A file with known content, to be published or uploaded, and found again byte for byte."""

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class File:
    """A file with known content: its name, its path on this machine, and its bytes."""

    name: str
    path: Path
    content: bytes

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.content)

    @property
    def sha256(self) -> str:
        """The checksum of its bytes, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()
