"""Whose fault it is that an abra command failed, or did not end."""

from pathlib import Path

import pytest

from ccci.deploy.abra import Abra, AbraResult
from ccci.errors import NodeFailure, RecipeFailure

WIKI = "wiki-pr0-1234567.lab.test"
AWAY = "FATA Cannot connect to the Docker daemon at unix:///var/run/docker.sock."


def failure(*arguments: str, output: str = "FATA it failed") -> Exception:
    return Abra.failure(arguments, AbraResult("abra", 1, output, "", 1.0))


@pytest.mark.parametrize("command", ["cp", "run", "cmd", "restart", "backup", "restore", "deploy"])
@pytest.mark.parametrize("before", [[], ["--debug"]])
def test_what_uses_the_recipe_fails_as_the_recipes(command: str, before: list[str]) -> None:
    assert isinstance(failure(*before, "app", command, WIKI), RecipeFailure)
    assert isinstance(failure(*before, "app", command, WIKI, output=AWAY), NodeFailure)


@pytest.mark.parametrize("arguments", [("app", "ls"), ("app", "undeploy", WIKI), ("recipe", "run")])
def test_other_commands_say_nothing_about_it(arguments: tuple[str, ...]) -> None:
    assert isinstance(failure(*arguments), NodeFailure)


def test_an_app_that_its_files_keep_from_being_made_is_the_recipes() -> None:
    unset = "FATA missing version for secret 'db_password': SECRET_DB_PASSWORD_VERSION is not set"
    assert isinstance(failure("app", "new", "wiki", output=unset), RecipeFailure)
    assert isinstance(failure("app", "secret", "generate", WIKI, output=unset), RecipeFailure)
    taken = f"FATA {WIKI} already exists"
    assert isinstance(failure("app", "new", "wiki", output=taken), NodeFailure)


def test_no_room_and_no_network_are_the_nodes() -> None:
    full = "cp: write error: No space left on device"
    assert isinstance(failure("app", "cp", WIKI, output=full), NodeFailure)
    unreachable = "FATA Get https://registry/v2/: dial tcp: lookup registry: no such host"
    assert isinstance(failure("app", "deploy", WIKI, output=unreachable), NodeFailure)
    # In a container it is a program of the recipe that cannot reach another.
    assert isinstance(failure("app", "run", WIKI, output="dial tcp db: refused"), RecipeFailure)


def test_what_hangs_in_a_container_is_the_recipes(tmp_path: Path) -> None:
    program = tmp_path / "abra"
    program.write_text("#!/bin/sh\nexec sleep 30\n")
    program.chmod(0o755)
    abra = Abra(program, tmp_path)
    for command in ("run", "cp"):
        with pytest.raises(RecipeFailure, match="did not end within"):
            abra("app", command, WIKI, within_seconds=0.3)
    with pytest.raises(NodeFailure, match="did not end within"):
        abra("app", "deploy", WIKI, within_seconds=0.3)
