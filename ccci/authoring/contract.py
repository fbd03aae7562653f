"""P1 to P8 by program: every rule over one project, in one list of findings."""

from pathlib import Path

from ccci.authoring.assertions import check_assertions
from ccci.authoring.breaking import check_defects
from ccci.authoring.companions import check_companions
from ccci.authoring.documentation import check_documentation
from ccci.authoring.entrusted import check_entrusted, check_something_held
from ccci.authoring.evaluated import check_evaluated
from ccci.authoring.forbidden import check_forbidden
from ccci.authoring.layering import check_layering
from ccci.authoring.model import Finding
from ccci.authoring.neverfails import check_never_fails
from ccci.authoring.parity import check_parity
from ccci.authoring.project import Project
from ccci.authoring.recipes import check_recipes
from ccci.authoring.style import check_style
from ccci.authoring.verified_pages import check_verified
from ccci.authoring.vocabulary import Vocabulary
from ccci.authoring.weakened import check_weakened


def check_contract(root: Path) -> list[Finding]:
    """Return everything in the project that is not as agreed, sorted by file and line.

    Args:
        root: the project's folder.

    Example:
        >>> [str(found) for found in check_contract(Path("."))]
        []
    """
    project = Project(root)
    vocabulary = Vocabulary(project)
    findings = [
        *check_recipes(project, vocabulary),
        *check_companions(project),
        *check_entrusted(project, vocabulary),
        *check_parity(project),
        *check_verified(project),
        *check_defects(project),
        *check_assertions(project, vocabulary),
        *check_forbidden(project, vocabulary),
        *check_evaluated(project),
        *check_never_fails(project, vocabulary),
        *check_weakened(project),
        *check_style(project),
        *check_layering(project),
        *check_documentation(project, vocabulary),
        *to_write(project),
    ]
    return sorted(set(findings))


def to_write(project: Project) -> list[Finding]:
    """Return the skeletons that only a person can fill, one finding each."""
    skeletons = [
        project.finding(
            definition.path,
            definition.line,
            f"'{definition.name}' fails until somebody writes it.",
            "to write",
        )
        for file in (*project.suites, *project.resources)
        for definition in (*file.tests, *file.keywords)
        if definition.to_write
    ]
    skeletons += check_something_held(project)
    return skeletons + [found for found in check_defects(project) if found.kind == "to write"]
