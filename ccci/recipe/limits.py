"""The upper limits of an app's services: even parts of the app's share of the node.

Every task of an app gets the same part of the share. A service that asks for less in its compose
file gets that, and leaves more to the others. `[[limit]]` of recipe.toml gives a service another
part. So the services together never get more than the share, however many there are.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from ccci.errors import Misuse, RecipeFailure
from ccci.recipe.compose import fill_in
from ccci.recipe.tables import OwnName, Reason, Table

# No program of an app starts with less.
LEAST_MEMORY = 64 * 1024**2
_UNITS = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
# As Docker reads it: 512M, 1.5g, 1 GiB, 1073741824.
_DOCKERS = re.compile(r"(\d{1,15}(?:\.\d{1,9})?) ?([kmgtp]?)i?b?", re.IGNORECASE | re.ASCII)

Size = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5} (KiB|MiB|GiB)$")]


@dataclass(frozen=True)
class Amounts:
    """What a service, or a whole app, may use.

    Attributes:
        memory: bytes, with what it writes to a tmpfs.
        pids: processes and threads.
        log: bytes of its log.
        disk: bytes in the writable layers of containers and in volumes.
        millicores: thousandths of a core that it may reserve.
    """

    memory: int
    pids: int
    log: int
    disk: int
    millicores: int

    def times(self, number: int) -> "Amounts":
        """Return so many times these amounts."""
        return Amounts(**{name: value * number for name, value in asdict(self).items()})

    def less(self, other: "Amounts") -> "Amounts":
        """Return what is left when something else takes its amounts."""
        taken = asdict(other)
        return Amounts(**{name: value - taken[name] for name, value in asdict(self).items()})


class RaisedLimit(Table):
    """One `[[limit]]`: a service that needs more than an even part of the app's share.

    Attributes:
        service: its name in the compose files.
        memory: of each of its tasks, as in `"1 GiB"`.
        pids: processes and threads of each task.
        log: bytes that each task may log.
        disk: what it may write, to its own layer and to its volumes.
        reason: why it needs that.
    """

    service: OwnName
    memory: Size | None = None
    pids: int | None = Field(default=None, ge=16, le=16384)
    log: Size | None = None
    disk: Size | None = None
    reason: Reason

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.amounts:
            raise ValueError("it names no memory, pids, log or disk")
        return self

    @property
    def amounts(self) -> dict[str, int]:
        """The amounts that it names, by the names of `Amounts`."""
        named = {"memory": self.memory, "log": self.log, "disk": self.disk}
        sizes = {name: bytes_of(size) for name, size in named.items() if size}
        return sizes if self.pids is None else {**sizes, "pids": self.pids}


def limits_for(
    services: Mapping[str, list[dict[str, Any]]],
    share: Amounts,
    raised: list[RaisedLimit],
    settings: Mapping[str, str],
) -> dict[str, Amounts]:
    """Return service to the limits of each of its tasks.

    Args:
        services: what each compose file says of each service.
        share: what the whole app may use.
        raised: the `[[limit]]` of recipe.toml.
        settings: the values of variables in the compose files.

    Raises:
        RecipeFailure: there are more tasks than the share has room for, or they reserve more
            memory than it has.
        Misuse: the raised limits leave too little of the share for the other services.
    """
    # What has no replicas is started by something else, once.
    tasks = {name: tasks_of(name, parts, settings) or 1 for name, parts in services.items()}
    total = sum(tasks.values())
    if total * LEAST_MEMORY > share.memory:
        raise RecipeFailure(
            f"The compose files ask for {total} tasks, and the app's share of the node is "
            f"{told(share.memory)}: expected at most {share.memory // LEAST_MEMORY} tasks, of "
            f"{told(LEAST_MEMORY)} each. Ask for fewer replicas, or raise 'weight' in recipe.toml."
        )
    _require_room(share, tasks, services, settings)
    wanted: dict[str, dict[str, int]] = {name: {} for name in services}
    for name, parts in services.items():
        for part in parts:
            wanted[name].update(_asked_for(part, settings))
    fixed = {one.service: one.amounts for one in raised if one.service in services}
    parts_of: dict[str, dict[str, int]] = {name: {} for name in services}
    for amount, whole in asdict(share).items():
        given = {name: values[amount] for name, values in fixed.items() if amount in values}
        asked = {name: values[amount] for name, values in wanted.items() if amount in values}
        for name, value in _divide(amount, whole, tasks, given, asked).items():
            parts_of[name][amount] = value
    return {name: Amounts(**values) for name, values in parts_of.items()}


def tasks_of(service: str, parts: list[dict[str, Any]], settings: Mapping[str, str]) -> int:
    """Return how many tasks a service has; one for each node counts as one.

    Raises:
        RecipeFailure: the number of replicas is none.
    """
    number = "1"
    for part in parts:
        deploy = part.get("deploy")
        said = deploy.get("replicas") if isinstance(deploy, dict) else None
        if said is not None:
            number = fill_in(str(said), settings).strip()
    if not re.fullmatch(r"[0-9]{1,9}", number, re.ASCII):
        raise RecipeFailure(
            f"Service {service}: 'replicas' is {number[:40]!r}; expected a whole number."
        )
    return int(number)


def asked_of(
    part: Mapping[str, Any], kind: str, name: str, settings: Mapping[str, str]
) -> str | None:
    """Return a value below `deploy.resources` of a service, such as `limits`, `memory`."""
    found: Any = part
    for key in ("deploy", "resources", kind, name):
        found = found.get(key) if isinstance(found, Mapping) else None
    return None if found is None else fill_in(str(found), settings).strip()


def dockers_bytes(text: str) -> int | None:
    """Return a size in bytes as Docker reads it; None for what it does not read.

    Example:
        >>> dockers_bytes("1.5g")
        1610612736
    """
    found = _DOCKERS.fullmatch(text.strip())
    if not found:
        return None
    return int(float(found[1]) * 1024 ** " kmgtp".index(found[2].lower() or " "))


def told(size: int) -> str:
    """Return a size for people.

    Example:
        >>> told(1024**3), told(700 * 1024**2)
        ('1 GiB', '700 MiB')
    """
    for unit in ("GiB", "MiB", "KiB"):
        if size >= _UNITS[unit]:
            return f"{size / _UNITS[unit]:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} bytes"


def _require_room(
    share: Amounts,
    tasks: Mapping[str, int],
    services: Mapping[str, list[dict[str, Any]]],
    settings: Mapping[str, str],
) -> None:
    """Fail when the services reserve more memory than the app's share of the node has."""
    reserved = {
        name: tasks[name]
        * max((reserved_memory(name, part, settings) or 0 for part in parts), default=0)
        for name, parts in services.items()
    }
    if sum(reserved.values()) > share.memory:
        asked = ", ".join(f"{name} {told(size)}" for name, size in reserved.items() if size)
        raise RecipeFailure(
            f"The compose files reserve more memory ({asked}) than the app's share of the node, "
            f"which is {told(share.memory)}: where there is too little, the Swarm starts nothing. "
            "Correct the reservations, or raise 'weight' in recipe.toml."
        )


