"""Which files of a run may leave the node: those in which no credential of the run was found.

The run itself searches them, as its last step, because only the run knows the credentials. The
result is in cleared.json. Before a file is published, it is compared with cleared.json.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from ccci.results.credentials import SHORTEST_SECRET
from ccci.results.packed import CannotLookInto
from ccci.results.packed_log import CannotUnpack, outside, unpacked
from ccci.results.search import Search

CLEARED_FILE = "cleared.json"
LARGEST_FILE_BYTES = 64 << 20
MAY_BE_CLEARED = ("log.html", "report.html", "xunit.xml", "results.json", "output.xml")


@dataclass(frozen=True)
class ClearedFile:
    """A file as it was when it was searched."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Clearance:
    """The result of the search for credentials in the files of a run.

    Attributes:
        credentials: how many values were searched for, each in every form that it can have.
        cleared: the cleared files by name; only these may leave the node.
        withheld: the reason for each other file; it never has the value of a credential.
        reason: why no file is cleared, or "".
    """

    credentials: int = 0
    cleared: dict[str, ClearedFile] = field(default_factory=dict)
    withheld: dict[str, str] = field(default_factory=dict)
    reason: str = ""


def clear(folder: Path, credentials: Mapping[str, str] | None) -> Clearance:
    """Search the files of a run for credentials, and write cleared.json.

    It fails closed: if a file cannot be read or unpacked, or if the credentials are not known, no
    file is cleared. A file with something in it that cannot be searched is withheld. If this raises
    an error, there is no cleared.json.

    Args:
        folder: the folder with the results of the run.
        credentials: the name of each credential that the run ever had, by its value; None if they
            are not known.

    Example:
        >>> clear(results, run.credentials.names_by_value()).cleared.keys()
        dict_keys(['log.html', 'report.html', 'xunit.xml', 'results.json', 'output.xml'])
    """
    (folder / CLEARED_FILE).unlink(missing_ok=True)
    found = _search(folder, credentials)
    draft = folder / f".{CLEARED_FILE}"
    with draft.open("wb") as file:
        file.write(TypeAdapter(Clearance).dump_json(found, indent=2))
        file.flush()
        os.fsync(file.fileno())
    draft.chmod(0o640)
    draft.replace(folder / CLEARED_FILE)
    return found


def read_clearance(folder: Path) -> Clearance:
    """Read cleared.json; if it cannot be read, no file is cleared.

    Example:
        >>> read_clearance(Path("results/custom-html/latest")).credentials
        3
    """
    try:
        return TypeAdapter(Clearance).validate_json((folder / CLEARED_FILE).read_bytes())
    except FileNotFoundError:
        return Clearance(reason="the run ended before it searched its files for credentials")
    except (OSError, ValueError) as error:
        return Clearance(reason=f"{CLEARED_FILE} cannot be read: {type(error).__name__}")


def _search(folder: Path, credentials: Mapping[str, str] | None) -> Clearance:
    if credentials is None:
        return Clearance(
            reason="the run's credentials are not known, so they cannot be searched for"
        )
    wanted = {value: name for value, name in credentials.items() if value}
    short = sorted(name for value, name in wanted.items() if len(value) < SHORTEST_SECRET)
    if short:
        # A short value would be found in any text; without it the search would not be complete.
        return Clearance(len(wanted), reason=f"too short to search for: {', '.join(short)}")
    search = Search(wanted)
    cleared: dict[str, ClearedFile] = {}
    withheld: dict[str, str] = {}
    for name in MAY_BE_CLEARED:
        path = folder / name
        if not path.is_symlink() and not path.exists():
            withheld[name] = "it was not written"
            continue
        try:
            raw = _read(path)
            found = search.names_in(_contents(raw, path.suffix))
        except CannotLookInto as error:
            withheld[name] = f"it cannot be searched for credentials: {error}"
            continue
        except (OSError, CannotUnpack) as error:
            return Clearance(len(wanted), reason=f"{name} cannot be searched: {error}")
        if found:
            withheld[name] = f"it contains {', '.join(found)}"
        else:
            cleared[name] = ClearedFile(hashlib.sha256(raw).hexdigest(), len(raw))
    return Clearance(len(wanted), cleared, withheld)


def _read(path: Path) -> bytes:
    if path.is_symlink():
        raise CannotUnpack("it is a link")
    size = path.stat().st_size
    if size > LARGEST_FILE_BYTES:
        raise CannotLookInto(
            f"it has {size >> 20} MiB; at most {LARGEST_FILE_BYTES >> 20} MiB are searched"
        )
    return path.read_bytes()


def _contents(raw: bytes, suffix: str) -> list[bytes]:
    """Return what a file says: of a page of Robot's also the texts that are packed into it."""
    if suffix != ".html":
        return [raw]
    # Every byte is searched: bytes that are not UTF-8 must not end the search.
    page = raw.decode("utf-8", "surrogateescape")
    texts = "\0".join(unpacked(page))
    return [one.encode("utf-8", "surrogatepass") for one in (outside(page), texts)]
