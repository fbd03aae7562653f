"""The texts of Robot's log.html and report.html, unpacked.

Robot keeps all texts of a page in one list of strings, written as lines of JavaScript. A string
that begins with an asterisk is the text itself; any other is base64 of zlib of it. A search through
the page as it is says nothing of the packed ones.
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
# One text of an app's log; more is a mistake or a bomb, and the page is not vouched for.
_LONGEST_TEXT_BYTES = 64 << 20


class CannotUnpack(Exception):
    """The page is not written as Robot's pages are known to be: nothing can be said of it."""


def unpacked(page: str) -> list[str]:
    """Return every text that a page of Robot's keeps, packed or not.

    Raises:
        CannotUnpack: the page has no list of strings, or one that is not understood to its end.

    Example:
        >>> unpacked(Path("results/custom-html/latest/log.html").read_text())[1]
        'Custom-Html'
    """
    lines = [line for line in page.split("\n") if line.startswith(_NAME)]
    if not lines or lines[0] != _EMPTY or len(lines) < 2:
        raise CannotUnpack("it has no list of strings as Robot writes it")
    found: list[str] = []
    for line in lines[1:]:
        if not line.startswith(f"{_MORE}[") or not line.endswith("]);"):
            raise CannotUnpack("a part of its list of strings is not as Robot writes it")
        found += [_text(string) for string in _strings(line[len(_MORE) + 1 : -3])]
    return found


def _strings(inside: str) -> Iterator[str]:
    """Yield the strings of a JavaScript list; refuse anything else that stands in it."""
    at = 0
    while at < len(inside):
        string = _STRING.match(inside, at)
        if not string or inside[string.end() : string.end() + 1] not in ("", ","):
            raise CannotUnpack(f"its list of strings is not understood at character {at}")
        yield _ESCAPE.sub(_unescaped, string.group(1))
        at = string.end() + 1


def _unescaped(escape: re.Match[str]) -> str:
    sign = escape.group(1)
    if len(sign) > 1:
        return chr(int(sign[1:], 16))
    if sign not in _SHORT_ESCAPES:
        raise CannotUnpack(f"its list of strings has an escape that is not known: {sign!r}")
    return _SHORT_ESCAPES[sign]


def _text(string: str) -> str:
    if not string or string.startswith("*"):
        return string[1:]
    opened = zlib.decompressobj()
    try:
        raw = opened.decompress(base64.b64decode(string, validate=True), _LONGEST_TEXT_BYTES)
        if not opened.eof or opened.unused_data:
            raise CannotUnpack("a packed text of it is too long, or cut short")
        return raw.decode("utf-8", errors="surrogateescape")
    except (binascii.Error, ValueError, zlib.error) as error:
        raise CannotUnpack(f"a packed text of it cannot be unpacked: {error}") from error
