"""git, as a function call."""

import os
import subprocess
from pathlib import Path

from lab.standins.abracli.logs import Fatal, debug

# A recipe is data: hooks are never run, and a prompt would never be answered. Nor are filters that
# the machine has (LFS is one), which a recipe's .gitattributes would call.
_OPTIONS = ["-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null"]
_OPTIONS += ["-c", "core.fsmonitor=false"]
_QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "LC_ALL": "C",
}


def git(at: Path, *words: str, may_fail: bool = False) -> str | None:
    """Run git in `at` and return what it wrote, without the last newline.

    Args:
        at: the repository's working tree.
        words: the words after `git`.
        may_fail: return None instead of raising.

    Raises:
        Fatal: git failed, and `may_fail` is not set.
    """
    # Set when git itself called us; they would point it at another repository.
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env |= _QUIET
    debug(f"git {' '.join(words)} (in {at})")
    done = subprocess.run(
        ["git", *_OPTIONS, *words],
        cwd=at,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        if may_fail:
            return None
        raise Fatal(f"git {words[0]} in {at}: {done.stderr.strip() or done.returncode}")
    return done.stdout.rstrip("\n")
