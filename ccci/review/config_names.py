"""Configs of the Swarm never change: other content needs another name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ccci.recipe.compose import fill_in


@dataclass(frozen=True)
class Config:
    """A config as a commit has it.

    Attributes:
        key: its key in the compose file.
        name: in the Swarm, with the placeholder of the stack.
        path: the file.
        content: its text; None where the commit has no such file.
        driver: the template driver, or "".
    """

    key: str
    name: str
    path: str
    content: str | None
    driver: str


def configs_of(
    contents: Mapping[str, Mapping[str, object]],
    files: Mapping[str, str],
    exports: Mapping[str, str],
) -> Iterator[Config]:
    """Yield the configs of a commit's compose files that are made of a file.

    Args:
        contents: name to content of the compose files.
        files: path to text of the commit's files.
        exports: what its abra.sh exports.

    Example:
        >>> content = {"configs": {"ini": {"name": "${STACK_NAME}_ini_${INI}", "file": "app.ini"}}}
        >>> [one.name for one in configs_of({"compose.yml": content}, {}, {"INI": "v2"})]
        ['STACK_ini_v2']
    """
    for content in contents.values():
        table = content.get("configs")
        for key, entry in (table if isinstance(table, Mapping) else {}).items():
            if isinstance(entry, Mapping) and "file" in entry:
                name = fill_in(str(entry.get("name") or key), {**exports, "STACK_NAME": "STACK"})
                path = str(entry["file"]).removeprefix("./")
                driver = str(entry.get("template_driver") or "")
                yield Config(str(key), name, path, files.get(path), driver)


def changed_in_place(
    head: list[Config], releases: Mapping[str, list[Config]]
) -> Iterator[tuple[str, str]]:
    """Yield each config of the head that a release had under the same name with other content.

    One that is as in the newest release is left alone: what was wrong there is no change of the
    head's.

    Args:
        head: the head's.
        releases: release to its configs, the newest last.
    """
    newest = list(releases.values())[-1] if releases else []
    for config in head:
        if config in newest:
            continue
        for release, earlier in releases.items():
            other = any(
                one.name == config.name
                and (one.content, one.driver) != (config.content, config.driver)
                for one in earlier
            )
            if other:
                shown = config.name.removeprefix("STACK_")
                yield (
                    config.key,
                    (
                        f"config '{config.key}' is '{shown}' with another content in release "
                        f"{release}: where that was ever deployed, the Swarm refuses the new one. "
                        "Raise its version in abra.sh above every release."
                    ),
                )
                break
