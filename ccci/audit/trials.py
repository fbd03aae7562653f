"""All that an audit of a recipe tries: its own defects, and those that any recipe can have."""

from collections.abc import Iterator
from dataclasses import replace

from ccci.audit.backups import backup_defects
from ccci.audit.draft import Draft
from ccci.audit.processes import service_defects
from ccci.audit.routing import routing_defects
from ccci.audit.settings import address_defects, secret_defects, setting_defects
from ccci.audit.trial import Broken, Kind, Trial
from ccci.audit.versions import lint_defects, order_defects, version_defects
from ccci.audit.volumes import volume_defects
from ccci.errors import Misuse
from ccci.recipe.checkout import Checkout
from ccci.recipe.config import RecipeConfig
from ccci.recipe.defects import Defects, broken_files
from ccci.recipe.fit import compare
from ccci.recipe.offered import SAMPLE, read_offered
from ccci.stage_names import STAGES

KINDS: tuple[Kind, ...] = (
    volume_defects, backup_defects, service_defects, routing_defects, setting_defects,
    address_defects, secret_defects, order_defects, lint_defects,
)  # fmt: skip
CONTROL = Trial("nothing is broken", {}, STAGES)
_SAME = "The app is deployed with the same configuration."
_OF_THE_RUN = "Each run sets it."
_BY_ABRA = ("TYPE", "DOMAIN", "LETS_ENCRYPT_ENV")


def trials_of(checkout: Checkout, config: RecipeConfig, defects: Defects) -> list[Trial]:
    """Return all trials for a recipe, those of its defects.toml first.

    Args:
        checkout: the recipe, with the head checked out.
        config: its recipe.toml.
        defects: its defects.toml.

    Raises:
        Misuse: a defect does not fit the recipe, or `[[harmless]]` names none.

    Example:
        >>> [trial.name for trial in trials_of(checkout, config, defects)][:1]  # doctest: +SKIP
        ['the volume is not mounted']
    """
    own = [
        Trial(
            name=defect.name,
            files=broken_files(defect, checkout.path),
            stages=(*defect.before, defect.stage),
            before=tuple(defect.before),
            message=defect.message,
            alone=defect.alone,
        )
        for defect in defects.defect
    ]
    generic = [
        replace(trial, stages=tuple(one for one in trial.stages if one not in config.opt_out))
        for trial in _generic(checkout, config)
    ]
    reasons = {one.name: one.reason for one in defects.harmless}
    unknown = sorted(set(reasons) - {trial.name for trial in generic})
    if unknown:
        raise Misuse(
            f"recipes/{checkout.recipe}/defects.toml: [[harmless]] names a defect that there is "
            f"not: {unknown[0]!r}. 'make audit RECIPE={checkout.recipe} LIST=1' lists all."
        )
    return own + [
        replace(trial, harmless=reasons.get(trial.name, trial.harmless))
        for trial in generic
        if trial.stages
    ]


def _generic(checkout: Checkout, config: RecipeConfig) -> Iterator[Trial]:
    offered = read_offered(checkout.path)
    fit = compare(config, offered)
    names = list(dict.fromkeys([*offered.usual, *fit.deployed]))
    set_by_runs = {*_BY_ABRA, *config.env, *(fit.wiring.settings if fit.wiring else ())}
    recipe = Draft.read(checkout.path, names)
    seen: set[str] = set()
    for broken in _broken(checkout, recipe, names):
        if broken.name in seen:
            continue
        seen.add(broken.name)
        files = broken.draft.files_unlike(recipe)
        harmless = broken.harmless
        if broken.draft.deployed() == recipe.deployed():
            harmless = _SAME
        elif set(files) == {SAMPLE} and _dropped(broken, recipe) <= set_by_runs:
            harmless = _OF_THE_RUN
        yield Trial(
            broken.name,
            files,
            broken.stages,
            variables=broken.variables,
            alone=broken.alone,
            harmless=harmless,
        )


def _broken(checkout: Checkout, recipe: Draft, names: list[str]) -> Iterator[Broken]:
    for kind in KINDS:
        yield from kind(recipe)
    if checkout.before:
        checkout.show(checkout.before[-1])
        there = [name for name in names if (checkout.path / name).is_file()]
        before = Draft.read(checkout.path, there)
        checkout.show_head()
        yield from version_defects(recipe, before)


def _dropped(broken: Broken, recipe: Draft) -> set[str]:
    return set(recipe.settings) - set(broken.draft.settings)
