"""What was verified of each recipe, and on what: the table of all, and the part of one's page."""

from collections.abc import Iterator

from ccci.authoring.model import Finding
from ccci.authoring.project import Project
from ccci.errors import Misuse
from ccci.results.levels import level_name
from ccci.results.pinned_tests import read_pinned
from ccci.results.suite_fingerprint import fingerprint_of_suite
from ccci.verified.file import Audited, Verified, load_verified, verified_path
from ccci.verified.standing import standing_of

FRONT = "README.md"
BEGIN = "<!-- The table of recipes: `make docs` writes it. -->"
END = "<!-- The end of the table of recipes. -->"
_COLUMNS = ("recipe", "verified on", "app version", "images", "tests", "level", "audit")


def check_verified(project: Project) -> Iterator[Finding]:
    """Yield what is wrong with each verified.toml; a recipe need not have one."""
    for recipe in project.enrolled:
        path = verified_path(project.root, recipe)
        if not path.exists():
            continue
        try:
            verified = load_verified(path)
        except Misuse as error:
            place, _, message = str(error).removeprefix(f"{path}:").partition(": ")
            yield project.finding(path, int(place), f"verified: {message}")
            continue
        if verified.suite == fingerprint_of_suite(project.root, recipe):
            yield from _missing(project, recipe, verified)
    front = project.root / FRONT
    text = front.read_text(encoding="utf-8") if front.exists() else ""
    if text.count(BEGIN) != text.count(END) or text.count(BEGIN) > 1:
        yield project.finding(front, 1, f"docs: expected '{BEGIN}' and '{END}' once each, or none.")


def _missing(project: Project, recipe: str, verified: Verified) -> Iterator[Finding]:
    """Yield a finding where a run of these very tests cannot have had so few of them."""
    pinned = {str(test) for test in read_pinned(project.root / "suites" / recipe)}
    if lacking := sorted(pinned - set(verified.tests)):
        yield project.finding(
            verified_path(project.root, recipe),
            1,
            f"verified: the tests of this suite are not the ones in it; '{lacking[0]}' is missing. "
            f"'make record RECIPE={recipe}' writes it from a run that passed.",
        )


def front_page(project: Project) -> dict[str, str]:
    """Return README.md with the table as it is now; nothing where it has no place for the table."""
    path = project.root / FRONT
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        return {}
    table = "\n".join(recipes_table(project, "docs/recipes/"))
    return {FRONT: f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"}


def recipes_table(project: Project, folder: str) -> Iterator[str]:
    """Yield the lines of the table of all recipes.

    Args:
        project: the project.
        folder: where the recipes' pages are, as seen from the page with the table; "" or ends in /.
    """
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"| {' | '.join('---' for _ in _COLUMNS)} |"
    for recipe in project.enrolled:
        cells = _cells(project, recipe)
        yield f"| [{recipe}]({folder}{recipe}.md) | {' | '.join(cells)} |"


def _cells(project: Project, recipe: str) -> tuple[str, ...]:
    standing = standing_of(project.root, recipe)
    found = standing.verified
    if found is None:
        return (standing.word, *("" for _ in _COLUMNS[2:]))
    when = f"{found.date}, outdated" if standing.word == "outdated" else str(found.date)
    score = f"{found.audit.caught} of {found.audit.defects}" if found.audit else "none"
    level = f"{found.level}"
    return when, found.app_version, found.origins, str(len(found.tests)), level, score


def verified_part(project: Project, recipe: str) -> Iterator[str]:
    """Yield the lines of a recipe's page on what its last green run ran on."""
    standing = standing_of(project.root, recipe)
    found = standing.verified
    yield from ("## What was verified, and on what", "")
    if found is None:
        yield from (f"Never: {standing.why}.", "")
        return
    if standing.why:
        yield from (f"**Outdated**: {standing.why}.", "")
    yield from (_run(found), "")
    yield from ("| image | came from | run by | id |", "| --- | --- | --- | --- |")
    for image in found.image:
        yield (
            f"| `{image.name}` | {image.origin} | {', '.join(image.versions)} "
            f"| `{image.id.removeprefix('sha256:')[:12]}` |"
        )
    yield ""
    if any(image.origin != "pulled" for image in found.image):
        yield from ("An image that was not pulled need not be the official one.", "")
    if found.audit:
        yield from _audit(found.audit)


def _run(found: Verified) -> str:
    release = f"release {found.release}" if found.release else "no release"
    memory = f"{found.peak_memory_bytes >> 20} MiB" if found.peak_memory_bytes else "unknown"
    upgrade = f", upgraded from {found.upgraded_from}" if found.upgraded_from else ""
    upgrade += " (which changed no version)" if found.upgraded_from == found.version else ""
    return (
        f"On {found.date}, run {found.run}: version {found.version} at commit `{found.head[:7]}` "
        f"({release}){upgrade}, with {found.abra}. {len(found.tests)} tests passed, which "
        f"[verified.toml](../../recipes/{found.recipe}/verified.toml) names; level {found.level} "
        f"({level_name(found.level)}); {found.seconds:.0f} s; peak memory {memory}."
    )


def _audit(audit: Audited) -> Iterator[str]:
    slept = "; the suite slept through:" if audit.slept_through else "."
    yield from (
        f"Audit of {audit.date}: {audit.caught} of {audit.defects} defects caught{slept}",
        "",
    )
    for one in audit.slept_through:
        yield f"- {one.defect}: `{one.said.replace('`', chr(39))}`"
    if audit.slept_through:
        yield ""
