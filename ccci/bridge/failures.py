"""The one place where the works' errors become Robot failures.

A recipe's broken promise is a plain failure. A failure of the node or of these tests has the tag
`incomplete`, and its message begins so: it says nothing about the recipe.
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
    """The node, the network, these tests or the input failed: nothing is known of the recipe."""

    ROBOT_SUPPRESS_NAME = True


def project_keyword(*tags: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a method a keyword whose errors become Robot failures.

    Args:
        tags: of the keyword; `assertion` for one that fails when the app misbehaves.

    Example:
        ``@project_keyword("assertion")``
    """

    def decorate(method: Callable[P, R]) -> Callable[P, R]:
        @wraps(method)
        def converting(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return method(*args, **kwargs)
            except CcciError as error:
                raise as_failure(error) from error

        made: Any = keyword(tags=tags)(converting)
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
        # Tags cannot be set in a suite teardown; there the message alone says so.
        pass
    return Incomplete(f"Incomplete: {error}")
