"""Two of Keycloak's own exports of a realm, before and after: what was lost between them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

VERSION = "keycloakVersion"
# What an upgrade of Keycloak changes of a realm by itself, as paths in an export. Seen from 26.4.2
# to 26.7.3: two actions are put behind what a sign-in asks of a user before, and a setting of
# identity providers that was without effect is dropped.
MOVED = (
    "identityProviders[partner].updateProfileFirstLoginMode",
    "requiredActions[CONFIGURE_TOTP].priority",
    "requiredActions[UPDATE_PASSWORD].priority",
)
# What the things of a list are known by: the first of these that is there.
_NAMES = ("clientId", "alias", "name", "username", "id")


def losses(
    before: Mapping[str, Any], now: Mapping[str, Any], moved: Iterable[str] = ()
) -> list[str]:
    """Return what differs between two exports of a realm, a line each.

    Two exports of one version of Keycloak must be equal, except for the order of lists. An upgraded
    Keycloak may have added to the realm: then each older value must still be there.

    Args: before: the older export. now: the newer one. moved: what an upgrade is known to change
    itself, as paths like those in the returned lines; two exports of one version may not differ
    there either.

    Example:
        >>> losses({"realm": "a", "enabled": True}, {"realm": "a", "enabled": False})
        ['enabled: true became false']
    """
    if before.get(VERSION) == now.get(VERSION):
        return sorted([*_lost("", before, now), *_added("", before, now)])
    known = {VERSION, *moved}
    return [line for line in _lost("", before, now) if line.partition(": ")[0] not in known]


def _lost(path: str, before: Any, now: Any) -> list[str]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        found: list[str] = []
        for key, value in before.items():
            place = f"{path}.{key}" if path else str(key)
            if key not in now:
                found.append(f"{place}: {_short(value)} is gone")
            else:
                found.extend(_lost(place, value, now[key]))
        return found
    if isinstance(before, list) and isinstance(now, list):
        return _lost_of_list(path, before, now)
    return [] if before == now else [f"{path}: {_short(before)} became {_short(now)}"]


def _lost_of_list(path: str, before: list[Any], now: list[Any]) -> list[str]:
    left, found = list(now), []
    for one in before:
        place = f"{path}[{_name(one)}]"
        same = [other for other in left if _name(other) == _name(one)]
        if not same:
            found.append(f"{place}: {_short(one)} is gone")
            continue
        # The steps of a sign-in have no name, and two policies may have the same.
        nearest = min(same, key=lambda other: len(_lost(place, one, other)))
        left.remove(nearest)
        found.extend(_lost(place, one, nearest))
    return found


def _added(path: str, before: Any, now: Any) -> list[str]:
    return [
        line.removesuffix(" is gone") + " is new"
        for line in _lost(path, now, before)
        if line.endswith(" is gone")
    ]


def _name(one: Any) -> str:
    if isinstance(one, Mapping):
        return next((str(one[key]) for key in _NAMES if one.get(key)), "")
    return json.dumps(one)


def _short(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= 200 else f"{text[:200]}..."
