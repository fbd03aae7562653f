"""Compares recipe.toml with a checkout: which of its names the recipe has, and what is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from ccci.recipe.config import RecipeConfig
from ccci.recipe.offered import Kind, Offered
from ccci.recipe.tables import Wiring
from ccci.recipe.toml_lines import Part

# Settings that abra and this project write themselves, whatever the recipe offers.
OUR_OWN = ("COMPOSE_FILE", "DOMAIN", "LETS_ENCRYPT_ENV", "TYPE")
# How alike two names must be, of 1.0, for one to be suggested in place of the other.
_ALIKE = 0.55
_MOST_SUGGESTED = 3
_MOST_LISTED = 12


@dataclass(frozen=True)
class Mismatch:
    """A name in recipe.toml that the recipe does not have.

    Attributes:
        place: the keys that lead to the name in recipe.toml.
        sentence: what is missing, and what the recipe has instead.
    """

    place: tuple[Part, ...]
    sentence: str


@dataclass(frozen=True)
class Fit:
    """What of recipe.toml is used for a checkout, and what the checkout lacks.

    Attributes:
        overlays: the compose files to deploy with, beside the usual ones.
        wiring: the `[[sign_in.wiring]]` to use; None where none fits, or there is none.
        names: kind and the suite's word for a thing, to the recipe's name of it.
        mismatches: the names that the checkout does not have.
    """

    overlays: tuple[str, ...]
    wiring: Wiring | None
    names: dict[tuple[Kind, str], str]
    mismatches: tuple[Mismatch, ...]

    @property
    def deployed(self) -> tuple[str, ...]:
        """The compose files of an app with sign-in, beside the usual ones."""
        return (*self.overlays, *_overlay_of(self.wiring))


def compare(config: RecipeConfig, offered: Offered) -> Fit:
    """Compare recipe.toml with what a checkout offers."""
    overlays, missing = _overlays(config, offered)
    missing += _settings(config, offered)
    wiring, unwired = _choose_wiring(config.sign_in.wiring, offered)
    deployed = (*overlays, *_overlay_of(wiring))
    names, unnamed = _names(config, offered, deployed)
    missing += [*unwired, *unnamed]
    if service := config.database.service:
        place = ("database", "service")
        missing += _one_of("service", [service], offered, deployed, place)[1]
    for number, limit in enumerate(config.limit):
        at = ("limit", number, "service")
        missing += _one_of("service", [limit.service], offered, deployed, at)[1]
    for table in ("meant_to_end", "no_replica"):
        for service in getattr(config, table):
            missing += _one_of("service", [service], offered, deployed, (table, service))[1]
    for table in config.empty_after_restore:
        service, at_table = table.partition(".")[0], ("empty_after_restore", table)
        missing += _one_of("service", [service], offered, deployed, at_table)[1]
    for volume in config.not_in_backup:
        at_volume = ("not_in_backup", volume)
        missing += _one_of("volume", [volume], offered, deployed, at_volume)[1]
    return Fit(tuple(overlays), wiring, names, tuple(missing))


def _overlays(config: RecipeConfig, offered: Offered) -> tuple[list[str], list[Mismatch]]:
    found: list[str] = []
    missing: list[Mismatch] = []
    for number, names in enumerate(config.overlays):
        if name := _first(names, offered.files):
            found.append(name)
        else:
            missing.append(Mismatch(("overlays", number), _no_overlay(names, offered)))
    return found, missing


def _settings(config: RecipeConfig, offered: Offered) -> list[Mismatch]:
    """Return the settings in `[env]` that nothing in the recipe reads."""
    return [
        Mismatch(("env", key), _no("setting", [key], offered.named("setting")))
        for key in config.env
        if key not in (*OUR_OWN, *offered.settings)
    ]


def _choose_wiring(
    ways: Sequence[Wiring], offered: Offered
) -> tuple[Wiring | None, list[Mismatch]]:
    """Return the first wiring whose names the checkout has; otherwise what each of them lacks."""
    missing: list[Mismatch] = []
    for number, way in enumerate(ways):
        lacks = _lacks(way, offered)
        if not lacks:
            return way, []
        which = f"way {number + 1} of {len(ways)} to wire sign-in: " if len(ways) > 1 else ""
        missing += [
            Mismatch(("sign_in", "wiring", number, *one.place), which + one.sentence)
            for one in lacks
        ]
    return None, missing


def _lacks(way: Wiring, offered: Offered) -> list[Mismatch]:
    lacks = []
    if way.overlay and way.overlay not in offered.files:
        lacks.append(Mismatch(("overlay",), _no_overlay([way.overlay], offered)))
    for key in way.settings:
        if key not in offered.settings:
            sentence = _no("setting", [key], offered.named("setting"))
            lacks.append(Mismatch(("settings", key), sentence))
    for name in way.secret:
        if name not in offered.secrets:
            sentence = _no("secret", [name], list(offered.secrets))
            lacks.append(Mismatch(("secret", name), sentence))
    return lacks


def _names(
    config: RecipeConfig, offered: Offered, deployed: Sequence[str]
) -> tuple[dict[tuple[Kind, str], str], list[Mismatch]]:
    names = config.names
    ports = {called: [str(port) for port in ports] for called, ports in names.ports.items()}
    tables: dict[Kind, dict[str, list[str]]] = {
        "service": names.services, "setting": names.settings, "secret": names.secrets,
        "volume": names.volumes, "port": ports,
    }  # fmt: skip
    found: dict[tuple[Kind, str], str] = {}
    missing: list[Mismatch] = []
    for kind, table in tables.items():
        for called, candidates in table.items():
            place = ("names", f"{kind}s", called)
            name, lacking = _one_of(kind, candidates, offered, deployed, place)
            missing += lacking
            if name:
                found[kind, called] = name
    return found, missing


def _one_of(
    kind: Kind,
    names: Sequence[str],
    offered: Offered,
    deployed: Sequence[str],
    place: tuple[Part, ...],
) -> tuple[str, list[Mismatch]]:
    """Return the first of the names that the deployed compose files have, or what is missing."""
    here = offered.named(kind, deployed)
    if name := _first(names, here):
        return name, []
    for overlay in offered.overlays:
        if name := _first(names, offered.named(kind, (*deployed, overlay))):
            sentence = (
                f"{kind} '{name}' is in {overlay}, which is not deployed: add that file to "
                "'overlays', or name another one"
            )
            return "", [Mismatch(place, sentence)]
    return "", [Mismatch(place, _no(kind, names, here))]


def _overlay_of(wiring: Wiring | None) -> tuple[str, ...]:
    return (wiring.overlay,) if wiring and wiring.overlay else ()


def _first(names: Iterable[str], there: Iterable[str]) -> str:
    known = set(there)
    return next((name for name in names if name in known), "")


def _no_overlay(names: Sequence[str], offered: Offered) -> str:
    for name in names:
        if name in offered.unreadable:
            return f"the recipe's {name} cannot be read as a compose file"
    return _no("overlay", names, offered.overlays)


def _no(kind: str, names: Sequence[str], there: Sequence[str]) -> str:
    """Return the sentence that says what is missing and what comes closest."""
    wanted = " or ".join(f"'{name}'" for name in names)
    close = [
        found for name in names for found in get_close_matches(name, there, _MOST_SUGGESTED, _ALIKE)
    ]
    if close:
        instead = f"closest: {_listed(dict.fromkeys(close))}"
    elif kind == "setting":
        # There are dozens, and `make fit` lists them.
        instead = "none comes close"
    else:
        instead = f"it has {_listed(there) or 'none'}"
    return f"the recipe has no {kind} {wanted}; {instead}"


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = len(every) - _MOST_LISTED
    return ", ".join(every[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
