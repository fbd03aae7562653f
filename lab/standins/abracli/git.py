"""Runs git."""

import os
import subprocess
from pathlib import Path

from lab.standins.abracli.logs import Fatal, debug

# A recipe is data, so git must not run programs for it: no hooks, no prompts, and no filters of the
# machine's configuration (such as LFS), which a recipe's .gitattributes can name.
_OPTIONS = ["-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null"]
_OPTIONS += ["-c", "core.fsmonitor=false"]
_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "LC_ALL": "C",
}


def git(at: Path, *arguments: str, allow_failure: bool = False) -> str | None:
    """Run git and return its output, without the last newline.

    Args:
        at: the working tree of the repository.
        arguments: the arguments after `git`.
        allow_failure: return None if git fails, instead of raising.

    Raises:
        Fatal: git failed, and `allow_failure` is not set.
    """
    # git sets such variables if it is the caller; they would name another repository.
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env |= _ENVIRONMENT
    debug(f"git {' '.join(arguments)} (in {at})")
    done = subprocess.run(
        ["git", *_OPTIONS, *arguments],
        cwd=at,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        if allow_failure:
            return None
        raise Fatal(f"git {arguments[0]} in {at}: {done.stderr.strip() or done.returncode}")
    return done.stdout.rstrip("\n")
