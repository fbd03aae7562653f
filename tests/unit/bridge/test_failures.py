"""Whose fault an error is: never the recipe's by default."""

import docker.errors
import pytest
import requests
from robot.api import SkipExecution
from robot.errors import ExecutionFailed

from ccci.bridge.failures import Broken, Incomplete, as_failure, project_keyword
from ccci.errors import Misuse, NodeFailure, RecipeFailure, UnreadableRecipe


@pytest.mark.parametrize(
    "error",
    [
        docker.errors.APIError("503 Server Error: Service Unavailable"),
        docker.errors.NotFound("No such container: 1234"),
        requests.exceptions.ConnectionError("Connection refused"),
        requests.exceptions.ReadTimeout("Read timed out."),
        OSError(28, "No space left on device"),
        FileNotFoundError("/var/run/docker.sock"),
        KeyError("Spec"),
        ValueError("not JSON"),
        NodeFailure("No node has room."),
        Misuse("by='anna' is no caller."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_error_but_a_broken_promise_is_the_recipes_fault(error: Exception) -> None:
    failure = as_failure(error)
    assert isinstance(failure, Incomplete)
    assert str(failure).startswith("Incomplete: ")
    assert str(error) in str(failure)


@pytest.mark.parametrize("kind", [RecipeFailure, UnreadableRecipe])
def test_a_broken_promise_is(kind: type[RecipeFailure]) -> None:
    failure = as_failure(kind("The page is gone."))
    assert isinstance(failure, Broken)
    assert str(failure) == "The page is gone."


@pytest.mark.parametrize(
    "error",
    [
        SkipExecution("Opted out: there is nothing to upgrade from yet."),
        ExecutionFailed("a keyword inside failed"),
        AssertionError("1 != 2"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_robot_must_see_stays_as_it_is(error: Exception) -> None:
    assert as_failure(error) is error


def test_a_keyword_lets_no_librarys_error_through() -> None:
    class Words:
        @project_keyword("assertion")
        def ask_docker(self) -> None:
            raise docker.errors.APIError("connection refused")

    with pytest.raises(Incomplete, match="Incomplete: APIError: connection refused"):
        Words().ask_docker()
