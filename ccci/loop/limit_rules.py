"""The rules for what a service may ask of the node: bounds on numbers and sizes.

Memory, processes, the log and the disk are not judged here: the run limits them itself, whatever a
compose file asks for.
"""

import re
from collections.abc import Callable

import yaml

from ccci.loop.compose_file import ComposeFile
from ccci.loop.yamltree import entries, items, values

_MIB = 1 << 20
MOST_REPLICAS = 10
MOST_SHARED_MEMORY = MOST_TMPFS = 1024 * _MIB
_MOST_LOG_BUFFER = 16 * _MIB
# As Docker reads it (64m, 64MB, 67108864), and as the kernel reads the size of a tmpfs.
_SIZE = re.compile(r"([0-9]{1,15})(?:\.[0-9]{1,3})? ?([kmgtp]?)(?:i?b)?", re.IGNORECASE | re.ASCII)
_UNIT_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(h|ms|m|us|ns|s)", re.ASCII)
_ULIMITS = {"nofile": 1 << 20, "nproc": 1 << 16, "core": 0}
_LOG_OPTIONS = (
    "compress", "env", "env-regex", "labels", "labels-regex", "max-file", "max-size", "mode", "tag",
)  # fmt: skip


def number_of(text: str) -> int | None:
    """Return a whole number; None for any other text, and for -1, which means: no limit."""
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text, re.ASCII) else None


def size_of(text: str) -> int | None:
    """Return a size in bytes, rounded up; None for any other text, such as 50%.

    Example:
        >>> size_of("64m"), size_of("1.5GiB") == 2 << 30, size_of("50%")
        (67108864, True, None)
    """
    found = _SIZE.fullmatch(text)
    if not found:
        return None
    whole = int(found[1]) + ("." in text)
    return whole << 10 * " kmgtp".index(found[2].lower() or " ")


def seconds_of(text: str) -> float | None:
    """Return a duration as Docker reads it, in seconds; None for any other text.

    Example:
        >>> seconds_of("1m30s"), seconds_of("500ms"), seconds_of("0"), seconds_of("soon")
        (90.0, 0.5, 0.0, None)
    """
    if text == "0":
        return 0.0
    if not text or _DURATION.sub("", text):
        return None
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _DURATION.findall(text))


def require_size(
    compose: ComposeFile, where: str, place: yaml.Node, key: str, text: str, most: int
) -> None:
    """Require an approval for a size that is more than `most` bytes, is 0, or cannot be read."""
    size = size_of(text)
    if not size or size > most:
        _require(compose, where, place, key, text, f"at most {most // _MIB} MiB")


def check_tmpfs(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    """Check the `tmpfs` of a service: paths, with options after a colon."""
    for item in items(node):
        for text in compose.texts(item, f"a tmpfs of {where}"):
            for option in text.partition(":")[2].split(","):
                check_tmpfs_option(compose, f"a tmpfs of {where}", item, option)


def check_tmpfs_option(compose: ComposeFile, where: str, place: yaml.Node, option: str) -> bool:
    """Check one option of a tmpfs; return whether it is one that a tmpfs may have."""
    key, _, value = option.partition("=")
    if key == "size":
        require_size(compose, where, place, "size", value, MOST_TMPFS)
    elif key in ("uid", "gid", "mode"):
        if number_of(value) is None:
            compose.refuse(place, f"{where} has {option!r}", f"Write a number after {key}=")
    elif option not in ("", "nosuid", "nodev", "noexec", "exec", "ro", "rw"):
        compose.require_approval(place, f"volume-option:{option}", f"{where} has {option!r}")
        return False
    return True


def _require(
    compose: ComposeFile, where: str, place: yaml.Node, key: str, text: str, allowed: str
) -> None:
    what = f"{where} asks for {key}: {text}; allowed is {allowed}"
    compose.require_approval(place, f"limit:{key}={text}", what, f"Ask for {allowed}")


def _numbers(compose: ComposeFile, where: str, node: yaml.Node, key: str, most: int) -> None:
    for text in compose.texts(node, f"'{key}' of {where}"):
        number = number_of(text)
        if number is None or number > most:
            _require(compose, where, node, key, text, f"at most {most}")


def check_replicas(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    """Check how many tasks a service asks for."""
    _numbers(compose, where, node, "replicas", MOST_REPLICAS)


def _shm_size(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    for text in compose.texts(node, f"'shm_size' of {where}"):
        require_size(compose, where, node, "shm_size", text, MOST_SHARED_MEMORY)


def _oom_score(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    """With a negative score, the kernel ends other programs of the node first."""
    _numbers(compose, where, node, "oom_score_adj", 1000)


def _ulimits(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    for entry in entries(node):
        inner = entries(entry.value)
        for value in [one.value for one in inner] or [entry.value]:
            if entry.key in _ULIMITS:
                _numbers(compose, where, value, entry.key, _ULIMITS[entry.key])
                continue
            # `memlock` is within the limit of memory; others, such as `rtprio`, are not.
            for text in compose.texts(value, f"'{entry.key}' of {where}"):
                if entry.key not in ("memlock", "stack", "fsize"):
                    what = f"{where} sets the ulimit {entry.key}: {text}"
                    compose.require_approval(value, f"limit:{entry.key}={text}", what)


def check_log_options(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    """Check the options of a log driver, which the Docker daemon acts on."""
    for options in values(node, "options"):
        for entry in entries(options):
            for text in compose.texts(entry.value, f"a log option of {where}"):
                if entry.key == "max-buffer-size":
                    require_size(compose, where, entry.value, entry.key, text, _MOST_LOG_BUFFER)
                elif entry.key not in _LOG_OPTIONS:
                    what = f"{where} sets the log option {entry.key}: {text}"
                    compose.require_approval(entry.value, f"log-option:{entry.key}={text}", what)


def _health_check(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    """Check how often Docker runs the command: its own work for that is in no limit of the app."""
    for key in ("interval", "start_interval"):
        for value in values(node, key):
            for text in compose.texts(value, f"'{key}' of the health check of {where}"):
                seconds = seconds_of(text)
                # With 0 Docker takes its own: 30 s, and 5 s while the service starts.
                if seconds is None or 0 < seconds < 1:
                    _require(compose, where, value, f"healthcheck-{key}", text, "1s or more")


def check_restarts(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    """Check how soon Swarm starts a task again that ended: each start is work of the daemon."""
    for value in values(node, "delay"):
        for text in compose.texts(value, f"'delay' of the restart policy of {where}"):
            seconds = seconds_of(text)
            if seconds is None or seconds < 1:
                _require(compose, where, value, "restart-delay", text, "1s or more")


LIMITS: dict[str, Callable[[ComposeFile, str, yaml.Node], None]] = {
    "scale": check_replicas, "shm_size": _shm_size, "oom_score_adj": _oom_score,
    "ulimits": _ulimits, "tmpfs": check_tmpfs, "healthcheck": _health_check,
}  # fmt: skip
