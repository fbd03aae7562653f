"""The network that a run has for itself, in the place of `proxy`, which all apps share."""

from collections.abc import Iterable, Mapping
from typing import Any

from ccci.errors import RecipeFailure
from ccci.recipe.compose import fill_in, labels_of

SHARED_NETWORK = "proxy"


def replace_proxy(
    overlay: dict[str, Any],
    contents: list[dict[str, Any]],
    settings: Mapping[str, str],
    network: str,
) -> None:
    """Change an overlay so that an app's services are on `network` where they were on `proxy`.

    Traefik must be told the network too: it would take any other address that a service has.

    Args:
        overlay: the overlay, with an entry for each service.
        contents: the compose files.
        settings: the values of variables in them.
        network: the network's name.

    Raises:
        RecipeFailure: a label leads Traefik to another network than `proxy`.
    """
    keys = list(dict.fromkeys(_keys_of_proxy(contents, settings)))
    if keys:
        overlay["networks"] = {key: {"external": True, "name": network} for key in keys}
    for service, labels in labels_of(contents).items():
        if any(label.lower().startswith("traefik.") for label in labels):
            # Traefik refuses a service that has labels of both kinds.
            older = any(label.lower().startswith("traefik.docker.") for label in labels)
            kind = "docker" if older else "swarm"
            written = [one for one in labels if one.lower() == f"traefik.{kind}.network"]
            for label in written:
                _require_proxy(service, label, fill_in(labels[label], settings))
            names = written or [f"traefik.{kind}.network"]
            overlay["services"][service]["deploy"]["labels"] = dict.fromkeys(names, network)


def _require_proxy(service: str, label: str, value: str) -> None:
    if value not in ("", SHARED_NETWORK):
        raise RecipeFailure(
            f"Service {service} has the label {label}={value}: Traefik is on the network "
            f"'{SHARED_NETWORK}', and reaches no app by another one. Name that one, or remove the "
            "label."
        )


def _keys_of_proxy(
    contents: Iterable[Mapping[str, Any]], settings: Mapping[str, str]
) -> Iterable[str]:
    for content in contents:
        for key, entry in (content.get("networks") or {}).items():
            table = entry if isinstance(entry, Mapping) else {}
            external = table.get("external")
            older = external.get("name") if isinstance(external, Mapping) else None
            name = fill_in(str(table.get("name") or older or key), settings)
            if name == SHARED_NETWORK and (external or table.get("name")):
                yield str(key)
