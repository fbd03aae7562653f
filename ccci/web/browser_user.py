"""As whom Chromium runs, and whether its sandbox can be on.

Pages of a pull request run in it: it is not root, and its sandbox is on, where the machine allows
both. As root Chromium refuses its sandbox, which is made of user namespaces.
Source: https://chromium.googlesource.com/chromium/src/+/main/docs/linux/sandboxing.md
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache

USER = "ccci-browser"
_SECONDS = 20


@dataclass(frozen=True)
class Confinement:
    """How the browser is confined.

    Attributes:
        user: as whom it runs; "" for the user who starts it.
        sandbox: whether its sandbox is on.
        why_not: why it is root, or without its sandbox; "" if all is well.
        remedy: what to do about that.
    """

    user: str
    sandbox: bool
    why_not: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        who = self.user or pwd.getpwuid(os.geteuid()).pw_name
        told = f": {self.why_not}" if self.why_not else ""
        return f"Chromium runs as {who}, with{'' if self.sandbox else 'out'} its sandbox{told}"


@cache
def confinement() -> Confinement:
    """Find out how the browser can be confined on this machine.

    Example:
        >>> confinement()  # doctest: +SKIP
        Confinement(user='ccci-browser', sandbox=True, why_not='', remedy='')
    """
    user = ""
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(USER)
        except KeyError:
            return Confinement("", False, f"there is no user {USER}", "`make setup` makes the user")
        user = USER
    refused = _refused(user)
    if not refused:
        return Confinement(user, True)
    return Confinement(
        user,
        False,
        f"this machine refuses user namespaces ({refused})",
        "allow them: sysctl user.max_user_namespaces above 0, and where they exist "
        "kernel.unprivileged_userns_clone=1 and kernel.apparmor_restrict_unprivileged_userns=0",
    )


def as_user(user: str) -> list[str]:
    """Return the words before a command that is to run as a user; none for ""."""
    if not user:
        return []
    words = [f"--reuid={user}", f"--regid={user}", "--clear-groups", "--inh-caps=-all"]
    return [shutil.which("setpriv") or "setpriv", *words, "--no-new-privs"]


def _refused(user: str) -> str:
    """Return why the namespaces of the sandbox cannot be made; "" if they can."""
    new = ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "true"]
    try:
        done = subprocess.run(
            [*as_user(user), *new],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            cwd="/",
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip()[-200:] or f"{new[0]} failed"
