"""docs/enroll-recipe.md quotes the worked example: what it shows is what the recipe has."""

import re

from ccci.project import PROJECT

GUIDE = PROJECT / "docs" / "enroll-recipe.md"
EXAMPLE = "miniflux"


def test_what_the_guide_quotes_is_in_the_example() -> None:
    files = [
        path
        for place in ("recipes", "suites")
        for path in sorted((PROJECT / place / EXAMPLE).iterdir())
        if path.is_file() and not path.is_symlink()
    ]
    texts = [path.read_text(encoding="utf-8") for path in files]
    quoted = re.findall(r"^```(?:robotframework|toml)\n(.+?)^```", GUIDE.read_text(), re.M | re.S)
    assert len(quoted) >= 8
    lost = [part for part in quoted if not any(part in text for text in texts)]
    assert lost == []
