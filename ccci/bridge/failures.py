"""The one place where errors become Robot failures.

A recipe's broken promise is a plain failure. Any other error of this project or of a library it
uses (the Docker SDK, requests, the operating system) says nothing about the recipe: its message
begins with `Incomplete:`, and `ccci.bridge.origins` notes it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from robot.api.deco import keyword
from robot.errors import RobotError

from ccci.bridge.origins import note_raised
from ccci.errors import CcciError, RecipeFailure
from ccci.results.reasons import INCOMPLETE

P = ParamSpec("P")
R = TypeVar("R")


class Broken(AssertionError):
    """The recipe broke a promise."""

    ROBOT_SUPPRESS_NAME = True


class Incomplete(RuntimeError):
    """The node, the network, these tests or the input failed: nothing is known of the recipe."""

    ROBOT_SUPPRESS_NAME = True

    def __init__(self, message: str) -> None:
        """Note the message: only what was raised so counts as incomplete."""
        super().__init__(message)
        note_raised(message)


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
            except Exception as error:
                failure = as_failure(error)
                if failure is error:
                    raise
                raise failure from error

        made: Any = keyword(tags=tags)(converting)
        result: Callable[P, R] = made
        return result

    return decorate


def as_failure(error: Exception) -> Exception:
    """Return the Robot failure for an error.

    Robot's own (a keyword that was run inside failed, a stage was opted out), and an assertion of a
    recipe's Python, are returned as they are.
    """
    if isinstance(error, RecipeFailure):
        return Broken(str(error))
    if isinstance(error, CcciError):
        return Incomplete(f"{INCOMPLETE}{error}")
    if isinstance(error, RobotError | AssertionError | Incomplete) or _skips(error):
        return error
    return Incomplete(f"{INCOMPLETE}{type(error).__name__}: {error}")


def _skips(error: Exception) -> bool:
    return bool(getattr(error, "ROBOT_SKIP_EXECUTION", False))
