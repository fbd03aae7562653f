"""Whose fault it is that an abra command failed or did not end: the recipe's or the node's."""

import re
from collections.abc import Sequence

from ccci.errors import CcciError, NodeFailure, RecipeFailure

# Commands of `abra app`, with abra's short names for them. These run something in the recipe's own
# containers and wait for it.
_IN_CONTAINERS = {
    *("run", "r", "command", "cmd", "cp", "c", "restart", "re"),
    *("backup", "b", "restore", "rs"),
}
# These read the recipe's files.
_DEPLOY = {"deploy", "d", "upgrade", "up", "rollback", "rl"}
# These read them too, and do much besides.
_MAKES = {"new", "n", "secret", "s"}
APP = {"app", "a"}
# What Docker and the system say when they are the reason, whatever the command.
_NODE = re.compile(
    r"cannot connect to the docker daemon|error during connect|is the docker daemon running"
    r"|swarm does not have a leader|this node is not a swarm manager|no space left on device"
    r"|cannot allocate memory",
    re.IGNORECASE,
)
# The same in a deployment, where no program of the recipe speaks.
_NETWORK = re.compile(
    r"dial (?:tcp|unix)|i/o timeout|tls handshake timeout|no such host|network is unreachable"
    # The Swarm's manager was too slow, or changed the service itself meanwhile.
    r"|rpc error: code = (?:DeadlineExceeded|Unavailable)|context deadline exceeded"
    r"|update out of sequence",
    re.IGNORECASE,
)
# What abra says of the recipe's files when it makes an app or its secrets.
_FILES = re.compile(r"missing version for secret|\byaml: |interpolat", re.IGNORECASE)


def command_of(arguments: Sequence[str]) -> str:
    """Return the command of an app that the arguments name; "" for another part of abra.

    Example:
        >>> command_of(["--debug", "app", "-n", "deploy", "blog.lab.test"])
        'deploy'
    """
    plain = [argument for argument in arguments if not argument.startswith("-")]
    return plain[1] if len(plain) > 1 and plain[0] in APP else ""


def deploys(command: str) -> bool:
    """Return whether a command of an app deploys it."""
    return command in _DEPLOY


def kind_of_failure(arguments: Sequence[str], output: str) -> type[CcciError]:
    """Return the kind of error for a command that ended with an unexpected exit code.

    Args:
        arguments: those after `abra`.
        output: what it wrote.

    Example:
        >>> kind_of_failure(["app", "cp", "blog.lab.test", "a", "app:/a"], "no such file").__name__
        'RecipeFailure'
    """
    command = command_of(arguments)
    if command in _DEPLOY:
        node = _NODE.search(output) or _NETWORK.search(output)
        return NodeFailure if node else RecipeFailure
    if command in _IN_CONTAINERS:
        return NodeFailure if _NODE.search(output) else RecipeFailure
    return RecipeFailure if command in _MAKES and _FILES.search(output) else NodeFailure


def kind_when_late(arguments: Sequence[str]) -> type[CcciError]:
    """Return the kind of error for a command that did not end: what runs in a container hangs."""
    return RecipeFailure if command_of(arguments) in _IN_CONTAINERS else NodeFailure
