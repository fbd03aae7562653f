"""The shape of a compose file: where a mapping stands, where a list, and where a single value.

This is what the judge of pull requests and the harness both require, and what the lab's abra can
read. Which keys and values are allowed is not decided here: unknown keys may have any shape.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from jsonschema import Draft202012Validator, validators

_MOST_SHOWN = 60
# A single value may be left empty, as in `image:`.
_TYPES = {"scalar": "a single value", "string": "a text", "object": "a mapping", "array": "a list"}
_ONE: dict[str, Any] = {"type": "scalar"}


def _list(of: object) -> dict[str, Any]:
    return {"type": ["array", "null"], "items": of}


def _table(**known: object) -> dict[str, Any]:
    """A mapping whose known keys have a shape."""
    return {"type": ["object", "null"], "properties": known}


def _named(of: object) -> dict[str, Any]:
    return {"type": ["object", "null"], "additionalProperties": of}


def _ones(*keys: str) -> dict[str, Any]:
    return dict.fromkeys(keys, _ONE)


def _or_one(of: dict[str, Any]) -> dict[str, Any]:
    kinds = [of["type"]] if isinstance(of["type"], str) else of["type"]
    return {**of, "type": ["scalar", *(kind for kind in kinds if kind != "null")]}


_MANY = _list(_ONE)
_ONE_OR_MANY = _or_one(_MANY)
_PAIRS: dict[str, Any] = {"type": ["object", "array", "null"], "additionalProperties": _ONE,
                          "items": _ONE}  # fmt: skip
_VALUES: dict[str, Any] = {"type": ["object", "null"], "additionalProperties": _ONE}
_USED = _list(_or_one(_table(**_ones("source", "target", "uid", "gid", "mode"))))
_UPDATE = _VALUES
_DEPLOY = _table(
    **_ones("mode", "replicas", "endpoint_mode"),
    labels=_PAIRS,
    placement=_table(constraints=_MANY, preferences=_list(_VALUES)),
    resources=_table(
        limits=_VALUES,
        reservations=_table(**_ones("cpus", "memory"), devices=_list(_table())),
    ),
    restart_policy=_VALUES,
    update_config=_UPDATE,
    rollback_config=_UPDATE,
)
_SERVICE = _table(
    **_ones(
        "image", "attach", "container_name", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota",
        "cpu_shares", "cpus", "cpuset", "domainname", "hostname", "init", "mac_address",
        "mem_limit", "mem_reservation", "memswap_limit", "oom_score_adj", "pids_limit", "platform",
        "pull_policy", "read_only", "restart", "scale", "shm_size", "stdin_open",
        "stop_grace_period", "stop_signal", "tty", "user", "working_dir", "privileged",
        "network_mode", "pid", "ipc", "userns_mode", "uts", "cgroup", "cgroupns_mode",
    ),
    **dict.fromkeys(("annotations", "environment", "extra_hosts", "labels", "sysctls"), _PAIRS),
    **dict.fromkeys(("command", "dns", "dns_search", "entrypoint", "tmpfs"), _ONE_OR_MANY),
    **dict.fromkeys(("cap_add", "cap_drop", "dns_opt", "expose", "group_add", "links", "profiles",
                     "security_opt"), _MANY),
    blkio_config=_table(),
    configs=_USED,
    secrets=_USED,
    depends_on={**_MANY, "type": ["array", "object", "null"], "additionalProperties": _VALUES},
    deploy=_DEPLOY,
    devices=_list(_or_one(_VALUES)),
    env_file={**_list({**_VALUES, "type": ["string", "object"]}),
              "type": ["string", "array", "null"]},
    healthcheck=_table(
        **_ones("disable", "interval", "retries", "start_interval", "start_period", "timeout"),
        test=_ONE_OR_MANY,
    ),
    logging=_table(driver=_ONE, options=_VALUES),
    networks={
        "type": ["array", "object", "null"], "items": _ONE,
        "additionalProperties": _table(aliases=_MANY),
    },
    ports=_list(_or_one(_VALUES)),
    ulimits={"type": ["object", "null"], "additionalProperties": _or_one(_VALUES)},
    volumes=_list(_or_one(_table(**_ones("type", "source", "src", "target", "read_only")))),
)  # fmt: skip
_EXTERNAL = _or_one(_VALUES)
_FILE = _named(
    _table(**_ones("file", "name", "template_driver", "content", "environment"),
           external=_EXTERNAL, labels=_PAIRS)
)  # fmt: skip
_DRIVEN = {"driver": _ONE, "driver_opts": _VALUES, "external": _EXTERNAL, "labels": _PAIRS,
           "name": _ONE}  # fmt: skip
FILE_SHAPE = {
    **_table(
        **_ones("version", "name"),
        services=_named(_SERVICE),
        volumes=_named(_table(**_DRIVEN)),
        networks=_named(_table(**_DRIVEN, **_ones("attachable", "internal"), ipam=_table())),
        secrets=_FILE,
        configs=_FILE,
    ),
    "type": "object",
}


@dataclass(frozen=True)
class Misshapen:
    """Something in a compose file that has another shape than the key demands.

    Attributes:
        place: the keys, and positions in lists, that lead to it.
        what: what it must be and what it is, as a sentence without a full stop.
    """

    place: tuple[str | int, ...]
    what: str

    def __str__(self) -> str:
        return f"'{'.'.join(map(str, self.place))}' {self.what}"


def misshapen(content: object) -> Iterator[Misshapen]:
    """Yield what in the content of a compose file does not have the shape that its key demands.

    Args:
        content: as `ccci.recipe.yaml_file.content_of` returns it.

    Example:
        >>> [str(one) for one in misshapen({"services": {"app": {"deploy": "x"}}})]
        ["'services.app.deploy' must be a mapping; it is the single value 'x'"]
    """
    for error in _CHECK.iter_errors(content):
        yield Misshapen(tuple(error.absolute_path), _what(error.validator_value, error.instance))


def _what(wanted: Any, seen: object) -> str:
    kinds = [wanted] if isinstance(wanted, str) else [one for one in wanted if one != "null"]
    shown = {dict: "a mapping", list: "a list", type(None): "empty"}.get(
        type(seen), f"the single value {str(seen)[:_MOST_SHOWN]!r}"
    )
    return f"must be {' or '.join(_TYPES[kind] for kind in kinds)}; it is {shown}"


_CHECK = validators.create(
    Draft202012Validator.META_SCHEMA,
    Draft202012Validator.VALIDATORS,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "scalar",
        lambda _, value: value is None or isinstance(value, str | int | float | bool | date),
    ),
)(FILE_SHAPE)
