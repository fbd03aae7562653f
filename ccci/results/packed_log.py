"""The texts in Robot's log.html and report.html, unpacked.

Robot stores all texts of a page in one list of strings, as lines of JavaScript. A string that
begins with an asterisk is plain text; all others are compressed with zlib and encoded in base64. A
search in the page itself would not find anything in the compressed ones.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator

_NAME = 'window.output["strings"]'
_EMPTY = f"{_NAME} = [];"
_MORE = f"{_NAME} = {_NAME}.concat("
_STRING = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"')
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
_SHORT_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "/": "/"}
# The longest text that an app's log can reasonably have; a longer one may be a decompression bomb.
_LONGEST_TEXT_BYTES = 64 << 20


class CannotUnpack(Exception):
    """The page is not in the known form of Robot's pages, so it cannot be searched."""


def unpacked(page: str) -> list[str]:
    """Return every text in a page of Robot's, compressed or not.

    Raises:
        CannotUnpack: the page has no list of strings, or one that cannot be read completely.

    Example:
        >>> unpacked(Path("results/custom-html/latest/log.html").read_text())[1]
        'Custom-Html'
    """
    lines = [line for line in page.split("\n") if line.startswith(_NAME)]
    if not lines or lines[0] != _EMPTY or len(lines) < 2:
        raise CannotUnpack("it has no list of strings in Robot's form")
    found: list[str] = []
    for line in lines[1:]:
        if not line.startswith(f"{_MORE}[") or not line.endswith("]);"):
            raise CannotUnpack("a part of its list of strings is not in Robot's form")
        found += [_text(string) for string in _strings(line[len(_MORE) + 1 : -3])]
    return found


def outside(page: str) -> str:
    """Return what a page of Robot's has outside of its list of strings."""
    return "\n".join(line for line in page.split("\n") if not line.startswith(_NAME))


def _strings(inside: str) -> Iterator[str]:
    """Yield the strings of a JavaScript list; refuse anything else in it."""
    at = 0
    while at < len(inside):
        string = _STRING.match(inside, at)
        if not string or inside[string.end() : string.end() + 1] not in ("", ","):
            raise CannotUnpack(f"its list of strings cannot be read at character {at}")
        yield _ESCAPE.sub(_unescaped, string.group(1))
        at = string.end() + 1


def _unescaped(escape: re.Match[str]) -> str:
    char = escape.group(1)
    if len(char) > 1:
        return chr(int(char[1:], 16))
    if char not in _SHORT_ESCAPES:
        raise CannotUnpack(f"its list of strings has an unknown escape: {char!r}")
    return _SHORT_ESCAPES[char]


def _text(string: str) -> str:
    if not string or string.startswith("*"):
        return string[1:]
    decompressor = zlib.decompressobj()
    try:
        raw = decompressor.decompress(base64.b64decode(string, validate=True), _LONGEST_TEXT_BYTES)
        if not decompressor.eof or decompressor.unused_data:
            raise CannotUnpack("one of its compressed texts is too long, or truncated")
        return raw.decode("utf-8", errors="surrogateescape")
    except (binascii.Error, ValueError, zlib.error) as error:
        raise CannotUnpack(f"one of its compressed texts cannot be unpacked: {error}") from error
