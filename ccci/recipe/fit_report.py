"""``make fit RECIPE=x``: compares recipe.toml with a checkout, and says which line to change.

Every run does the same at its start, before anything is deployed.
"""

import argparse
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

from ccci.errors import CcciError, Misuse, RecipeFailure
from ccci.node.server import load_server
from ccci.node.state import state_dir
from ccci.project import PROJECT
from ccci.recipe.checkout import Checkout, check_out
from ccci.recipe.companions import load_companion
from ccci.recipe.config import RecipeConfig, check_recipe_name, config_path, load_recipe_config
from ccci.recipe.fit import Fit, compare
from ccci.recipe.offered import Offered, read_offered
from ccci.recipe.toml_lines import line_of

# The service that abra asks about an app's version; its lint refuses a recipe without it.
_FRONT = "app"


def require_fit(
    project: Path, checkout: Checkout, config: RecipeConfig, source: Path | None = None
) -> None:
    """Fail unless a checkout has the names in its recipe.toml.

    Args:
        project: the folder that holds recipes/.
        checkout: the recipe, with the commit under test checked out.
        config: the content of recipe.toml.
        source: the repository, where it is not the server's.

    Raises:
        RecipeFailure: it has no service `app`, whatever recipe.toml says.
        Misuse: it lacks some; a sentence for each, with the line to change.
    """
    offered = read_offered(checkout.path)
    fit = compare(config, offered)
    services = offered.named("service", fit.deployed)
    if _FRONT not in services:
        raise RecipeFailure(
            f"Expected a service named '{_FRONT}', as abra wants of every recipe. The compose "
            f"files that are deployed have: {', '.join(services) or 'no service'}."
        )
    lacking = sentences(project, checkout.recipe, fit)
    if lacking:
        where = f" RECIPE_SOURCE={source}" if source else ""
        lacking.append(
            f"Nothing was deployed. 'make fit RECIPE={checkout.recipe}{where}' says what the "
            f"recipe has at {checkout.short}."
        )
        raise Misuse("\n".join(lacking))


def sentences(project: Path, recipe: str, fit: Fit) -> list[str]:
    """Return a sentence for each name that does not fit, with file and line of recipe.toml."""
    if not fit.mismatches:
        return []
    path = config_path(project, recipe)
    text = path.read_text(encoding="utf-8")
    lines = sorted((line_of(text, one.place), one.sentence) for one in fit.mismatches)
    return [f"{path.relative_to(project)}:{line}: {sentence}." for line, sentence in lines]


def operators_recipes() -> Path:
    """Return the folder of the recipes on the server, or the lab's where there is no server yet."""
    try:
        return load_server().abra_dir.expanduser() / "recipes"
    except Misuse:
        return state_dir() / "lab" / "abra" / "recipes"


def main(argv: list[str] | None = None) -> int:
    """Compare recipe.toml with a checkout; 0: it fits, 1: it does not, 2: nothing to compare."""
    parser = argparse.ArgumentParser(prog="ccci.recipe.fit_report", description=main.__doc__)
    parser.add_argument("recipe", metavar="RECIPE")
    parser.add_argument("--source", type=Path, help="the recipe's repository; else the server's")
    parser.add_argument("--head", default="HEAD", help="the commit, branch or tag")
    options = parser.parse_args(argv)
    try:
        check_recipe_name(options.recipe)
        source = options.source or operators_recipes() / options.recipe
        with tempfile.TemporaryDirectory(prefix="ccci-fit-") as folder:
            into = Path(folder) / options.recipe
            checkout = check_out(options.recipe, source.resolve(), into, options.head)
            return _tell(checkout, source)
    except CcciError as error:
        print(error, file=sys.stderr)
        return 2


def _tell(checkout: Checkout, source: Path) -> int:
    path = config_path(PROJECT, checkout.recipe)
    config = load_recipe_config(path) if path.exists() else RecipeConfig()
    for name in config.companions:
        load_companion(PROJECT, name)
    offered = read_offered(checkout.path)
    fit = compare(config, offered)
    lacking = sentences(PROJECT, checkout.recipe, fit)
    print(f"{checkout.recipe} at {checkout.short} of {source}")
    for name in config.companions:
        print(f"  companion: {name}")
    for line in (*_taken(fit), *_before(checkout, config, fit)):
        print(f"  {line}")
    if lacking or not path.exists():
        print("\n".join(_offered(offered, fit)))
    print("\n".join(lacking), end="\n" if lacking else "")
    named = f"recipes/{checkout.recipe}/recipe.toml"
    if lacking:
        print(f"{named} does not fit: change these lines, or add an alternative beside them.")
        return 1
    print(f"{named} fits." if path.exists() else f"There is no {named}: nothing can be missing.")
    return 0


def _taken(fit: Fit) -> Iterator[str]:
    for overlay in fit.overlays:
        yield f"overlay: {overlay}"
    if fit.wiring:
        yield f"sign-in is wired by {fit.wiring.overlay or 'settings alone'}"
    for (kind, called), name in fit.names.items():
        yield f"{kind} '{called}' is {name}"


def _offered(offered: Offered, fit: Fit) -> Iterator[str]:
    """Yield what the recipe has, for those who look for another name."""
    more = fit.deployed
    offers = {
        "compose files": [*offered.usual, *(name for name in more if name not in offered.usual)],
        "other overlays": [name for name in offered.overlays if name not in more],
        "services": offered.named("service", more),
        "volumes": offered.named("volume", more),
        "ports": offered.named("port", more),
        "secrets": list(offered.secrets),
        "settings": offered.named("setting"),
    }
    yield "  it has"
    for what, names in offers.items():
        line = f"{what}: {', '.join(names) or 'none'}"
        yield textwrap.fill(
            line, 100, initial_indent="    ", subsequent_indent="      ",
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip


def _before(checkout: Checkout, config: RecipeConfig, head: Fit) -> Iterator[str]:
    """Yield what the head has and the release before it lacks."""
    older = checkout.before
    if not older:
        return
    checkout.show(older[-1])
    for mismatch in compare(config, read_offered(checkout.path)).mismatches:
        if mismatch not in head.mismatches:
            yield f"before an upgrade, at {older[-1]}: {mismatch.sentence}"


if __name__ == "__main__":
    sys.exit(main())
