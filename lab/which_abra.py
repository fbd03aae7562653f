"""Which abra is used: the one that ABRA names, else the one on PATH, else the lab's own."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.settings import REPO

LABS_OWN = REPO / "lab" / "standins" / "abra"
VERSION_SECONDS = 20


@dataclass(frozen=True)
class Abra:
    """An abra and where it was found (`found`, words for people)."""

    path: Path
    found: str

    @property
    def is_labs_own(self) -> bool:
        return self.path.resolve() == LABS_OWN

    def version(self) -> str:
        """What it calls itself.

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
            raise LabError(f"{self.path} --version does not answer: {error}") from error
        if done.returncode != 0:
            raise LabError(f"{self.path} --version failed: {done.stderr.strip()[-200:]}")
        return done.stdout.strip()


def choose(environment: Mapping[str, str] = os.environ) -> Abra:
    """Choose the abra for this call.

    Raises:
        LabError: ABRA names no program.
    """
    named = environment.get("ABRA")
    if named:
        path = shutil.which(named)
        if path is None:
            raise LabError(f"ABRA={named} is no program: correct or unset it")
        return Abra(Path(path), "named by ABRA")
    on_path = shutil.which("abra", path=environment.get("PATH"))
    if on_path and Path(on_path).resolve() != LABS_OWN:
        return Abra(Path(on_path), "on PATH")
    return Abra(LABS_OWN, "the lab's own, as no abra is on PATH")
