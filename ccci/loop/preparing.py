"""Prepares the run of a request: fetches the commit and checks it before it is deployed."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from ccci.loop.fetching import Refused, Remote, fetch_commit, releases_ahead
from ccci.loop.forge import Forge
from ccci.loop.owntests import NOT_APPROVED, has_own_tests, with_own_tests
from ccci.loop.registry_login import write_docker_config
from ccci.loop.store import Request
from ccci.loop.vetting import violations_in_fetched
from ccci.project import PROJECT
from ccci.recipe.config import config_path, load_recipe_config

_MOST_SHOWN = 5


def results_of(request: Request) -> Path:
    """Return the folder with the results of a request's run."""
    return PROJECT / "results" / request.recipe / request.run_id


@dataclass(frozen=True)
class Prepared:
    """What a run needs.

    Attributes:
        recipe: the repository, with the commit under test checked out.
        suite: the folder that Robot runs.
        docker_config: the folder with the logins at registries that the run has.
        note: a sentence for the comment, or "".
    """

    recipe: Path
    suite: Path
    docker_config: Path
    note: str = ""


def prepare(forge: Forge, request: Request, folder: Path) -> Prepared:
    """Fetch the commit of a request and check what would be deployed.

    Args:
        forge: where the recipe's repository is.
        request: the request.
        folder: the folder of the request on the node.

    Raises:
        Refused: the repository or a compose file has something that is not allowed on this node.
        NodeFailure: the commit could not be fetched now.
        Misuse: this project's recipe.toml for the recipe has an error.
    """
    recipe, before, suites = folder / "recipe", folder / "before", folder / "suites"
    docker = folder / "docker"
    for old in (recipe, before, suites, docker):
        if old.exists():
            shutil.rmtree(old)
    settings = forge.settings
    url = forge.clone_url(request.recipe)
    fetch_commit(Remote(url, settings.user, settings.token(), forge.trust), request.commit, recipe)
    config = load_recipe_config(config_path(PROJECT, request.recipe))
    found = violations_in_fetched(recipe, before, config)
    if found:
        raise Refused(" ".join(found[:_MOST_SHOWN]))
    write_docker_config(docker, config.approved.node)
    suite = PROJECT / "suites" / request.recipe
    suite = suite if suite.is_dir() else PROJECT / "suites" / "generic"
    note = _behind(*releases_ahead(recipe))
    if not has_own_tests(recipe):
        return Prepared(recipe, suite, docker, note)
    if not config.approved.tests:
        return Prepared(recipe, suite, docker, f"{note} {NOT_APPROVED}".strip())
    with_own = with_own_tests(suite, recipe, suites / request.recipe)
    return Prepared(recipe, with_own, docker, note)


def _behind(previous: str, ahead: list[str]) -> str:
    if not ahead:
        return ""
    start = f"the upgrade starts from {previous}" if previous else "no upgrade to it is tested"
    return f"This branch does not have release {ahead[-1]}, so {start}. Rebase it, and test again."
