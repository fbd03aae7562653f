"""How long a run may take: what recipe.toml says, else what follows from all timeouts."""

from pathlib import Path

import pytest

from ccci.errors import Misuse
from ccci.recipe.config import load_recipe_config
from ccci.recipe.dependencies import plan_in
from ccci.run.longest import longest_run_seconds


def _recipe(project: Path, name: str, settings: str) -> None:
    (project / "recipes" / name).mkdir(parents=True)
    (project / "recipes" / name / "recipe.toml").write_text(settings)


def _longest(project: Path, settings: str) -> int:
    _recipe(project, "shop", settings)
    config = load_recipe_config(project / "recipes" / "shop" / "recipe.toml")
    return longest_run_seconds(project, config, plan_in(project, "shop"))


def test_it_follows_from_the_timeouts_of_the_recipe_and_of_what_it_needs(tmp_path: Path) -> None:
    _recipe(tmp_path, "mail", "timeout_seconds = 100")
    settings = 'timeout_seconds = 60\nrequires = ["mail"]'
    assert _longest(tmp_path, settings) == 1800 + 600 + 200


def test_recipe_toml_decides(tmp_path: Path) -> None:
    assert _longest(tmp_path, "longest_run_minutes = 5") == 300


@pytest.mark.parametrize("minutes", ["0", "1441", "1.5", '"5"'])
def test_it_is_a_number_of_minutes(tmp_path: Path, minutes: str) -> None:
    with pytest.raises(Misuse, match="longest_run_minutes"):
        _longest(tmp_path, f"longest_run_minutes = {minutes}")
