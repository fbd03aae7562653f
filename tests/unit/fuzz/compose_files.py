"""Compose files at random: most have the shape that is demanded, and some a wrong one somewhere."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from ccci.recipe.shape import FILE_SHAPE

_SERVICE = FILE_SHAPE["properties"]["services"]["additionalProperties"]
_KEYS = (
    "app", "db", "proxy", "default", "x-y", "a", "image", "name", "external", "traefik.enable",
    "backupbot.backup", "coop-cloud.${STACK_NAME}.version", "<<", "=", "5", "true", "", "a b",
    "\x85", "\u202e", "--help", "x" * 70,
)  # fmt: skip
_TEXTS = (
    "", " ", "x", "nginx:1.26", "app", "x=y", "=", ":", "a:b", "/:/x", "80:80", "2222:22", "1-9:1",
    "${X}", "${X:-y}", "${", "$", "$$", "${STACK_NAME}_x", "${A}${A}${A}", "true", "proxy", "host",
    "traefik.http.routers.${STACK_NAME}.rule=Host(`${DOMAIN}`)", "Host(`", "SECRET_X_VERSION",
    "/var/run/docker.sock:/x", "../x", ".env.sample", "\ud800", "\x1b[31m", "\u202e", "é", "a\nb",
    "2001-13-45", "1:30", "0x", "1_0", "!x", "&a", "*a", "x" * 500,
)  # fmt: skip
_SCALARS = st.one_of(
    st.sampled_from(_TEXTS),
    st.sampled_from(_TEXTS),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.just(10**300),
    st.dates(min_value=date(1, 1, 1)),
    st.text(max_size=8),
)
_ANYTHING = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=3)
    ),
    max_leaves=5,
)


def contents() -> st.SearchStrategy[Any]:
    """Return the strategy for the content of a compose file."""
    return _of(FILE_SHAPE)


def services() -> st.SearchStrategy[Any]:
    """Return the strategy for a service, as a mapping."""
    return _mapping(_SERVICE)


def services_of_any_shape() -> st.SearchStrategy[Any]:
    """Return the strategy for a service with known keys, and anything in them."""
    return st.dictionaries(st.sampled_from(sorted(_SERVICE["properties"])), _ANYTHING, max_size=4)


def _of(shape: dict[str, Any]) -> st.SearchStrategy[Any]:
    kinds = [shape["type"]] if isinstance(shape.get("type"), str) else shape.get("type", [])
    ways = [_WAYS[kind](shape) for kind in kinds] or [_ANYTHING]
    # One value in about sixteen has any shape.
    return st.integers(0, 15).flatmap(lambda one: _ANYTHING if one == 0 else st.one_of(ways))


def _mapping(shape: dict[str, Any]) -> st.SearchStrategy[Any]:
    known = {key: _of(inner) for key, inner in shape.get("properties", {}).items()}
    if known:
        return st.sets(st.sampled_from(sorted(known)), max_size=5).flatmap(
            lambda keys: st.fixed_dictionaries({key: known[key] for key in sorted(keys)})
        )
    inner = shape.get("additionalProperties")
    value = _of(inner) if inner else _ANYTHING
    return st.dictionaries(st.sampled_from(_KEYS), value, max_size=3)


_WAYS: dict[str, Any] = {
    "object": _mapping,
    "array": lambda shape: st.lists(_of(shape["items"]), max_size=3),
    "scalar": lambda shape: _SCALARS,
    "string": lambda shape: st.sampled_from(_TEXTS),
    "null": lambda shape: st.none(),
}
