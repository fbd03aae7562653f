"""`make cost` counts what is there for one recipe alone, and nothing else."""

from pathlib import Path

import pytest

from ccci.authoring.cost import companion_costs, costs, main, table
from tests.unit.authoring.checked_project import make_project

LINES = "one\ntwo\nthree\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in order, with files of the recipe `blog` in other places."""
    root = make_project(tmp_path)
    for name, text in {
        "recipes/blog/Posts.py": "from ccci.feeds.rss import read\nimport ccci.waiting\n",
        "recipes/blog/__pycache__/Posts.pyc": LINES,
        "libraries/Blog.py": "import ccci.waiting\n",
        "libraries/Shops.py": "import ccci.waiting\n",
        "ccci/feeds/rss.py": "from ccci.feeds import dates\n",
        "ccci/feeds/dates.py": "import datetime\n",
        "tests/unit/test_posts.py": LINES,
        "tests/unit/recipes/blog/test_feeds.py": LINES,
        "tests/lab/test_blog_survives.py": LINES,
        "tests/unit/test_waiting.py": LINES,
        "docs/blog.md": LINES,
        "lab/images/blog/Dockerfile": LINES,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_what_is_there_for_one_recipe_alone_is_counted(root: Path) -> None:
    (blog,) = costs(root)
    assert [path.relative_to(root).as_posix() for path in blog.files] == [
        "ccci/feeds/dates.py",
        "ccci/feeds/rss.py",
        "libraries/Blog.py",
        "recipes/blog/NOTES.md",
        "recipes/blog/PARITY.md",
        "recipes/blog/Posts.py",
        "recipes/blog/blog.resource",
        "recipes/blog/defects.toml",
        "recipes/blog/recipe.toml",
        "suites/blog/2__functional.robot",
        "suites/blog/3__browser.robot",
        "tests/lab/test_blog_survives.py",
        "tests/unit/recipes/blog/test_feeds.py",
        "tests/unit/test_posts.py",
    ]
    assert [path.relative_to(root).as_posix() for path in blog.lab] == [
        "lab/recipes/blog/recipe/compose.yml",
        "lab/images/blog/Dockerfile",
    ]


def test_the_table_adds_up(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(root)]) == 0
    heading, _, row = capsys.readouterr().out.splitlines()
    assert heading.startswith("| recipe | recipes/ | suites/ | elsewhere | lines | files |")
    name, *numbers = [cell.strip() for cell in row.strip("|").split("|")]
    recipes, suites, elsewhere, lines, files, python, lab = map(int, numbers)
    assert name == "blog"
    assert recipes + suites + elsewhere == lines
    assert (elsewhere, files, python, lab) == (1 + 1 + 1 + 3 + 3 + 3, 14, 1 + 1 + 1 + 2 + 9, 7)


def test_a_work_that_others_use_is_not_the_recipe_s(root: Path) -> None:
    (root / "libraries/Shops.py").write_text("import ccci.feeds.rss\n", encoding="utf-8")
    (blog,) = costs(root)
    names = {path.name for path in blog.files}
    assert not names & {"rss.py", "dates.py", "Shops.py"}


def test_a_companion_has_a_row_of_its_own(root: Path) -> None:
    for name in (
        "resources/companions/post/recipe.toml",
        "resources/companions/post/recipe/compose.yml",
        "resources/post.resource",
        "libraries/Post.py",
        "libraries/Postcards.py",
        "tests/unit/test_post.py",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n", encoding="utf-8")
    (post,) = companion_costs(root)
    assert post.recipe == "post (companion)" and len(post.files) == 5
    assert "Postcards.py" not in {path.name for path in post.files}
    assert table(root).splitlines()[-1].startswith("| post (companion) | 0 | 0 | 5 | 5 | 5 |")
