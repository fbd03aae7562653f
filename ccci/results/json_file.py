"""A file of results in JSON: written in one step, and closed to others."""

import json
from pathlib import Path

from ccci.results.modes import limit


def write_json(path: Path, content: object) -> None:
    """Write a JSON file: a reader finds the old one or the new one, and nothing between.

    Args:
        path: the file; its folder exists.
        content: what it holds, of the types that JSON has.

    Example:
        >>> write_json(Path("results/gitea/audit/audit.json"), {})  # doctest: +SKIP
    """
    draft = path.with_name(f".{path.name}")
    draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    limit(draft)
    draft.replace(path)
