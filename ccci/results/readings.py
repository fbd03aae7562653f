"""The list of the forms in which a text can be hidden in another: how each of them is read.

It has two parts. `WRITTEN` tells what a credential looks like in each encoding; this also finds it
where it begins in the middle of a longer text. `READINGS` reads a text that has such a form as a
part of it; what it yields is read again. `ccci.results.packed` does the same for compressed data.

A text is compared by its skeleton: its letters and digits in lower case. So it does not matter what
splits a credential: spaces, line ends, quotes, punctuation, or the zero bytes of UTF-16 and UTF-32.
"""

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator, Mapping

# Letters and digits stay. Everything else goes, so that nothing can be put between them.
_LOWER = bytes(range(256)).lower()
_NOT_ALNUM = bytes(byte for byte in range(256) if not chr(byte).isalnum() or byte > 127)
# Longer than what is between two parts of a wrapped text.
_FEWEST_CHARACTERS = 16

_ESCAPE = re.compile(
    r"(?<!\\)\\{1,16}+(?:u\{(?P<braces>[0-9a-fA-F]{1,6})\}|u(?P<four>[0-9a-fA-F]{4})|U(?P<eight>[0-9a-fA-F]{8})"
    r"|x(?P<two>[0-9a-fA-F]{2})|(?P<octal>0?[0-7]{3}|[0-7]{1,2})|(?P<line>[nrtfvb]))"
    r"|%(?:u(?P<wide>[0-9a-fA-F]{4})|(?P<percent>[0-9a-fA-F]{2}))|\b0[xX](?P<zero>[0-9a-fA-F]{2})(?![0-9a-fA-F])"
)
_QUOTED_PRINTABLE = re.compile(r"=(?:([0-9A-Fa-f]{2})|[ \t]*\r?\n)")
# Colour codes also without their first character, which XML and some logs leave out; and links.
_TERMINAL = re.compile(
    r"(?:\x1b|\^\[|\u241b)?\[[0-9;:]{0,40}[mKHJ]"
    r"|(?:\x1b\[|\x9b)[0-?]{0,40}[ -/]{0,4}[@-~]|\x1b\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)"
    r"|\x1b[ -/]?[0-~]"
)
_MARKUP = re.compile(
    r"<!--.{0,2000}?-->"
    # No part of these can match a second "<", so that the search is linear.
    r"|<[!/?a-zA-Z](?:[^<>\"']|\"[^\"<]*+\"|'[^'<]*+')*+>|<[!/?a-zA-Z][^<>]{0,2000}>",
    re.DOTALL,
)
# A line of xxd or hexdump: where it is, the bytes, and the same bytes as text.
_DUMP = re.compile(
    r"^[ \t]*[0-9a-fA-F]{4,16}:?[ \t]{1,4}((?:[0-9a-fA-F]{2,4}[ \t]{1,3}){2,16}).*$", re.MULTILINE
)
_WRAP = r"(?:[ \t]*+(?:\r?\n|\r)[ \t]*+"
_BASE64 = re.compile(rf"[A-Za-z0-9+/_-]{{8,}}+{_WRAP}[A-Za-z0-9+/_-]++)*+")
_BASE32 = re.compile(rf"[A-Z2-7]{{8,}}+{_WRAP}[A-Z2-7]++)*+|[a-z2-7]{{32,}}+")
_HEX = re.compile(r"[0-9a-fA-F]{2}(?:[ \t\r\n:,-]{0,3}+[0-9a-fA-F]{2}){7,}+[0-9a-fA-F]?")
_DECIMAL = re.compile(r"(?<!\d)\d{1,3}(?:[ \t\r\n,;]{1,8}+\d{1,3}(?!\d)){5,}+")
_SPACES = re.compile(r"[ \t\r\n:,-]+")


def skeleton(text: str | bytes) -> bytes:
    """Return the letters and digits of a text in lower case, as ASCII.

    Example:
        >>> skeleton("c4n\\n  4ry-Se.Cret")
        b'c4n4rysecret'
    """
    raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
    return raw.translate(_LOWER, _NOT_ALNUM)


