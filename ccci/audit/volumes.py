"""Defects of volumes: what is written does not lie where it is kept."""

from collections.abc import Callable, Iterator
from typing import Any

from ccci.audit.draft import Draft, Part, read_mount
from ccci.audit.trial import RESTART, UPGRADE, Broken

# From a mount to what stands in its place; None: it is gone.
Change = Callable[[str, str], tuple[str, str] | None]


def volume_defects(recipe: Draft) -> Iterator[Broken]:
    """Yield each mount of a named volume, broken in each way."""
    named = {name for content in recipe.files.values() for name in content.get("volumes") or {}}
    for service in recipe.services:
        sources = {source for source, _ in recipe.mounts(service)} & named
        for source in sorted(sources):
            where = f"{service}: volume {source}"
            yield Broken(
                f"{where} is not mounted", _with(recipe, service, source, lambda *_: None), RESTART
            )
            yield Broken(
                f"{where} is mounted one folder deeper",
                _with(recipe, service, source, lambda name, path: (name, f"{path}/deeper")),
                RESTART,
            )
            yield Broken(
                f"{where} is mounted beside the data",
                _with(recipe, service, source, lambda name, path: (name, f"{path}-beside")),
                RESTART,
            )
            yield Broken(
                f"{service}: the head renames volume {source}",
                _renamed(recipe, service, source),
                UPGRADE,
            )


def _with(recipe: Draft, service: str, source: str, change: Change) -> Draft:
    draft = recipe.copy()
    for part in draft.parts(service):
        entries = part.get("volumes") or []
        part["volumes"] = [
            kept for entry in entries if (kept := _changed(entry, source, change)) is not None
        ]
        if not part["volumes"]:
            del part["volumes"]
    return draft


def _renamed(recipe: Draft, service: str, source: str) -> Draft:
    draft = _with(recipe, service, source, lambda name, path: (f"{name}_of_head", path))
    for content in draft.files.values():
        volumes: Part = content.get("volumes") or {}
        if source in volumes:
            volumes[f"{source}_of_head"] = None
    return draft


def _changed(entry: Any, source: str, change: Change) -> Any:
    name, path = read_mount(entry)
    if name != source:
        return entry
    changed = change(name, path)
    if changed is None:
        return None
    if isinstance(entry, dict):
        return {**entry, "source": changed[0], "target": changed[1]}
    options = str(entry).split(":")[2:]
    return ":".join([*changed, *options])
