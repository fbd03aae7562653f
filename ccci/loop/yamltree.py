"""A YAML file as nodes with line numbers; files that parsers read differently are refused.

Parsers differ on duplicate keys, tags, directives, line breaks that are not ASCII, and recursive
aliases. All of these are refused, so that what is checked here is what Docker deploys.
"""

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

MOST_BYTES = 128 << 10
_MOST_NODES = 20000
_DEEPEST = 24
_PLAIN_TAGS = {
    f"tag:yaml.org,2002:{kind}"
    for kind in ("str", "int", "float", "bool", "null", "map", "seq", "merge", "timestamp")
}
_MERGE = "<<"
# Control characters; NEL, LS and PS, which are line breaks to some parsers; byte order marks.
_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class Unreadable(Exception):
    """The file cannot be checked; `line` says where, and `what` why."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line, self.what = line, what


@dataclass(frozen=True)
class Entry:
    """A key of a mapping with its value, from the mapping itself or from a merge."""

    key: str
    key_node: yaml.Node
    value: yaml.Node


def read_text(path: Path, most_bytes: int = MOST_BYTES) -> str:
    """Read a file of a recipe as text.

    Raises:
        Unreadable: it is not a regular file, too large, or not plain UTF-8 text.
    """
    facts = path.lstat()
    if not stat.S_ISREG(facts.st_mode):
        raise Unreadable(1, "is not a regular file")
    if facts.st_size > most_bytes:
        raise Unreadable(1, f"has {facts.st_size} bytes; at most {most_bytes} are allowed")
    content = path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, "is not UTF-8 text") from None
    odd = _ODD.search(text) or re.search(r"\r(?!\n)", text)
    if odd:
        line = text.count("\n", 0, odd.start()) + 1
        raise Unreadable(line, f"has the character {odd.group()!a}")
    return text


def load(path: Path) -> yaml.MappingNode:
    """Read a compose file as nodes; no Python objects are created from it.

    Raises:
        Unreadable: it does not parse, or parsers may read it differently.
    """
    text = read_text(path)
    directive = re.search(r"^%", text, re.MULTILINE)
    if directive:
        raise Unreadable(text.count("\n", 0, directive.start()) + 1, "has a YAML directive")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(mark.line + 1 if mark else 1, f"does not parse: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise Unreadable(1, f"does not parse: {ascii(str(error))[:80]}") from None
    except RecursionError:
        raise Unreadable(1, "is nested too deep") from None
    if not isinstance(root, yaml.MappingNode):
        raise Unreadable(1, "is not a mapping")
    _Walk().check(root, 0)
    return root


def entries(node: yaml.Node) -> list[Entry]:
    """Return the keys of a mapping, including those from merges.

    A key that is both in the mapping and in a merge is returned with both values: parsers differ on
    which one they use.
    """
    found = []
    for key_node, value in node.value if isinstance(node, yaml.MappingNode) else []:
        if key_node.value == _MERGE:
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


def line_of(node: yaml.Node) -> int:
    """Return the line on which a node starts, counted from 1."""
    return int(node.start_mark.line) + 1


class _Walk:
    """Goes through a file, aliases included, and stops at anything that is odd or too much."""

    def __init__(self) -> None:
        self._count = 0

    def check(self, node: yaml.Node, depth: int) -> None:
        self._count += 1
        line = line_of(node)
        if self._count > _MOST_NODES:
            raise Unreadable(line, f"has more than {_MOST_NODES} values with its aliases")
        if depth > _DEEPEST:
            raise Unreadable(line, f"is nested more than {_DEEPEST} deep")
        if node.tag not in _PLAIN_TAGS:
            raise Unreadable(line, f"has the tag {node.tag!a}")
        if isinstance(node, yaml.ScalarNode) and (odd := _ODD.search(node.value)):
            raise Unreadable(line, f"has the character {odd.group()!a}")
        if isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self.check(item, depth + 1)
        if isinstance(node, yaml.MappingNode):
            self._check_mapping(node, depth)

    def _check_mapping(self, node: yaml.MappingNode, depth: int) -> None:
        seen = set()
        for key, value in node.value:
            line = line_of(key)
            if not isinstance(key, yaml.ScalarNode) or key.tag not in _PLAIN_TAGS:
                raise Unreadable(line, "has a key that is not a plain text")
            if key.value in seen:
                raise Unreadable(line, f"has the key {key.value!a} twice")
            seen.add(key.value)
            self.check(value, depth + 1)
            if key.value == _MERGE:
                self._check_merge(key, value)

    def _check_merge(self, key: yaml.ScalarNode, value: yaml.Node) -> None:
        parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
        if key.style or not all(isinstance(part, yaml.MappingNode) for part in parts):
            raise Unreadable(line_of(key), "has a merge ('<<') of something other than mappings")
