"""Defects of services: one is missing, ends, or does not work while its health check says so."""

from collections.abc import Iterator

from ccci.audit.draft import Draft
from ccci.audit.trial import INSTALL, RESTART, WORKS, Broken

_SOAK_SECONDS = 70
_LIFE_SECONDS = 60
_LIES = "/tmp/lies"


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
        # Where not even this runs the check fails: what is noticed is that the app does not work.
        draft = _running(recipe, service, ["sh", "-c", f"touch {_LIES}; exec sleep infinity"])
        lying = {"test": ["CMD", "test", "-e", _LIES], "interval": "2s"}
        draft.main(service)["healthcheck"] = lying
        name = f"{service}: does not run, and its health check says that it does"
        yield Broken(name, draft, WORKS)
        if check := recipe.main(service).get("healthcheck"):
            draft = recipe.copy()
            draft.main(service)["healthcheck"] = {**check, "test": ["CMD", "true"]}
            yield Broken(f"{service}: its health check cannot fail", draft, INSTALL)
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
    # As the first process of a container the check fails, as one must where no app runs.
    script = (
        "test $$$$ -ne 1 || exit 1; "
        f"test -e {born} || date +%s > {born}; "
        f"test $$(( $$(date +%s) - $$(cat {born}) )) -lt {_LIFE_SECONDS} || kill 1"
    )
    draft.main(service)["healthcheck"] = {"test": ["CMD-SHELL", script], "interval": "2s"}
    return draft
