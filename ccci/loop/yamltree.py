"""The nodes of a compose file as the rules read them: all that a key may say, with its line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from ccci.recipe.yaml_file import MERGE, line_of

__all__ = ["Entry", "entries", "is_null", "items", "line_of", "node_at", "scalars", "values"]


@dataclass(frozen=True)
class Entry:
    """A key of a mapping with its value, from the mapping itself or from a merge."""

    key: str
    key_node: yaml.Node
    value: yaml.Node


def entries(node: yaml.Node) -> list[Entry]:
    """Return the keys of a mapping, including those from merges.

    A key that is both in the mapping and in a merge is returned with both values: parsers differ on
    which one they use.
    """
    found = []
    for key_node, value in node.value if isinstance(node, yaml.MappingNode) else []:
        if key_node.value == MERGE:
            parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
            found += [entry for part in parts for entry in entries(part)]
        else:
            found.append(Entry(str(key_node.value), key_node, value))
    return found


def values(node: yaml.Node, key: str) -> list[yaml.Node]:
    """Return all values that a key of a mapping may have."""
    return [entry.value for entry in entries(node) if entry.key == key]


def items(node: yaml.Node) -> list[yaml.Node]:
    """Return the items of a sequence; a single value counts as one item, null as none."""
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    return [] if is_null(node) else [node]


def is_null(node: yaml.Node) -> bool:
    """Return whether a value is empty."""
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")


def scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """Yield each scalar below a node once, without keys."""
    waiting, seen = [node], {id(node)}
    while waiting:
        here = waiting.pop()
        if isinstance(here, yaml.ScalarNode):
            yield here
            continue
        parts = [v for _, v in here.value] if isinstance(here, yaml.MappingNode) else here.value
        for part in parts:
            if id(part) not in seen:
                seen.add(id(part))
                waiting.append(part)


def node_at(root: yaml.Node, place: Sequence[str | int]) -> yaml.Node:
    """Return the node at a place in a file, or the nearest one above it.

    Args:
        root: where the place begins.
        place: keys of mappings, and positions in lists.
    """
    node = root
    for part in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
        elif found := values(node, str(part)):
            node = found[-1]
    return node
