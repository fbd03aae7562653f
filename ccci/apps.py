"""An app of a run as everybody sees it: its recipe, its names and its address."""

from dataclasses import dataclass


@dataclass(frozen=True)
class App:
    """An app as tests see it.

    Attributes:
        recipe: its recipe.
        domain: its host name.
        stack: the Swarm's name of it.
        url: `https://` and the domain, without a slash at its end.
    """

    recipe: str
    domain: str
    stack: str
    url: str
