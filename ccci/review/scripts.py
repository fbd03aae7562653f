"""Shell scripts of a recipe: each must be one that its shell can read."""

import re
import subprocess
from collections.abc import Iterator, Mapping

_SHEBANG = re.compile(r"#!\s*\S*?(?:/env\s+)?(\w*sh)\b")
# A template is a script only once the Swarm has filled it in.
_TEMPLATE = "{{"
_SECONDS = 20


def unreadable(files: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each script that has an error of syntax; nothing of it is run.

    Scripts are abra.sh, and files that end with .sh or begin with `#!` and a shell. Read are those
    for sh and bash, by bash, which reads both.

    Args:
        files: path to text.

    Example:
        >>> list(unreadable({"abra.sh": "export A=1\\n"}))
        []
    """
    for path, text in sorted(files.items()):
        found = _SHEBANG.match(text)
        shell = found.group(1) if found else "bash" if path.endswith(".sh") else ""
        if shell not in ("sh", "bash", "dash", "ash") or _TEMPLATE in text:
            continue
        done = subprocess.run(
            ["bash", *(["--posix"] if shell != "bash" else []), "-n", "/dev/stdin"],
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            said = done.stderr.strip().splitlines()
            first = said[0].removeprefix("/dev/stdin: ") if said else f"exit code {done.returncode}"
            yield f"{path}: {shell} cannot read it: {first}."