def reserved_memory(
    service: str, part: Mapping[str, Any], settings: Mapping[str, str]
) -> int | None:
    """Return the bytes that a compose file reserves for a task of a service; None for nothing.

    Raises:
        RecipeFailure: it is no size that Docker reads.
    """
    asked = asked_of(part, "reservations", "memory", settings)
    size = dockers_bytes(asked) if asked is not None else None
    if asked is not None and size is None:
        raise RecipeFailure(
            f"Service {service} reserves {asked[:40]!r} of memory, which Docker does not read as a "
            "size: write it as in '512M'."
        )
    return size


def _asked_for(part: Mapping[str, Any], settings: Mapping[str, str]) -> dict[str, int]:
    """Return the limits that a compose file sets for a service; what is no limit is not counted."""
    asked = {}
    memory = dockers_bytes(asked_of(part, "limits", "memory", settings) or "")
    if memory:
        asked["memory"] = memory
    pids = asked_of(part, "limits", "pids", settings) or ""
    if re.fullmatch(r"0*[1-9][0-9]{0,8}", pids, re.ASCII):
        asked["pids"] = int(pids)
    return asked


def _divide(
    amount: str,
    whole: int,
    tasks: Mapping[str, int],
    given: Mapping[str, int],
    asked: Mapping[str, int],
) -> dict[str, int]:
    """Divide one amount of the share among the services; see the top of this file."""
    left = whole - sum(value * tasks[name] for name, value in given.items())
    others = {name: number for name, number in tasks.items() if name not in given}
    waiting = sum(others.values())
    if left < waiting * LEAST_MEMORY * (amount == "memory") or left < waiting:
        raise Misuse(
            f"recipe.toml: [[limit]] gives {amount} of {_of(amount, whole - left)} to "
            f"{', '.join(given)}, of {_of(amount, whole)} that the whole app has; the other "
            "services need a part too. Raise 'weight', or lower the limit."
        )
    parts = dict(given)
    # Those that ask for least first: what they leave is divided among the rest.
    for name in sorted(others, key=lambda each: asked.get(each, whole)):
        even = left // waiting
        parts[name] = min(asked.get(name, even), even)
        left -= parts[name] * others[name]
        waiting -= others[name]
    return parts


def _of(amount: str, value: int) -> str:
    return told(value) if amount != "pids" else str(value)


def bytes_of(size: str) -> int:
    """Return a size of recipe.toml in bytes.

    Example:
        >>> bytes_of("2 KiB")
        2048
    """
    number, unit = size.split()
    return int(number) * _UNITS[unit]
