"""A recipe's compose files and settings in memory, to be changed: one draft for each defect."""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ccci.recipe.compose import as_map, fill_in, read_compose
from ccci.recipe.envfile import read_env, read_exports
from ccci.recipe.offered import SAMPLE

Part = dict[str, Any]


@dataclass
class Draft:
    """What a recipe is deployed with.

    Attributes:
        files: compose file to its content, in the order of COMPOSE_FILE.
        sample: the text of .env.sample.
        settings: what .env.sample sets.
        exports: what abra.sh exports.
        added: further files of the recipe: name to content.
    """

    files: dict[str, Part]
    sample: str
    settings: dict[str, str]
    exports: dict[str, str]
    added: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, names: list[str]) -> "Draft":
        """Read these compose files of a checkout, and its settings."""
        sample = folder / SAMPLE
        return cls(
            {name: read_compose(folder / name) for name in names},
            sample.read_text(encoding="utf-8") if sample.is_file() else "",
            read_env(sample) if sample.is_file() else {},
            read_exports(folder / "abra.sh"),
        )

    def copy(self) -> "Draft":
        """Return a draft that can be changed without changing this one."""
        return copy.deepcopy(self)

    def files_unlike(self, original: "Draft") -> dict[str, str]:
        """Return the files in which this draft differs from another: name to text."""
        texts = {
            name: yaml.safe_dump(content, sort_keys=False, width=10_000)
            for name, content in self.files.items()
            if content != original.files[name]
        }
        if self.sample != original.sample:
            texts[SAMPLE] = self.sample
        return texts | self.added

    def deployed(self) -> str:
        """Return all that an app with the default settings is deployed with, as one text."""
        settings = {**self.settings, **self.exports, "STACK_NAME": "stack"}
        files = yaml.safe_dump(list(self.files.values()), sort_keys=True, width=10_000)
        passed_on = {key: value for key, value in settings.items() if self._is_passed_on(key)}
        chosen = self.settings.get("COMPOSE_FILE") or "compose.yml"
        return f"{chosen}\n{fill_in(files, settings)}\n{passed_on}\n{self.added}"

    @property
    def services(self) -> list[str]:
        """The names of all services."""
        names = [name for content in self.files.values() for name in content.get("services") or {}]
        return list(dict.fromkeys(names))

    def parts(self, service: str) -> list[Part]:
        """Return what each file says of a service."""
        tables = [(content.get("services") or {}).get(service) for content in self.files.values()]
        return [table for table in tables if isinstance(table, dict)]

    def main(self, service: str) -> Part:
        """Return the part of a service that names its image."""
        return next((part for part in self.parts(service) if "image" in part), {})

    def remove_service(self, service: str) -> None:
        """Remove a service, also where others name it as what they need."""
        for content in self.files.values():
            (content.get("services") or {}).pop(service, None)
        for part in self._all_parts():
            if service in (part.get("depends_on") or ()):
                del part["depends_on"]

    def labels(self, service: str) -> dict[str, str]:
        """Return the deploy labels of a service."""
        found: dict[str, str] = {}
        for part in self.parts(service):
            found |= as_map((part.get("deploy") or {}).get("labels"))
        return found

    def set_label(self, service: str, key: str, value: str | None) -> None:
        """Change a deploy label, or remove it (None), in each file that has it."""
        for part in self.parts(service):
            deploy = part.get("deploy") or {}
            labels = as_map(deploy.get("labels"))
            if key in labels:
                del labels[key]
                changed = labels if value is None else labels | {key: value}
                deploy["labels"] = _written_as(deploy["labels"], changed)

    def add_label(self, service: str, key: str, value: str) -> None:
        """Add a deploy label to a service."""
        deploy = self.main(service).setdefault("deploy", {})
        labels = deploy.get("labels") or []
        deploy["labels"] = _written_as(labels, as_map(labels) | {key: value})

    def mounts(self, service: str) -> list[tuple[str, str]]:
        """Return what a service mounts: volume or path of the node, and folder in the container."""
        entries = [one for part in self.parts(service) for one in part.get("volumes") or []]
        return [mount for mount in map(read_mount, entries) if mount[0]]

    def environment(self, service: str) -> dict[str, str | None]:
        """Return the variables of a service; None for one that is passed on by its name."""
        found: dict[str, str | None] = {}
        for part in self.parts(service):
            found |= _variables(part)
        return found

    def set_variable(self, service: str, key: str, value: str) -> None:
        """Change a variable of a service, in each file that has it."""
        for part in self.parts(service):
            variables = _variables(part)
            if key in variables:
                part["environment"] = variables | {key: value}

    def drop_setting(self, key: str) -> None:
        """Remove a setting's line from .env.sample."""
        self.sample = re.sub(rf"(?m)^{re.escape(key)}=.*\n?", "", self.sample)
        self.settings.pop(key, None)

    def _all_parts(self) -> Iterator[Part]:
        for service in self.services:
            yield from self.parts(service)

    def _is_passed_on(self, key: str) -> bool:
        return any(_variables(part).get(key, "") is None for part in self._all_parts())


def _written_as(before: object, labels: dict[str, str]) -> list[str] | dict[str, str]:
    """Return labels as a list where they were one: Docker fills in no variable in a map's keys."""
    return (
        [f"{key}={value}" for key, value in labels.items()] if isinstance(before, list) else labels
    )


def _variables(part: Part) -> dict[str, str | None]:
    entries = part.get("environment") or {}
    if isinstance(entries, Mapping):
        return {str(key): None if value is None else str(value) for key, value in entries.items()}
    split = (str(entry).partition("=") for entry in entries)
    return {key: value if equals else None for key, equals, value in split}


def read_mount(entry: Any) -> tuple[str, str]:
    """Return source and folder of a mount; no source for long forms that are no volume."""
    if isinstance(entry, dict):
        is_volume = entry.get("type", "volume") == "volume"
        return (str(entry.get("source", "")) if is_volume else "", str(entry.get("target", "")))
    source, _, rest = str(entry).partition(":")
    return (source if rest else "", rest.partition(":")[0])
