"""Finds the abra to use: the one that ABRA names, else the one on PATH, else the lab's own."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.settings import REPO

LAB_ABRA = REPO / "lab" / "standins" / "abra"
VERSION_SECONDS = 20


@dataclass(frozen=True)
class Abra:
    """An abra, and how it was found (`found`, for messages)."""

    path: Path
    found: str

    @property
    def is_lab_abra(self) -> bool:
        return self.path.resolve() == LAB_ABRA

    def version(self) -> str:
        """Return what it prints as its version.

        Raises:
            LabError: it does not run.
        """
        try:
            done = subprocess.run(
                [str(self.path), "--version"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=VERSION_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LabError(f"`{self.path} --version` could not be run: {error}") from error
        if done.returncode != 0:
            raise LabError(f"`{self.path} --version` failed: {done.stderr.strip()[-200:]}")
        return done.stdout.strip()


def choose(environment: Mapping[str, str] = os.environ) -> Abra:
    """Return the abra to use.

    Raises:
        LabError: ABRA is not the path of a program.
    """
    named = environment.get("ABRA")
    if named:
        path = shutil.which(named)
        if path is None:
            raise LabError(f"ABRA={named} is not a program: correct or unset it")
        return Abra(Path(path), "named by ABRA")
    on_path = shutil.which("abra", path=environment.get("PATH"))
    if on_path and Path(on_path).resolve() != LAB_ABRA:
        return Abra(Path(on_path), "on PATH")
    return Abra(LAB_ABRA, "the lab's own, as no abra is on PATH")
