"""What is kept in a volume that nobody named is lost, unless recipe.toml says that it may be."""

import pytest

from ccci.backup.unnamed import check_unnamed_volumes
from ccci.errors import RecipeFailure
from ccci.swarm.mounts import Mount

CACHE = Mount("cache", "5f" * 32, "/data")
PLUGINS = Mount("app", "6f" * 32, "/app/plugins")


def test_it_is_a_failure_that_says_what_to_write_into_recipe_toml() -> None:
    with pytest.raises(
        RecipeFailure,
        match=r"'app' writes to /app/plugins is lost .*reason, by \"app: folder /app/plugins\"\.",
    ):
        check_unnamed_volumes([CACHE, PLUGINS], {"cache: folder /data"})


def test_what_recipe_toml_excuses_is_fine() -> None:
    keys = {"cache: folder /data", "app: folder /app/plugins"}
    assert check_unnamed_volumes([CACHE, PLUGINS], keys) == []
    assert check_unnamed_volumes([], set()) == []


def test_without_a_recipe_toml_it_is_told() -> None:
    (sentence,) = check_unnamed_volumes([CACHE], None)
    assert "service 'cache' writes to /data is lost" in sentence
