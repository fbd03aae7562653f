"""An app of a run: its recipe, its names and its address."""

from collections.abc import Mapping
from dataclasses import dataclass

# abra cuts here, since the Swarm takes 64 characters for `<stack>_<secret>_<version>`.
LONGEST_STACK_NAME = 45


@dataclass(frozen=True)
class App:
    """An app as tests see it.

    Attributes:
        recipe: its recipe.
        domain: its host name.
        stack: the name of its stack; see `stack_name`.
        url: `https://` and the domain, without a slash at its end.
    """

    recipe: str
    domain: str
    stack: str
    url: str


def stack_name(domain: str, settings: Mapping[str, str] | None = None) -> str:
    """Return the name of an app's stack, as abra makes it.

    Args:
        domain: the app's domain; its dots become underscores, and it is cut at 45 characters.
        settings: the app's .env, if there is one already: `STACK_NAME` in it wins, uncut.

    Example:
        >>> stack_name("blog.lab.test")
        'blog_lab_test'
        >>> stack_name("blog.lab.test", {"STACK_NAME": "blog"})
        'blog'
    """
    named = (settings or {}).get("STACK_NAME")
    return named or domain.replace(".", "_")[:LONGEST_STACK_NAME]
