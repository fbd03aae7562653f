"""An upgrade starts from a release that lies before the head, in history and in version."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from ccci.errors import Misuse, RecipeFailure
from ccci.recipe.checkout import Checkout, check_out

LABEL = '        - "coop-cloud.${{STACK_NAME}}.version={version}"\n'
COMPOSE = "services:\n  app:\n    image: nginx:1\n    deploy:\n      labels:\n"


class Recipe:
    """A recipe's repository, whose commits each have a version label."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "--quiet", "-b", "main")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=anna", "-c", "user.email=anna@example.org"]
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.path, env=kept, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        return done.stdout.strip()

    def commit(self, version: str, tag: str = "") -> str:
        label = LABEL.format(version=version) if version else ""
        (self.path / "compose.yml").write_text(COMPOSE + label)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", version or "no version")
        if tag:
            self.git("tag", "--annotate", "-m", tag, tag)
        return self.git("rev-parse", "HEAD")

    def at(self, wanted: str = "HEAD") -> Checkout:
        into = Path(tempfile.mkdtemp(dir=self.path.parent)) / "wiki"
        return check_out("wiki", self.path, into, wanted)


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    made = Recipe(tmp_path / "wiki")
    made.commit("1.0.0+1", tag="1.0.0+1")
    made.commit("1.1.0+1", tag="1.1.0+1")
    return made


def test_the_newest_release_before_the_head(recipe: Recipe) -> None:
    head = recipe.commit("1.2.0+2")
    assert str(recipe.at(head).previous) == "1.1.0+1"
    # The head has its own tag now, and others came later.
    recipe.git("tag", "--annotate", "-m", "x", "1.2.0+2")
    recipe.commit("2.0.0+3", tag="2.0.0+3")
    checkout = recipe.at(head)
    assert str(checkout.previous) == "1.1.0+1"
    assert str(checkout.head_release) == "1.2.0+2"


def test_a_release_that_is_not_in_its_history_does_not_count(recipe: Recipe) -> None:
    recipe.git("checkout", "--quiet", "-b", "other", "HEAD~1")
    recipe.commit("1.1.5+1", tag="1.1.5+1")
    recipe.git("checkout", "--quiet", "main")
    assert str(recipe.at(recipe.commit("1.2.0+2")).previous) == "1.1.0+1"


def test_a_head_under_the_label_of_the_release_is_upgraded_from_it(recipe: Recipe) -> None:
    assert str(recipe.at(recipe.commit("1.1.0+1")).previous) == "1.1.0+1"


def test_a_head_without_a_label_is_upgraded_from_its_history(recipe: Recipe) -> None:
    assert str(recipe.at(recipe.commit("")).previous) == "1.1.0+1"


def test_a_label_that_went_down_is_refused(recipe: Recipe) -> None:
    checkout = recipe.at(recipe.commit("1.0.5+1"))
    said = r"An upgrade goes up: .* is 1\.0\.5\+1, and release 1\.1\.0\+1 lies before it"
    with pytest.raises(RecipeFailure, match=said):
        _ = checkout.previous


def test_a_named_release_must_be_older(recipe: Recipe) -> None:
    head = recipe.commit("1.2.0+2", tag="1.2.0+2")
    recipe.commit("1.2.0+2", tag="1.1.9+1")
    recipe.commit("1.3.0+2", tag="1.3.0+2")
    checkout = recipe.at(head)
    assert str(checkout.named("1.0.0+1")) == "1.0.0+1"
    for tag in ("1.2.0+2", "1.1.9+1", "1.3.0+2"):
        with pytest.raises(Misuse, match=r"An upgrade goes up: .* is not newer than"):
            checkout.named(tag)
    with pytest.raises(Misuse, match=r"has no release 9\.9\.9\+1; it has 1\.0\.0\+1, "):
        checkout.named("9.9.9+1")


def test_without_a_release_before_it_there_is_nothing_to_upgrade_from(recipe: Recipe) -> None:
    with pytest.raises(Misuse, match="has no release before"):
        _ = recipe.at("1.0.0+1").previous


@pytest.mark.parametrize(
    "line",
    [
        '- "coop-cloud.${STACK_NAME}.version=3.1.0+7"',
        "- coop-cloud.${STACK_NAME}.version=3.1.0+7",
        '"coop-cloud.${STACK_NAME}.version": "3.1.0+7"',
        "coop-cloud.${STACK_NAME}.version: 3.1.0+7",
        "# coop-cloud.${STACK_NAME}.version: 3.0.0+7\n"
        "        coop-cloud.${STACK_NAME}.version: 3.1.0+7",
    ],
)
def test_the_label_is_read_as_a_map_and_in_a_list(recipe: Recipe, line: str) -> None:
    (recipe.path / "compose.yml").write_text(f"{COMPOSE}        {line}\n")
    recipe.git("commit", "--quiet", "--all", "-m", "x")
    assert str(recipe.at().version) == "3.1.0+7"
