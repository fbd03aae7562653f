"""Defects of services: one is missing, ends, or does not work while its health check says so."""

from collections.abc import Iterator

from ccci.audit.draft import Draft
from ccci.audit.trial import INSTALL, RESTART, WORKS, Broken

_SOAK_SECONDS = 70
_LIFE_SECONDS = 60


def service_defects(recipe: Draft) -> Iterator[Broken]:
    """Yield each service broken in each way."""
    for service in recipe.services:
        if len(recipe.services) > 1:
            draft = recipe.copy()
            draft.remove_service(service)
            yield Broken(f"{service}: the service is gone", draft, WORKS)
        for code in (0, 1):
            draft = _running(recipe, service, ["sh", "-c", f"exit {code}"])
            yield Broken(f"{service}: ends at once with {code}", draft, INSTALL)
        draft = _running(recipe, service, ["sleep", "infinity"])
        draft.main(service)["healthcheck"] = {"test": ["CMD", "true"], "interval": "2s"}
        name = f"{service}: does not run, and its health check says that it does"
        yield Broken(name, draft, WORKS)
        yield Broken(
            f"{service}: ends after a minute",
            _ending(recipe, service),
            (*INSTALL, *RESTART),
            {"SOAK": str(_SOAK_SECONDS)},
        )


def _running(recipe: Draft, service: str, words: list[str]) -> Draft:
    draft = recipe.copy()
    for part in draft.parts(service):
        part.pop("command", None)
        part.pop("entrypoint", None)
    draft.main(service)["entrypoint"] = words
    return draft


def _ending(recipe: Draft, service: str) -> Draft:
    """Return a recipe in which a health check ends the service's first process after a minute.

    Any service can be ended so: what it is started with need not be known.
    """
    draft = recipe.copy()
    born = "/tmp/born"
    script = (
        f"test -e {born} || date +%s > {born}; "
        f"test $$(( $$(date +%s) - $$(cat {born}) )) -lt {_LIFE_SECONDS} || kill 1"
    )
    draft.main(service)["healthcheck"] = {"test": ["CMD-SHELL", script], "interval": "2s"}
    return draft
