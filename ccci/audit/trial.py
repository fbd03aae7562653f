"""What an audit tries: one defect, the files that it changes, and the stages that may notice it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ccci.audit.draft import Draft

# The stages that show that an app is up, works, and keeps its data, in their order.
INSTALL = ("install",)
WORKS = ("install", "functional", "browser")
RESTART = ("restart",)
BACKUP = ("backup",)
UPGRADE = ("upgrade",)


class Broken(NamedTuple):
    """A draft that is broken in one way.

    Attributes:
        name: what is broken, in words.
        draft: the broken recipe.
        stages: the stages of which one must turn red; they are run, and no others.
        variables: Robot variables for the run.
        alone: it disturbs other runs on the node.
        harmless: why nobody can see it, or "".
    """

    name: str
    draft: Draft
    stages: tuple[str, ...]
    variables: Mapping[str, str] = {}
    alone: bool = False
    harmless: str = ""


# One kind of defect: from the recipe to all that can be broken in this way.
Kind = Callable[[Draft], Iterator[Broken]]


@dataclass(frozen=True)
class Trial:
    """One defect to try.

    Attributes:
        name: what is broken, in words.
        files: the files of the recipe that change: name to text.
        stages: the stages to run. One of them must turn red.
        before: those of them that must stay green.
        message: what must be in the failure's message; "" if anything will do.
        variables: Robot variables for the run.
        alone: no other run may be on the node meanwhile: this one would disturb it.
        harmless: why nobody can see this defect, or "". It is not run then, and does not count.
    """

    name: str
    files: Mapping[str, str]
    stages: tuple[str, ...]
    before: tuple[str, ...] = ()
    message: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False
    harmless: str = ""
