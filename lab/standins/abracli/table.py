"""Prints tables for people, and JSON for programs."""

import json
from collections.abc import Sequence


def show(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table with borders on stdout."""
    widths = [max(len(row[i]) for row in [headings, *rows]) for i in range(len(headings))]

    def line(cells: Sequence[str]) -> str:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        return "│ " + " │ ".join(padded) + " │"

    rule = ["─" * (width + 2) for width in widths]
    print("┌" + "┬".join(rule) + "┐")
    print(line(headings))
    print("├" + "┼".join(rule) + "┤")
    for row in rows:
        print(line(row))
    print("└" + "┴".join(rule) + "┘")


def as_json(content: object) -> None:
    """Print one line of JSON on stdout."""
    print(json.dumps(content))
