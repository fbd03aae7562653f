"""The pages on disk: each whole or not at all, and none left of a recipe that is gone."""

import json
from collections.abc import Mapping
from pathlib import Path

from ccci.dashboard.logs import Log
from ccci.errors import Misuse
from ccci.node.locks import locked

# What was written here before: only that is ever removed.
LIST = ".pages.json"
LOCK = ".lock"
FRONT = "index.html"


def publish(folder: Path, pages: Mapping[str, str | Log]) -> list[str]:
    """Write pages into a folder and return the names of those that had to change.

    A reader sees the page before or the page after. The front page comes last, so that all that it
    leads to is there. What an earlier call wrote and this one does not is removed.

    Args:
        folder: made if it is missing.
        pages: name below the folder, to content.

    Raises:
        Misuse: the folder has a front page that was not written here.
        NodeFailure: a log was changed or removed meanwhile.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK):
        before = _written_before(folder)
        if FRONT not in before and (folder / FRONT).exists():
            raise Misuse(f"{folder} has an {FRONT} of somebody else's: name another folder.")
        # Listed before they are there: what a killed call leaves is known to the next.
        _replace(folder / LIST, json.dumps(sorted(before | set(pages)), indent=1) + "\n")
        front_last = sorted(pages, key=lambda name: (name == FRONT, name))
        changed = [name for name in front_last if _replace(folder / name, pages[name])]
        for name in before - set(pages):
            _remove(folder, folder / name)
        _replace(folder / LIST, json.dumps(sorted(pages), indent=1) + "\n")
    return changed


def _written_before(folder: Path) -> set[str]:
    try:
        names = json.loads((folder / LIST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return set()
    except ValueError as error:
        raise Misuse(f"{folder / LIST} is no list of pages ({error}): remove it.") from None
    return {str(name) for name in names}


def _remove(folder: Path, path: Path) -> None:
    """Remove a page, and the folders that have nothing else in them."""
    path.unlink(missing_ok=True)
    for above in path.parents:
        if above == folder or not above.is_dir() or any(above.iterdir()):
            return
        above.rmdir()


def _replace(path: Path, content: str | Log) -> bool:
    """Write a file in one step, unless it is so already; tell whether it was written."""
    wanted = content.encode() if isinstance(content, str) else content.content()
    if path.is_file() and path.read_bytes() == wanted:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    # One name for the draft of each: what a killed process left is written over by the next.
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(wanted)
    draft.replace(path)
    return True
