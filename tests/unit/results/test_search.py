"""A credential is found in every form of the list, and what cannot be searched is refused."""

import base64
import bz2
import codecs
import contextlib
import gzip
import html
import io
import json
import lzma
import quopri
import random
import struct
import textwrap
import time
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable

import pytest

from ccci.results.packed import LARGEST_BYTES, CannotLookInto
from ccci.results.readings import READINGS, WRITTEN
from ccci.results.search import DEEPEST, Search

# As the project generates them, and with every kind of character.
CANARIES = ("kZ3-9xTqW_7LmN2vB8cR5yH1pD4aA1", 'c4n4ry/"&+<é>sEcReT')
NAME = "shop.lab.test/owner"
PROSE = "The page said the same thing again and again, and 127.0.0.1 agreed at 12:04:31.\n"


def b64(raw: bytes) -> bytes:
    return base64.b64encode(raw)


def wrapped(raw: bytes, width: int = 20) -> bytes:
    return "\n".join(textwrap.wrap(raw.decode(), width)).encode()


def data(raw: bytes, kind: str = "application/octet-stream") -> bytes:
    return b"data:" + kind.encode() + b";base64," + b64(raw)


def every(text: bytes, form: str) -> bytes:
    return "".join(form.format(ord(char)) for char in text.decode()).encode()


def raw_deflate(raw: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(raw) + packer.flush()


def zipped(raw: bytes, name: str = "a.txt") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, raw)
    return file.getvalue()


