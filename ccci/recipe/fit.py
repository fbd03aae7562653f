"""Whether recipe.toml's tables fit a checkout: which names it has, and what it has instead."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from ccci.recipe.config import RecipeConfig
from ccci.recipe.face import Face
from ccci.recipe.tables import Wiring
from ccci.recipe.toml_lines import Part

Kind = Literal["service", "setting", "secret", "volume", "port"]
# Settings that abra and this project write themselves, whatever the recipe offers.
OUR_OWN = ("COMPOSE_FILE", "DOMAIN", "LETS_ENCRYPT_ENV", "TYPE")
_MOST_NAMES = 12


@dataclass(frozen=True)
class Misfit:
    """A name that the recipe does not have.

    Attributes:
        place: of the name in recipe.toml, keys from the top.
        sentence: what is not there, and what there is instead.
    """

    place: tuple[Part, ...]
    sentence: str


@dataclass(frozen=True)
class Fit:
    """What is taken of recipe.toml's tables for a checkout, and what does not fit it.

    Attributes:
        overlays: the compose files to deploy with, beside the usual ones.
        wiring: how the recipe is told of its provider; None where no way fits, or none is named.
        names: kind and the suite's word for a thing, to the recipe's name of it.
        misfits: what the checkout does not have.
    """

    overlays: tuple[str, ...]
    wiring: Wiring | None
    names: dict[tuple[Kind, str], str]
    misfits: tuple[Misfit, ...]

    @property
    def deployed(self) -> tuple[str, ...]:
        """The compose files that an app with sign-in is deployed with, beside the usual ones."""
        return (*self.overlays, *_overlay_of(self.wiring))


def hold(config: RecipeConfig, face: Face) -> Fit:
    """Hold recipe.toml's tables against what a checkout offers."""
    overlays: list[str] = []
    misfits: list[Misfit] = []
    for number, names in enumerate(config.overlays):
        if overlay := _first(names, (*face.usual, *face.overlays)):
            overlays.append(overlay)
        else:
            misfits.append(Misfit(("overlays", number), _lacks_overlay(names, face)))
    misfits += _of_env(config, face)
    wiring, unwired = _wiring(config, face)
    misfits += unwired
    deployed = (*overlays, *_overlay_of(wiring))
    found, unnamed = _names(config, face, deployed)
    misfits += unnamed
    if service := config.database.service:
        misfits += _in_use(
            ("database", "service"), "service", [service], face, deployed, Face.services
        )
    return Fit(tuple(overlays), wiring, found, tuple(misfits))


def _overlay_of(wiring: Wiring | None) -> tuple[str, ...]:
    return (wiring.overlay,) if wiring and wiring.overlay else ()


def _of_env(config: RecipeConfig, face: Face) -> list[Misfit]:
    """Return what `[env]` sets that nothing of the recipe reads."""
    return [
        Misfit(("env", key), _lacks("setting", [key], face.free_settings))
        for key in config.env
        if key not in (*OUR_OWN, *face.settings)
    ]


def _wiring(config: RecipeConfig, face: Face) -> tuple[Wiring | None, list[Misfit]]:
    """Return the first way of wiring that the checkout has the names for; else what each lacks."""
    misfits: list[Misfit] = []
    ways = config.sign_in.wiring
    for number, way in enumerate(ways):
        lacks = _missing(way, face)
        if not lacks:
            return way, []
        which = f"way {number + 1} of {len(ways)} to wire sign-in: " if len(ways) > 1 else ""
        misfits += [
            Misfit(("sign_in", "wiring", number, *place), which + sentence)
            for place, sentence in lacks
        ]
    return None, misfits


def _missing(way: Wiring, face: Face) -> list[tuple[tuple[Part, ...], str]]:
    lacks: list[tuple[tuple[Part, ...], str]] = []
    if way.overlay and way.overlay not in (*face.usual, *face.overlays):
        lacks.append((("overlay",), _lacks_overlay([way.overlay], face)))
    for key in way.settings:
        if key not in face.settings:
            lacks.append((("settings", key), _lacks("setting", [key], face.free_settings)))
    for name in way.secret:
        if name not in face.secrets:
            lacks.append((("secret", name), _lacks("secret", [name], list(face.secrets))))
    return lacks


def _names(
    config: RecipeConfig, face: Face, deployed: Sequence[str]
) -> tuple[dict[tuple[Kind, str], str], list[Misfit]]:
    """Return the names that the checkout has of `[names]`, and what it lacks."""
    offered: list[tuple[Kind, dict[str, list[str]], Callable[[Face, Iterable[str]], list[str]]]] = [
        ("service", config.names.services, Face.services),
        ("setting", config.names.settings, lambda face, more: face.free_settings),
        ("secret", config.names.secrets, Face.secrets_in),
        ("volume", config.names.volumes, Face.volumes),
        (
            "port",
            {called: [str(port) for port in ports] for called, ports in config.names.ports.items()},
            lambda face, more: [str(port) for port in face.ports(more)],
        ),
    ]
    found: dict[tuple[Kind, str], str] = {}
    misfits: list[Misfit] = []
    for kind, table, offers in offered:
        for called, names in table.items():
            if name := _first(names, offers(face, deployed)):
                found[kind, called] = name
            else:
                place = ("names", f"{kind}s", called)
                misfits += _in_use(place, kind, names, face, deployed, offers)
    return found, misfits


def _in_use(
    place: tuple[Part, ...],
    kind: Kind,
    names: Sequence[str],
    face: Face,
    deployed: Sequence[str],
    offers: Callable[[Face, Iterable[str]], list[str]],
) -> list[Misfit]:
    """Return the misfit when none of the names is in the compose files that are deployed."""
    here = offers(face, deployed)
    if _first(names, here):
        return []
    for overlay in face.overlays:
        if name := _first(names, offers(face, (*deployed, overlay))):
            return [
                Misfit(
                    place,
                    f"{kind} '{name}' is in {overlay}, which is not deployed: add that file to "
                    "'overlays', or name another one",
                )
            ]
    return [Misfit(place, _lacks(kind, names, here))]


def _first(names: Iterable[str], there: Iterable[str]) -> str:
    known = set(there)
    return next((name for name in names if name in known), "")


def _lacks(kind: str, names: Sequence[str], there: Sequence[str]) -> str:
    """Return the sentence that says what is not there, and what comes closest."""
    wanted = " or ".join(f"'{name}'" for name in names)
    close = [found for name in names for found in get_close_matches(name, there, 3, 0.55)]
    if close:
        instead = f"closest: {_listed(dict.fromkeys(close))}"
    elif kind == "setting":
        # There are dozens, and `make fit` lists them.
        instead = "none comes close"
    elif there:
        instead = f"it has {_listed(there)}"
    else:
        instead = "it has none"
    return f"the recipe has no {kind} {wanted}; {instead}"


def _lacks_overlay(names: Sequence[str], face: Face) -> str:
    for name in names:
        if name in face.unreadable:
            return f"the recipe's {name} is no compose file that can be read"
    return _lacks("overlay", names, face.overlays)


def _listed(names: Iterable[str]) -> str:
    all_of_them = list(names)
    more = len(all_of_them) - _MOST_NAMES
    return ", ".join(all_of_them[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
