"""What `abra recipe lint` says of a recipe: read from the table that it prints."""

from collections.abc import Iterator
from dataclasses import dataclass

from ccci.errors import NodeFailure

_COLUMNS = ("ref", "rule", "severity", "satisfied", "skipped", "how to fix")
_NO = "❌"


@dataclass(frozen=True)
class Rule:
    """One rule of abra, and what it says of a recipe.

    Attributes:
        ref: its number, as `R003`.
        text: what it requires.
        severity: `warn` or `error`.
        satisfied: whether the recipe does, or the rule was skipped.
        remedy: how to mend it.
    """

    ref: str
    text: str
    severity: str
    satisfied: bool
    remedy: str


def rules_in(output: str) -> list[Rule]:
    """Return the rules in abra's table.

    Args:
        output: of `abra recipe lint`.

    Raises:
        NodeFailure: it has no such table.

    Example:
        >>> rules_in("│ REF │ RULE │ SEVERITY │ SATISFIED │ SKIPPED │ HOW TO FIX │\\n"
        ...          "│ R003 │ all images use a tag │ error │ ❌ │ - │ use a tag │")[0].satisfied
        False
    """
    found = list(_rules(output))
    if not found:
        raise NodeFailure(
            f"abra's lint printed no table with the columns {', '.join(_COLUMNS)}. This abra may "
            f"be of a version that this project does not know. It printed: {output[-500:]!r}"
        )
    return found


def _rules(output: str) -> Iterator[Rule]:
    heading: list[str] = []
    for line in output.splitlines():
        cells = [cell.strip() for cell in line.replace("┃", "│").strip().strip("│").split("│")]
        if [cell.lower() for cell in cells] == list(_COLUMNS):
            heading = cells
        elif heading and len(cells) == len(heading):
            ref, text, severity, satisfied, _, remedy = cells
            yield Rule(ref, text, severity, satisfied != _NO, remedy)
