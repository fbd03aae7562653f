"""`abra recipe lint`: rules R001 to R016, as far as their meaning is known."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from lab.standins.abracli import paths, tags
from lab.standins.abracli.compose import Compose
from lab.standins.abracli.envfile import read
from lab.standins.abracli.git import git
from lab.standins.abracli.logs import Fatal
from lab.standins.abracli.recipe import Recipe, catalogue


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        ref: the number of the rule.
        text: what the rule requires.
        severity: warn or error.
        remedy: how to satisfy it.
        check: tells whether a recipe satisfies it; None if it does not apply, or is unknown here.
    """

    ref: str
    text: str
    severity: str
    remedy: str
    check: Callable[[Recipe, Compose], bool | None]


@dataclass(frozen=True)
class Verdict:
    """The result for one rule; `satisfied` is None if it was skipped."""

    rule: Rule
    satisfied: bool | None


def verdicts(recipe: Recipe) -> list[Verdict]:
    """Check all rules.

    Raises:
        Fatal: the recipe cannot be linted, for example because it has no .env.sample.
    """
    sample = recipe.path / ".env.sample"
    if not sample.is_file():
        raise Fatal(f"unable to lint {recipe.name}: {sample} does not exist")
    file = recipe.path / "compose.yml"
    if not file.is_file():
        raise Fatal(f"unable to lint {recipe.name}: {file} does not exist")
    # With the overlays, as they may have images and secrets too.
    overlays = [path for path in recipe.path.glob("compose.*.yml") if _tracked(recipe, path.name)]
    compose = Compose([file, *sorted(overlays)], {**read(sample).values, **recipe.exports()})
    return [Verdict(rule, rule.check(recipe, compose)) for rule in RULES]


def require_no_errors(recipe: Recipe) -> None:
    """Raise if the recipe violates a rule with severity error, as deployments without chaos do."""
    for verdict in verdicts(recipe):
        if verdict.rule.severity == "error" and verdict.satisfied is False:
            raise Fatal(
                f'lint error in {recipe.name} configs: "{verdict.rule.text}" failed lint checks '
                f"({verdict.rule.ref}): {verdict.rule.remedy}"
            )


def _tracked(recipe: Recipe, name: str) -> bool:
    return git(recipe.path, "ls-files", "--error-unmatch", name, allow_failure=True) is not None


def _images(compose: Compose) -> list[str]:
    return [image for name in compose.services() if (image := compose.image(name))]


def _tag(image: str) -> str:
    return image.rpartition("/")[2].partition("@")[0].partition(":")[2]


def _health_checks(recipe: Recipe, compose: Compose) -> bool:
    return all(any("healthcheck" in p for p in compose.parts(s)) for s in compose.services())


def _metadata(recipe: Recipe, compose: Compose) -> bool:
    readme = recipe.path / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    block = re.search(r"<!-- metadata -->(.*?)<!-- endmetadata -->", text, re.DOTALL)
    return bool(block and "Category" in block.group(1) and "Status" in block.group(1))


def _traefik(recipe: Recipe, compose: Compose) -> bool | None:
    # Does not apply to Traefik itself, and to recipes that are not in its network (backup-bot-two).
    networks = [part.get("networks") or [] for s in compose.services() for part in compose.parts(s)]
    if recipe.name == "traefik" or not any("proxy" in names for names in networks):
        return None
    return any(
        compose.labels(service).get("traefik.enable") == "true" for service in compose.services()
    )


def _annotated(recipe: Recipe, compose: Compose) -> bool:
    form = "--format=%(objecttype) %(refname:strip=2)"
    listed = git(recipe.path, "for-each-ref", form, "refs/tags")
    kinds = [line.split(" ", 1) for line in (listed or "").splitlines()]
    return all(kind == "tag" for kind, name in kinds if tags.is_version(name))


def _config_versions(recipe: Recipe, compose: Compose) -> bool:
    exported = recipe.exports()
    names = " ".join(compose.configs().values())
    return all(name in exported for name in re.findall(r"\$\{?(\w+_VERSION)", names))


def _secret_names(recipe: Recipe, compose: Compose) -> bool:
    return all(len(name) <= 12 for name in compose.secrets())


def _in_catalogue(recipe: Recipe, compose: Compose) -> bool | None:
    return recipe.name in catalogue() if paths.catalogue_file().exists() else None


# R001, R002 and R014 were compared with the real abra; the others follow its documentation.
RULES = [
    Rule("R001", "compose config has expected version", "warn",
         'ensure `version: "3.8"` in compose configs', lambda r, c: c.version == "3.8"),
    Rule("R002", "healthcheck enabled for all services", "warn",
         "wire up healthchecks", _health_checks),
    Rule("R003", "all images use a tag", "error",
         "use a tag for all images", lambda r, c: all(map(_tag, _images(c)))),
    Rule("R004", "no unstable tags", "warn", "tag all images with stable tags",
         lambda r, c: not {"latest", "main", "master"} & set(map(_tag, _images(c)))),
    Rule("R005", "tags use semver-like format", "warn", "use semver-like tags",
         lambda r, c: all(re.match(r"v?\d", _tag(i)) for i in _images(c))),
    Rule("R006", "has published catalogue version", "warn",
         "publish a recipe version to the catalogue", _in_catalogue),
    Rule("R007", "README.md metadata filled in", "warn",
         "fill out all the metadata", _metadata),
    Rule("R008", ".env.sample provided", "error", "create an example .env.sample",
         lambda r, c: True),
    Rule("R009", "one service named 'app'", "error", "name a service 'app'",
         lambda r, c: "app" in c.services()),
    Rule("R010", "traefik routing enabled", "error",
         'include "traefik.enable=true" deploy label', _traefik),
    Rule("R011", "all services have images", "error", 'ensure "image: ..." set on all services',
         lambda r, c: all(map(c.image, c.services()))),
    Rule("R012", "config version are vendored", "error",
         "vendor config versions in an abra.sh", _config_versions),
    Rule("R013", "recipe has a public repository", "warn",
         "upload your recipe", lambda r, c: None),
    Rule("R014", "only annotated tags used for recipe version", "error",
         "replace lightweight tag with annotated tag", _annotated),
    Rule("R015", "long secret names", "warn",
         "reduce length of secret names to 12 chars", _secret_names),
    Rule("R016", "(meaning unknown to the lab's abra)", "warn", "-", lambda r, c: None),
]  # fmt: skip
