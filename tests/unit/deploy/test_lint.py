"""The table of abra's lint is read; without one nothing is said of the recipe."""

import pytest

from ccci.deploy.lint import Rule, rules_in
from ccci.errors import NodeFailure

TABLE = """\
┌──────┬──────────────────────┬──────────┬───────────┬─────────┬───────────────────────────┐\r
│ REF  │ RULE                 │ SEVERITY │ SATISFIED │ SKIPPED │ HOW TO FIX                │\r
├──────┼──────────────────────┼──────────┼───────────┼─────────┼───────────────────────────┤\r
│ R001 │ compose version      │ warn     │ ✅        │ -       │ ensure `version: "3.8"`   │\r
│ R003 │ all images use a tag │ error    │ ❌        │ -       │ use a tag for all images  │\r
│ R010 │ traefik routing      │ error    │ -         │ ✅      │ include "traefik.enable"  │\r
└──────┴──────────────────────┴──────────┴───────────┴─────────┴───────────────────────────┘\r
WARN critical errors present in shop config\r
"""


@pytest.mark.parametrize("bar", ["│", "┃"])
def test_rules_are_read_from_the_table(bar: str) -> None:
    rules = rules_in(TABLE.replace("│", bar))
    assert [rule.ref for rule in rules if not rule.satisfied] == ["R003"]
    assert rules[1] == Rule(
        "R003", "all images use a tag", "error", False, "use a tag for all images"
    )
    assert len(rules) == 3


@pytest.mark.parametrize("output", ["", "nothing to lint", TABLE.replace("SEVERITY", "LEVEL   ")])
def test_another_table_says_nothing_of_the_recipe(output: str) -> None:
    with pytest.raises(NodeFailure, match="printed no table with the columns ref, rule, severity"):
        rules_in(output)
