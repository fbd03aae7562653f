"""Writes the pages to disk, each in one step, and removes those that are not needed any more."""

import json
from collections.abc import Mapping
from pathlib import Path

from ccci.dashboard.logs import Log
from ccci.errors import Misuse
from ccci.node.locks import locked
from ccci.results.modes import closed_folder, limit, serve

# The list of the pages in the folder: only these are ever removed.
PAGE_LIST = ".pages.json"
LOCK = ".lock"
FRONT_PAGE = "index.html"


def publish(folder: Path, pages: Mapping[str, str | Log], for_everybody: bool = False) -> list[str]:
    """Write pages into a folder and return the names of those that have changed.

    A reader sees either the old or the new version of a page. The front page is written last, when
    all pages that it links to exist. Pages of an earlier call that are not needed are removed.

    Args:
        folder: created if it is missing.
        pages: the path of each page in the folder, to its content.
        for_everybody: whether all users may read the pages, as a web server has to; otherwise only
            the owner and its group, whatever the umask is.

    Raises:
        Misuse: the folder has a front page that was not written by this function.
        NodeFailure: a log was changed or removed at the same time.
    """
    if not folder.exists():
        closed_folder(folder)
        if for_everybody:
            serve(folder)
    with locked(folder / LOCK):
        before = _written_before(folder)
        if FRONT_PAGE not in before and (folder / FRONT_PAGE).exists():
            raise Misuse(
                f"{folder} has an {FRONT_PAGE} that is not the dashboard's: name another folder."
            )
        # Listed before they are written, so that the next call knows what a killed one has left.
        _replace(folder / PAGE_LIST, json.dumps(sorted(before | set(pages)), indent=1) + "\n")
        front_last = sorted(pages, key=lambda name: (name == FRONT_PAGE, name))
        changed = [name for name in front_last if _replace(folder / name, pages[name])]
        for name in pages:
            for place in (folder / name, *_below(folder, name)):
                serve(place) if for_everybody else limit(place)
        for name in before - set(pages):
            _remove(folder, folder / name)
        _replace(folder / PAGE_LIST, json.dumps(sorted(pages), indent=1) + "\n")
        limit(folder / PAGE_LIST)
    return changed


def _below(folder: Path, name: str) -> list[Path]:
    """Return the folders between the folder of the pages and a page."""
    return [folder / above for above in Path(name).parents if above != Path()]


def _written_before(folder: Path) -> set[str]:
    try:
        names = json.loads((folder / PAGE_LIST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return set()
    except ValueError as error:
        raise Misuse(f"{folder / PAGE_LIST} is not a list of pages ({error}): remove it.") from None
    return {str(name) for name in names}


def _remove(folder: Path, path: Path) -> None:
    """Remove a page, and the folders that are empty then."""
    path.unlink(missing_ok=True)
    for above in path.parents:
        if above == folder or not above.is_dir() or any(above.iterdir()):
            return
        above.rmdir()


def _replace(path: Path, content: str | Log) -> bool:
    """Write a file in one step, unless it has this content; return whether it was written."""
    new = content.encode() if isinstance(content, str) else content.content()
    if path.is_file() and path.read_bytes() == new:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    # A fixed name: the next call overwrites the draft of a killed one.
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(new)
    draft.replace(path)
    return True
