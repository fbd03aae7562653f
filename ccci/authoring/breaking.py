"""defects.toml of each recipe: read strictly, and held against the recipe where the lab has it."""

from collections.abc import Iterator
from pathlib import Path

from ccci.authoring.model import Finding
from ccci.authoring.project import Project
from ccci.recipe.defects import complaints, load_defects

FILE = "defects.toml"


def check_defects(project: Project) -> Iterator[Finding]:
    """Yield what is wrong with each defects.toml, and the recipes that have none."""
    for recipe in project.enrolled:
        path = project.recipe_file(recipe, FILE)
        if not path.exists():
            yield project.finding(
                path,
                1,
                f"P7: recipe '{recipe}' has no {FILE}: nothing shows that its suite can fail.",
            )
            continue
        found = complaints(path, _checkout(project.root, recipe))
        for complaint in found:
            yield project.finding(path, complaint.line, f"P7: {complaint.sentence}")
        if not found and not load_defects(path).defect:
            yield project.finding(
                path,
                1,
                "no defect is written yet: break the recipe once, see the suite fail, and keep it.",
                "to write",
            )


def _checkout(root: Path, recipe: str) -> Path | None:
    """Return the files of the lab's recipe of this name. They are read as data, never run."""
    folder = root / "lab" / "recipes" / recipe / "recipe"
    return folder if folder.is_dir() else None
