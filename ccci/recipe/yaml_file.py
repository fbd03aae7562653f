"""A YAML file as nodes with line numbers; files that parsers read differently are refused.

Parsers differ on duplicate keys, tags, directives, line breaks that are not ASCII, recursive
aliases, and on keys and values that only look like a number or a date. All of these are refused, so
that what is read here is what Docker deploys.
"""

import copy
import re
import stat
from pathlib import Path
from typing import Any

import yaml

MOST_BYTES = 128 << 10
_MOST_NODES = 20000
_DEEPEST = 24
_PLAIN_TAGS = {
    f"tag:yaml.org,2002:{kind}"
    for kind in ("str", "int", "float", "bool", "null", "map", "seq", "merge", "timestamp")
}
_TEXT, _LIST, _MAPPING, _MERGE_TAG = (
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map", "merge")
)
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
MERGE = "<<"
# Control characters; NEL, LS and PS, which are line breaks to some parsers; halves of surrogate
# pairs, which UTF-8 cannot write; byte order marks.
_ODD = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]"
)


class Unreadable(Exception):
    """The file cannot be checked; `line` says where, and `what` why."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line, self.what = line, what


class _Loader(yaml.SafeLoader):
    """Reads `2222:22` as the text that it is to Docker, and not as a number to the base of 60."""

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        tag = str(super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]
        return _TEXT if tag in _NUMBERS and ":" in value else tag


def kind_of(path: Path) -> int:
    """Return the kind of what is at a path, as `stat.S_IFMT` tells it; 0 if nothing can be there.

    A recipe can name a path that is too long for any file.
    """
    try:
        return stat.S_IFMT(path.lstat().st_mode)
    except (OSError, ValueError):
        return 0


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
        root = yaml.compose(text, Loader=_Loader)
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


def content_of(root: yaml.MappingNode) -> dict[str, Any]:
    """Return the content of a file that `load` has read, its aliases and merges resolved."""
    # Making the content changes the nodes.
    content: dict[str, Any] = yaml.SafeLoader("").construct_document(copy.deepcopy(root))
    return content


def line_of(node: yaml.Node) -> int:
    """Return the line on which a node starts, counted from 1."""
    return int(node.start_mark.line) + 1


class _Walk:
    """Goes through a file, aliases included, and stops at anything that is odd or too much."""

    def __init__(self) -> None:
        self._count = 0
        self._loader = yaml.SafeLoader("")

    def check(self, node: yaml.Node, depth: int) -> None:
        self._count += 1
        line = line_of(node)
        if self._count > _MOST_NODES:
            raise Unreadable(line, f"has more than {_MOST_NODES} values with its aliases")
        if depth > _DEEPEST:
            raise Unreadable(line, f"is nested more than {_DEEPEST} deep")
        if node.tag not in _PLAIN_TAGS:
            raise Unreadable(line, f"has the tag {node.tag[:80]!a}")
        if isinstance(node, yaml.ScalarNode):
            self._check_scalar(node)
        elif node.tag not in (_LIST, _MAPPING):
            raise Unreadable(line, f"has the tag {node.tag!a} on a list or a mapping")
        if isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self.check(item, depth + 1)
        if isinstance(node, yaml.MappingNode):
            self._check_mapping(node, depth)

    def _check_scalar(self, node: yaml.ScalarNode) -> None:
        if odd := _ODD.search(node.value):
            raise Unreadable(line_of(node), f"has the character {odd.group()!a}")
        if node.tag == _TEXT:
            return
        try:
            self._loader.construct_object(node)
        except (ValueError, KeyError, AttributeError, OverflowError, yaml.YAMLError):
            # Such as the month 13, or 5,000 digits.
            what = f"has the value {node.value[:40]!a}, which cannot be read. Put it in quotes"
            raise Unreadable(line_of(node), what) from None

    def _check_mapping(self, node: yaml.MappingNode, depth: int) -> None:
        seen = set()
        for key, value in node.value:
            line = line_of(key)
            if not isinstance(key, yaml.ScalarNode) or key.tag not in (_TEXT, _MERGE_TAG):
                raise Unreadable(line, "has a key that is not a plain text. Put it in quotes")
            if odd := _ODD.search(key.value):
                raise Unreadable(line, f"has the character {odd.group()!a}")
            if key.value in seen:
                raise Unreadable(line, f"has the key {key.value[:80]!a} twice")
            seen.add(key.value)
            self.check(value, depth + 1)
            if key.value == MERGE:
                self._check_merge(key, value)

    def _check_merge(self, key: yaml.ScalarNode, value: yaml.Node) -> None:
        parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
        if key.style or not all(isinstance(part, yaml.MappingNode) for part in parts):
            raise Unreadable(line_of(key), "has a merge ('<<') of something other than mappings")