def _aligned(
    encode: Callable[[bytes], bytes], group: int, bits: int
) -> Callable[[bytes], set[str]]:
    """Return what a value looks like in an encoding, at each place where it can begin.

    Only the characters that depend on nothing but the value are returned.
    """

    def forms(raw: bytes) -> set[str]:
        found = set()
        for before in range(group):
            encoded = encode(b"\0" * before + raw).rstrip(b"=")
            first = -(-before * 8 // bits)
            last = (before + len(raw)) * 8 // bits
            found.add(encoded[first:last].decode("ascii"))
        return found

    return forms


# How a value looks in each encoding that hides its letters, wherever it begins.
WRITTEN: Mapping[str, Callable[[bytes], set[str]]] = {
    "plain": lambda raw: {raw.decode("utf-8", "replace")},
    "backwards": lambda raw: {raw.decode("utf-8", "replace")[::-1]},
    "hex": lambda raw: {raw.hex()},
    "base64": _aligned(base64.b64encode, 3, 6),
    "base64 for URLs": _aligned(base64.urlsafe_b64encode, 3, 6),
    "base32": _aligned(base64.b32encode, 5, 5),
}


def written(value: str) -> Iterator[str]:
    """Yield what a value looks like in each of `WRITTEN`; also as UTF-16.

    Example:
        >>> "6162636465666768" in set(written("abcdefgh"))
        True
    """
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        raw = value.encode(encoding, "surrogatepass")
        for name, forms in WRITTEN.items():
            if encoding == "utf-8" or name not in ("plain", "backwards"):
                yield from forms(raw)


def _code_point(found: "re.Match[str]") -> str:
    kind, digits = found.lastgroup, found.group(found.lastgroup or 0)
    if kind == "line":
        return "\n" if digits in "nr" else " "
    number = int(digits, 8 if kind == "octal" else 16)
    return chr(number) if number < 0x110000 else "?"


def unescaped(text: str) -> str:
    """Return a text without the escapes of JSON, programs, shells, URLs and HTML, once.

    Example:
        >>> unescaped(r"\\u0063\\64n%34&#114;&#x79;")
        'c4n4ry'
    """
    text = _ESCAPE.sub(_code_point, text)
    return html.unescape(text) if "&" in text else text


def without_quoted_printable(text: str) -> str:
    """Return a text without the escapes of quoted-printable mail."""
    return _QUOTED_PRINTABLE.sub(lambda one: chr(int(one[1], 16)) if one[1] else "", text)


def without_markup(text: str) -> str:
    """Return a text without the codes of terminals and the tags of HTML and XML.

    Example:
        >>> without_markup("c4n<b>4r</b>y \\x1b[31mred\\x1b[0m")
        'c4n4ry red'
    """
    return _MARKUP.sub("", _TERMINAL.sub("", text))


def last_words(text: str) -> str:
    """Return the last word of each line, joined: a wrapped text in a log with prefixes.

    Example:
        >>> last_words("12:00 app | c4n4\\n12:01 app | rySe")
        'c4n4rySe'
    """
    return "".join(word for line in text.splitlines() for word in line.rsplit(None, 1)[-1:])


def from_base64(text: str) -> Iterator[bytes]:
    """Yield what each base64 text decodes to, also wrapped over lines, at each possible start."""
    for found in _BASE64.findall(text):
        run = "".join(found.split()).replace("-", "+").replace("_", "/")
        if len(run) < _FEWEST_CHARACTERS:
            continue
        for start in range(4):
            part = run[start:]
            # One character more than a whole number of bytes cannot be the end of anything.
            part = part[:-1] if len(part) % 4 == 1 else part
            yield binascii.a2b_base64(part + "=" * (-len(part) % 4))


def from_base32(text: str) -> Iterator[bytes]:
    """Yield what each base32 text decodes to, also wrapped over lines."""
    for found in _BASE32.findall(text):
        run = "".join(found.split()).upper()
        if len(run) >= _FEWEST_CHARACTERS:
            # Filled up with zero bits: what that adds at the end does no harm.
            yield base64.b32decode(run + "A" * (-len(run) % 8))


def from_hex(text: str) -> Iterator[bytes]:
    """Yield the bytes of each text in hexadecimal digits, also with separators."""
    for found in _HEX.findall(text):
        run = _SPACES.sub("", found)
        for start in range(2):
            yield bytes.fromhex(run[start : len(run) - (len(run) - start) % 2])


def from_decimals(text: str) -> Iterator[bytes]:
    """Yield the bytes of each list of numbers up to 255."""
    for found in _DECIMAL.findall(text):
        yield bytes(number for number in map(int, re.findall(r"\d+", found)) if number < 256)


# What is hidden in a text as another text; each is read again.
READINGS: Mapping[str, Callable[[str], Iterator[bytes]]] = {
    "base64": from_base64,
    "base32": from_base32,
    "hex": from_hex,
    "decimal numbers": from_decimals,
}


# How many of the last views are read for other texts in them: no encoding has characters that the
# earlier ones still have as escapes.
MOST_UNESCAPED = 4


def views(text: str) -> list[str]:
    """Return a text in each form in which it is searched, the least escaped ones last.

    Escapes are removed three times, because a page may quote a page that quotes a page.
    """
    # The text as it is, too: what looks like an escape may be the end of a terminal's code.
    found = [text, without_markup(text)]
    plain = text
    for _ in range(3):
        before, plain = plain, unescaped(plain)
        if plain == before:
            break
        found.append(plain)
    bare = without_markup(plain)
    found += [without_quoted_printable(bare), _DUMP.sub(r"\1", bare), last_words(bare), bare, plain]
    # Of equal ones the last counts.
    return list(dict.fromkeys(reversed(found)))[::-1]