def png(*chunks: tuple[bytes, bytes], after: bytes = b"") -> bytes:
    pixels = zlib.compress(b"\0" + b"\x80" * 300)
    header = struct.pack(">IIBBBBB", 100, 1, 8, 2, 0, 0, 0)
    found = b"\x89PNG\r\n\x1a\n"
    for kind, content in ((b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")):
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        found += struct.pack(">I", len(content)) + kind + content + checksum
    return found + after


def split(text: bytes, between: str) -> bytes:
    return between.join(text.decode()).encode()


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda s: s,
    "backwards": lambda s: s.decode()[::-1].encode(),
    "in capitals": lambda s: s.upper(),
    "hex": lambda s: s.hex().encode(),
    "hex in capitals": lambda s: s.hex().upper().encode(),
    "hex with spaces": lambda s: s.hex(" ").encode(),
    "hex with colons": lambda s: s.hex(":").encode(),
    "hex as 0x": lambda s: ", ".join(f"0x{byte:02X}" for byte in s).encode(),
    "hex wrapped": lambda s: wrapped(s.hex().encode(), 16),
    "hex twice": lambda s: s.hex().encode().hex().encode(),
    "hex dump": lambda s: "\n".join(
        f"{at:08x}: {s[at : at + 16].hex(' ', 2)}  {s[at : at + 16].decode('latin-1')}"
        for at in range(0, len(s), 16)
    ).encode(),
    "decimal": lambda s: json.dumps(list(s)).encode(),
    "decimal with spaces": lambda s: " ".join(map(str, s)).encode(),
    "base32": lambda s: base64.b32encode(s),
    "base32 in small letters": lambda s: base64.b32encode(b"x" + s).lower(),
    "base32 wrapped": lambda s: wrapped(base64.b32encode(s), 12),
    "base32 of base64": lambda s: base64.b32encode(b64(s)),
    "base64": b64,
    "base64 after one byte": lambda s: b64(b":" + s + b":x"),
    "base64 after two bytes": lambda s: b64(b"u:" + s),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(s + b"???>>>"),
    "base64 within a word": lambda s: b"token" + b64(s) + b"end",
    "base64 in a URL": lambda s: urllib.parse.quote(b64(s), safe="").encode(),
    "base64 wrapped": lambda s: wrapped(b64(s)),
    "base64 wrapped with spaces": lambda s: wrapped(b64(s)).replace(b"\n", b" \r\n    "),
    "base64 wrapped in JSON": lambda s: json.dumps({"a": wrapped(b64(s)).decode()}).encode(),
    "base64 wrapped with prefixes": lambda s: b"\n".join(
        b"2026-01-01 app.1 | " + line for line in wrapped(b64(s), 16).split()
    ),
    "base64 with colours": lambda s: split(b64(s), "\x1b[31m"),
    "base64 twice": lambda s: b64(b64(s)),
    "base64 twice, wrapped twice": lambda s: wrapped(b64(wrapped(b64(s)))),
    "base64 three times": lambda s: b64(b64(b64(b"Basic " + s))),
    "base64 of UTF-16": lambda s: b64(s.decode().encode("utf-16-le")),
    "base64 of base64 of UTF-16": lambda s: b64(b64(s.decode().encode("utf-16-be"))),
    "base64 of hex": lambda s: b64(s.hex().encode()),
    "base64 of JSON": lambda s: b64(every(s, "\\u{:04x}")),
    "URL": lambda s: urllib.parse.quote(s, safe="").encode(),
    "URL, every character": lambda s: b"".join(b"%%%02X" % byte for byte in s),
    "URL twice": lambda s: urllib.parse.quote(urllib.parse.quote(s, safe="")).encode(),
    "old URL": lambda s: every(s, "%u{:04x}"),
    "JSON": lambda s: json.dumps({"password": s.decode()}).encode(),
    "JSON in JSON": lambda s: json.dumps(json.dumps({"a": s.decode()})).encode(),
    "JSON with slashes": lambda s: json.dumps(s.decode()).replace("/", "\\/").encode(),
    "\\uXXXX": lambda s: every(s, "\\u{:04x}"),
    "\\uXXXX in JSON": lambda s: every(s, "\\\\u{:04X}"),
    "\\u{X}": lambda s: every(s, "\\u{{{:x}}}"),
    "\\UXXXXXXXX": lambda s: every(s, "\\U{:08x}"),
    "\\xHH": lambda s: b"".join(b"\\x%02x" % byte for byte in s),
    "octal": lambda s: b"".join(b"\\%03o" % byte for byte in s),
    "octal with zero": lambda s: b"".join(b"\\0%03o" % byte for byte in s),
    "HTML": lambda s: html.escape(s.decode()).encode(),
    "HTML in decimal": lambda s: every(s, "&#{};"),
    "HTML in decimal without end": lambda s: every(s, "&#{:07} "),
    "HTML in hex": lambda s: every(s, "&#x{:X};"),
    "HTML twice": lambda s: html.escape(every(s, "&#x{:x};").decode()).encode(),
    "quoted-printable": lambda s: quopri.encodestring(b"a line that is long, " * 3 + s),
    "quoted-printable, every character": lambda s: b"".join(b"=%02X" % byte for byte in s),
    "UTF-16, little end first": lambda s: s.decode().encode("utf-16-le"),
    "UTF-16, big end first": lambda s: s.decode().encode("utf-16-be"),
    "UTF-32": lambda s: codecs.BOM_UTF32_LE + s.decode().encode("utf-32-le"),
    "UTF-32, big end first": lambda s: s.decode().encode("utf-32-be"),
    "split by line ends": lambda s: split(s, "\r\n"),
    "split by spaces": lambda s: split(s, " "),
    "split by marks without width": lambda s: split(s, "\u200b"),
    "split by colours": lambda s: split(s, "\x1b[1;31m"),
    "split by colours without their first character": lambda s: split(s, "[0m"),
    "split by escaped colours": lambda s: split(s, "\\u001b[38;5;1m"),
    "split by links of a terminal": lambda s: split(s, "\x1b]8;;https://a.test\x1b\\"),
    "split by tags": lambda s: split(s, "<b>"),
    "split by tags with attributes": lambda s: split(s, '<b title="a>b" x>'),
    "split by escaped tags": lambda s: split(s, "&lt;wbr/&gt;"),
    "split by HTML comments": lambda s: split(s, "<!-- a -->"),
    "split by soft hyphens": lambda s: split(s, "&shy;"),
    "wrapped with prefixes": lambda s: b"\n".join(b"12:00 app | " + one for one in (s[:9], s[9:])),
    "gzip in a data: address": lambda s: data(gzip.compress(s), "application/gzip"),
    "gzip in base64": lambda s: b"body " + b64(gzip.compress(PROSE.encode() + s)),
    "gzip in wrapped base64": lambda s: wrapped(b64(gzip.compress(s))),
    "gzip in hex": lambda s: gzip.compress(s).hex().encode(),
    "gzip as a file": gzip.compress,
    "gzip after another": lambda s: gzip.compress(b"hello") + gzip.compress(s),
    "gzip of gzip": lambda s: gzip.compress(gzip.compress(s)),
    "zlib in a data: address": lambda s: data(zlib.compress(s)),
    "zlib as a file": zlib.compress,
    "zlib in the middle": lambda s: b64(b"\x01\x02 header" + zlib.compress(s) + b"rest"),
    "deflate in base64": lambda s: b64(raw_deflate(PROSE.encode() + s)),
    "bzip2 in base64": lambda s: b64(bz2.compress(s)),
    "xz in base64": lambda s: b64(lzma.compress(s)),
    "zip as a file": zipped,
    "zip in a data: address": lambda s: data(zipped(s), "application/zip"),
    "zip in zip as a file": lambda s: zipped(zipped(s)),
    "gzip in zip in base64": lambda s: b64(zipped(gzip.compress(s))),
    "text of a picture": lambda s: data(png((b"tEXt", b"Comment\0" + s)), "image/png"),
    "packed text of a picture": lambda s: data(
        png((b"zTXt", b"Comment\0\0" + zlib.compress(s))), "image/png"
    ),
    "behind a picture": lambda s: data(png(after=s), "image/png"),
    "packed behind a picture": lambda s: data(png(after=gzip.compress(s)), "image/png"),
    "pixels of a picture": lambda s: data(
        png((b"IDAT", zlib.compress(s * 3))).replace(b"", b"", 0), "image/png"
    ),
    "a page in a data: address": lambda s: data(b"<p>" + s + b"</p>", "text/html"),
}


@pytest.mark.parametrize("canary", CANARIES, ids=["generated", "with signs"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found_within_other_text(form: str, canary: str) -> None:
    hidden = FORMS[form](canary.encode())
    # A file that is nothing else cannot have a text around it.
    around = b"" if "as a file" in form or "after another" in form else PROSE.encode()
    assert Search({canary: NAME, "another-value": "other"}).names_in(
        [around + hidden + b"\n" + around]
    ) == [NAME]


def test_each_entry_of_the_list_has_an_example() -> None:
    names = " ".join(FORMS)
    for entry in (*WRITTEN, *READINGS):
        assert entry.removesuffix(" numbers") in names


@pytest.mark.parametrize("value", ["s3cret", "!$%&/()=?+", "ééèèààüü", "a-b-c-d-e"])
@pytest.mark.parametrize(
    "form", ["plain", "hex", "base64", "URL", "JSON", "HTML", "gzip as a file"]
)
def test_a_value_of_few_letters_is_found_too(form: str, value: str) -> None:
    hidden = FORMS[form](value.encode())
    assert Search({value: NAME}).names_in([hidden]) == [NAME]
    # The same characters in another order are not the value.
    assert Search({value: NAME}).names_in([value[1:].encode() + value[:1].encode()]) == []


def test_other_text_has_no_credential() -> None:
    noise = random.Random(7).randbytes(200_000)
    text = PROSE.encode() * 500 + b64(noise) + noise.hex().encode() + data(png(), "image/png")
    assert Search(dict.fromkeys(CANARIES, NAME)).names_in([text, noise]) == []


def encrypted_zip() -> bytes:
    raw = bytearray(zipped(b"hello"))
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    return bytes(raw)


def bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range((LARGEST_BYTES >> 20) + 2))


def damaged(raw: bytes) -> bytes:
    return raw[:40] + b"\xff" * 20 + raw[60:]


def layers(count: int) -> bytes:
    found = b"nothing to see in here at all"
    for _ in range(count):
        found = b64(found)
    return found


CLOSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "unknown data in a data: address": (
        lambda: data(random.Random(3).randbytes(300)),
        "it has a data: address (application/octet-stream) that is not a text, a picture or an "
        "archive that can be opened",
    ),
    "an encrypted zip": (
        lambda: data(encrypted_zip()), "a zip archive in it is encrypted"
    ),
    "a damaged zip": (lambda: data(zipped(b"hello")[:40]), "a zip archive in it cannot be read"),
    "damaged gzip": (lambda: b64(damaged(gzip.compress(PROSE.encode() * 9))), "is damaged"),
    "damaged xz": (lambda: b64(damaged(lzma.compress(PROSE.encode() * 9))), "is damaged"),
    "a 7z archive": (lambda: b64(b"7z\xbc\xaf\x27\x1c" + bytes(50)), "a 7z archive cannot"),
    "zstd": (lambda: b64(b"\x28\xb5\x2f\xfd" + bytes(50)), "zstd data cannot be opened"),
    "an encrypted message": (
        lambda: b64(b"age-encryption.org/v1\n-> X25519 abc"), "encrypted data cannot be opened"
    ),
    "a bomb": (lambda: b64(bomb()), "it unpacks to more than 64 MiB"),
    "a bomb in bzip2": (
        lambda: b64(bz2.compress(bytes(LARGEST_BYTES + 1))), "it unpacks to more than 64 MiB"
    ),
    "too many layers": (
        lambda: layers(DEEPEST + 1), f"it has more than {DEEPEST} layers of encoding"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CLOSED)
def test_what_cannot_be_searched_is_refused_with_a_reason(case: str) -> None:
    make, reason = CLOSED[case]
    begun = time.process_time()
    with pytest.raises(CannotLookInto) as refused:
        Search({CANARIES[0]: NAME}).names_in([PROSE.encode() + make() + b"\n"])
    assert reason in str(refused.value)
    assert time.process_time() - begun < 30


def test_as_many_layers_as_allowed_are_searched() -> None:
    search = Search({"nothing to see in here at all": NAME})
    assert search.names_in([layers(DEEPEST)]) == [NAME]


def test_a_credential_is_the_reason_even_beside_what_cannot_be_searched() -> None:
    text = data(random.Random(3).randbytes(300)) + b"\n" + CANARIES[0].encode()
    assert Search({CANARIES[0]: NAME}).names_in([text]) == [NAME]


HOSTILE: dict[str, bytes] = {
    "nothing but base64": b"VVVV" * 500_000,
    "starts of tags": b'<a"' * 500_000,
    "starts of zlib": b"x^" * 1_000_000,
    "words on lines": b"abcdefgh\n" * 200_000,
    "backslashes": b"\\" * 2_000_000,
    "numbers": b"1 " * 1_000_000,
    "starts of addresses": b"data:a/b;a" * 200_000,
    "percent signs": b"%25" * 600_000,
    "references": b"&#38;" * 400_000,
    "terminal": b"\x1b]" * 500_000,
    "dump": b"00000000: " * 200_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_text_made_to_be_slow_ends_in_time(text: bytes) -> None:
    begun = time.process_time()
    with contextlib.suppress(CannotLookInto):
        assert Search({CANARIES[0]: NAME}).names_in([text]) == []
    assert time.process_time() - begun < 30
