"""Which tests a run had, as one short hash: later, anybody can see whether they have changed.

It covers the names in `tests.txt` and the recipe's own files beside its suite and its recipe.toml.
What many recipes share (links to the generic stages, resources, libraries) is not in it, nor what
decides nothing in a run: documents, defects, and what `make record` writes.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from ccci.results.pinned_tests import PINNED_FILE

VERIFIED_FILE = "verified.toml"
_DECIDES_NOTHING = frozenset({PINNED_FILE, "defects.toml", VERIFIED_FILE})
_NO_SOURCE = frozenset({".md", ".pyc"})


def fingerprint_of_suite(project: Path, recipe: str) -> str:
    """Return a hash of the tests of a recipe; "" for one that has no suite of its own.

    Args:
        project: the folder with suites/ and recipes/.
        recipe: the recipe.

    Example:
        >>> len(fingerprint_of_suite(PROJECT, "custom-html"))
        16
    """
    suite = project / "suites" / recipe
    if not suite.is_dir():
        return ""
    whole = hashlib.sha256()
    for name, content in _parts(suite, project / "recipes" / recipe):
        whole.update(hashlib.sha256(name.encode() + b"\0" + content).digest())
    return whole.hexdigest()[:16]


def _parts(suite: Path, recipe: Path) -> Iterator[tuple[str, bytes]]:
    pinned = suite / PINNED_FILE
    if pinned.is_file():
        lines = pinned.read_text(encoding="utf-8").splitlines()
        yield PINNED_FILE, "\n".join(line for line in lines if not line.startswith("#")).encode()
    for kind, folder in (("suite", suite), ("recipe", recipe)):
        for path in sorted(folder.rglob("*")):
            is_own = path.is_file() and not path.is_symlink()
            if is_own and path.name not in _DECIDES_NOTHING and path.suffix not in _NO_SOURCE:
                yield f"{kind}/{path.relative_to(folder).as_posix()}", path.read_bytes()
