"""The defects of the enrolled recipes break what they say, and nothing else on the way."""

import subprocess
from pathlib import Path

import pytest
import yaml

from ccci.project import PROJECT
from ccci.recipe.checkout import check_out
from ccci.recipe.config import config_path
from ccci.recipe.defects import Defect, break_recipe, load_defects
from ccci.recipe.envfile import read_exports
from ccci.review.config_names import Config, changed_in_place, configs_of
from lab import reciperepos

# How Docker and our review of the files complain; some defects want just that.
COMPLAINTS = ("only updates to Labels", "with another content")


def configs_in(folder: Path) -> list[Config]:
    files = [one for one in folder.rglob("*") if one.is_file() and ".git" not in one.parts]
    texts = {str(one.relative_to(folder)): one.read_text(encoding="utf-8") for one in files}
    contents = {n: yaml.safe_load(t) or {} for n, t in texts.items() if n.startswith("compose")}
    return list(configs_of(contents, texts, read_exports(folder / "abra.sh")))


def upgrade_defects(recipe: str) -> list[Defect]:
    defects = load_defects(config_path(PROJECT, recipe).with_name("defects.toml")).defect
    return [
        one
        for one in defects
        if one.stage == "upgrade" and not any(words in one.message for words in COMPLAINTS)
    ]


@pytest.mark.parametrize(
    "recipe", sorted(p.parent.name for p in PROJECT.glob("recipes/*/defects.toml"))
)
def test_what_breaks_an_upgrade_can_be_deployed_over_the_release(
    recipe: str, tmp_path: Path
) -> None:
    """Docker refuses a config that changes under its name: abra.sh has to raise its version."""
    enrolled = reciperepos.load(recipe)
    reciperepos.ensure(enrolled, tmp_path / "recipes")
    source, tag = tmp_path / "recipes" / recipe, enrolled.releases[-1].tag
    release = configs_in(check_out(recipe, source, tmp_path / "release", tag).path)
    head = check_out(recipe, source, tmp_path / recipe).path
    for defect in upgrade_defects(recipe):
        break_recipe(defect, head)
        refused = list(changed_in_place(configs_in(head), {tag: release}))
        assert not refused, f"{defect.name}: {refused}"
        subprocess.run(["git", "-C", str(head), "checkout", "--quiet", "."], check=True)
