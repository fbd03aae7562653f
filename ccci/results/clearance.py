"""Which files of a run may leave the node: those in which no credential of the run was found.

The run itself looks, at its very end, since only it still has the credentials then. What it found
stands in cleared.json; whoever hands a file on compares the file with it first.
"""

import hashlib
import html
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from ccci.results.credentials import SHORTEST_SECRET, forms_of
from ccci.results.packed_log import CannotUnpack, unpacked

CLEARED_FILE = "cleared.json"
MAY_BE_CLEARED = ("log.html", "report.html", "xunit.xml", "results.json", "output.xml")


@dataclass(frozen=True)
class ClearedFile:
    """A file as it was when it was looked through."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Clearance:
    """What a run found when it looked through its own files.

    Attributes:
        credentials: how many values were looked for, each in every form of it.
        cleared: name to file; only these may leave the node.
        withheld: name of each other file to the reason; it names credentials, never their values.
        reason: why nothing at all is cleared, or "".
    """

    credentials: int = 0
    cleared: dict[str, ClearedFile] = field(default_factory=dict)
    withheld: dict[str, str] = field(default_factory=dict)
    reason: str = ""


def clear(folder: Path, credentials: Mapping[str, str] | None) -> Clearance:
    """Look through a run's files, and write cleared.json.

    It fails closed: where a single file cannot be read or understood, or the credentials are not
    known, no file is cleared; and where this raises, there is no cleared.json.

    Args:
        folder: the folder of the run's results.
        credentials: value to name, of all that the run ever had; None: they are not known.

    Example:
        >>> clear(results, run.credentials.names_by_value()).cleared.keys()
        dict_keys(['log.html', 'report.html', 'xunit.xml', 'results.json', 'output.xml'])
    """
    (folder / CLEARED_FILE).unlink(missing_ok=True)
    found = _looked_through(folder, credentials)
    draft = folder / f".{CLEARED_FILE}"
    with draft.open("wb") as file:
        file.write(TypeAdapter(Clearance).dump_json(found, indent=2))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / CLEARED_FILE)
    return found


def read_clearance(folder: Path) -> Clearance:
    """Return what a run found; without a cleared.json that can be read, nothing is cleared.

    Example:
        >>> read_clearance(Path("results/custom-html/latest")).credentials
        3
    """
    try:
        return TypeAdapter(Clearance).validate_json((folder / CLEARED_FILE).read_bytes())
    except FileNotFoundError:
        return Clearance(reason="the run did not come to the search for credentials in its files")
    except (OSError, ValueError) as error:
        return Clearance(reason=f"{CLEARED_FILE} cannot be read: {type(error).__name__}")


def _looked_through(folder: Path, credentials: Mapping[str, str] | None) -> Clearance:
    if credentials is None:
        return Clearance(reason="the run's credentials are not known, so none can be looked for")
    wanted = {value: name for value, name in credentials.items() if value}
    short = sorted(name for value, name in wanted.items() if len(value) < SHORTEST_SECRET)
    if short:
        # It would be found in any text, or, left out, in none.
        return Clearance(len(wanted), reason=f"too short to be looked for: {', '.join(short)}")
    cleared: dict[str, ClearedFile] = {}
    withheld: dict[str, str] = {}
    for name in MAY_BE_CLEARED:
        path = folder / name
        if not path.is_symlink() and not path.exists():
            withheld[name] = "it was not made"
            continue
        try:
            if path.is_symlink():
                raise CannotUnpack("it is a link")
            raw = path.read_bytes()
            held = _held(raw, path.suffix, wanted)
        except (OSError, CannotUnpack) as error:
            return Clearance(len(wanted), reason=f"{name} cannot be looked through: {error}")
        if held:
            withheld[name] = f"it holds {', '.join(held)}"
        else:
            cleared[name] = ClearedFile(hashlib.sha256(raw).hexdigest(), len(raw))
    return Clearance(len(wanted), cleared, withheld)


def _held(raw: bytes, suffix: str, wanted: Mapping[str, str]) -> list[str]:
    """Return the names of the credentials that a file holds."""
    # Every byte is looked at: what is no UTF-8 must not end the search.
    text = raw.decode("utf-8", errors="surrogateescape")
    texts = [text, *(unpacked(text) if suffix == ".html" else [])]
    together = "\0".join(texts)
    # Twice: a page about a page. Named, decimal and hexadecimal references alike end here.
    once = html.unescape(together)
    views = {together, once, html.unescape(once)}
    return sorted(
        {
            name
            for value, name in wanted.items()
            if any(form in view for form in _looked_for(value) for view in views)
        }
    )


def _looked_for(value: str) -> set[str]:
    """Return all forms of a value, and of each of its lines: logs cut keys into lines."""
    lines = [line.strip() for line in value.splitlines()]
    parts = [line for line in lines if len(line) > 16 and not line.startswith("-----")]
    return {form for part in (value, *parts) for form in forms_of(part)}
