"""The one place where the works' errors become Robot failures.

A recipe's broken promise is a plain failure. A failure of the node or the harness carries the tag
`incomplete` and says so in its first word, so that nobody reads it as a word about the recipe.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from robot.api.deco import keyword
from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError

from ccci.errors import CcciError, RecipeFailure

INCOMPLETE = "incomplete"
P = ParamSpec("P")
R = TypeVar("R")


class Broken(AssertionError):
    """The recipe broke a promise."""

    ROBOT_SUPPRESS_NAME = True


class Incomplete(RuntimeError):
    """The node, the network, the harness or the input failed: nothing is said of the recipe."""

    ROBOT_SUPPRESS_NAME = True


def project_keyword(*tags: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a method a keyword with these tags, its errors translated.

    Args:
        tags: `assertion` for a keyword that can fail over what the app does.
    """

    def decorate(method: Callable[P, R]) -> Callable[P, R]:
        @wraps(method)
        def translated(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return method(*args, **kwargs)
            except CcciError as error:
                raise as_failure(error) from error

        made: Any = keyword(tags=tags)(translated)
        result: Callable[P, R] = made
        return result

    return decorate


def as_failure(error: CcciError) -> Exception:
    """Return the Robot failure for an error of the works; tag the test when it is incomplete."""
    if isinstance(error, RecipeFailure):
        return Broken(str(error))
    try:
        BuiltIn().set_tags(INCOMPLETE)
    except RobotNotRunningError:
        pass
    except RuntimeError:
        # A suite teardown cannot set tags; its failure is told by the message alone.
        pass
    return Incomplete(f"Incomplete: {error}")
