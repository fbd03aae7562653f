"""What is packed into other data, unpacked with limits; and what cannot be unpacked."""

import bz2
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping

# The size of one thing that is unpacked; whatever is larger may be a decompression bomb.
LARGEST_BYTES = 64 << 20
_MOST_FILES = 1000
_FIRST_STEP_BYTES = 256
_STEP_BYTES = 1 << 16
_PNG = b"\x89PNG\r\n\x1a\n"
_PICTURES = (_PNG, b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"RIFF", b"\0\0\1\0")
# What can follow a base64 text, when it is read together with it.
_MOST_BEHIND = 64
# More in one text is not chance.
_MOST_STREAMS = 20_000
_STRANGE = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f\ufffd]")
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_GZIP = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")
# The first bytes of formats that nothing here can open.
_CLOSED = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a rar archive",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"\x04\x22\x4d\x18": "lz4 data",
    b"age-encryption.org/": "encrypted data",
    b"-----BEGIN PGP MESSAGE": "encrypted data",
    b"-----BEGIN AGE ENCRYPTED": "encrypted data",
    b"Salted__": "encrypted data",
    b"%PDF-": "a PDF document",
}


class CannotLookInto(Exception):
    """Something in a file cannot be searched, so the file must not leave the node."""


def parts_of(raw: bytes) -> Iterator[bytes]:
    """Yield what is packed into some data: each is to be searched as well.

    Args:
        raw: the data; text and noise are allowed, and yield nothing.

    Raises:
        CannotLookInto: it is encrypted, damaged, too large, or in a format that cannot be opened.

    Example:
        >>> list(parts_of(zlib.compress(b"hello")))
        [b'hello']
    """
    closed = next((what for start, what in _CLOSED.items() if raw.startswith(start)), "")
    if closed:
        raise CannotLookInto(f"{closed} cannot be opened")
    for start, unpack in _FORMATS.items():
        if start.match(raw):
            yield from unpack(raw)
            return
    yield from _streams(raw)
    # It has no mark, so that it is tried at the start only.
    yield from _stream(zlib.decompressobj(-15), raw)


def is_known(raw: bytes) -> bool:
    """Return whether some data is of a kind that is searched in full: text, a picture, an archive.

    Of a picture everything but what it shows is searched.
    """
    if raw.startswith(_PICTURES) or any(start.match(raw) for start in _FORMATS):
        return True
    if any(_opens(raw, kind) for kind in (15, -15)):
        return True
    return any(_is_text(raw, encoding) for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-32"))


def _opens(raw: bytes, kind: int) -> bool:
    """Return whether some data begins with a compressed stream of zlib's that ends near its end."""
    found = list(_stream(zlib.decompressobj(kind), raw))
    return len(found) == 2 and len(found[1]) <= _MOST_BEHIND


def _is_text(raw: bytes, encoding: str) -> bool:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        # A text may have been cut within a character.
        if error.start < len(raw) - 3 or not raw:
            return False
        text = raw[: error.start].decode(encoding)
    # UTF-16 reads almost any bytes as characters of rare scripts.
    common = encoding == "utf-8" or len(text.encode("ascii", "ignore")) * 2 >= len(text)
    return common and len(_STRANGE.findall(text)) * 20 <= len(text)


def _streams(raw: bytes) -> Iterator[bytes]:
    """Yield what the compressed streams in some data have, wherever they begin."""
    starts = [(31, found.start()) for found in _GZIP.finditer(raw)]
    starts += [(15, found.start()) for found in _ZLIB.finditer(raw)]
    if len(starts) > _MOST_STREAMS:
        raise CannotLookInto("it has too much in it that looks like compressed data")
    view = memoryview(raw)
    for kind, start in starts:
        yield from _stream(zlib.decompressobj(kind), view[start:])


def _stream(
    decompressor: "zlib._Decompress", raw: bytes | memoryview, must_open: bool = False
) -> Iterator[bytes]:
    """Yield what a compressed stream has, if it is one; noise ends within a few bytes."""
    unpacked, total, at, size = [], 0, 0, _FIRST_STEP_BYTES
    try:
        while at < len(raw) and not decompressor.eof:
            step = bytes(raw[at : at + size])
            at, size = at + size, _STEP_BYTES
            while step and not decompressor.eof:
                unpacked.append(decompressor.decompress(step, LARGEST_BYTES + 1 - total))
                total += len(unpacked[-1])
                if total > LARGEST_BYTES:
                    raise CannotLookInto(f"it unpacks to more than {LARGEST_BYTES >> 20} MiB")
                step = decompressor.unconsumed_tail
    except zlib.error as error:
        if must_open:
            raise CannotLookInto(f"compressed data in it is damaged: {error}") from None
        return
    if decompressor.eof or must_open:
        yield b"".join(unpacked)
        yield decompressor.unused_data + bytes(raw[at:] if must_open else b"")


def _gzip(raw: bytes) -> Iterator[bytes]:
    yield from _stream(zlib.decompressobj(31), raw, must_open=True)


def _other(open_it: Callable[[], "bz2.BZ2Decompressor | lzma.LZMADecompressor"]) -> "_Unpack":
    def unpack(raw: bytes) -> Iterator[bytes]:
        decompressor = open_it()
        try:
            found = decompressor.decompress(raw, LARGEST_BYTES + 1)
        except (OSError, lzma.LZMAError, ValueError, MemoryError) as error:
            raise CannotLookInto(f"compressed data in it is damaged: {error}") from None
        if len(found) > LARGEST_BYTES:
            raise CannotLookInto(f"it unpacks to more than {LARGEST_BYTES >> 20} MiB")
        yield found
        if decompressor.eof:
            yield decompressor.unused_data

    return unpack


def _zip(raw: bytes) -> Iterator[bytes]:
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_FILES:
                raise CannotLookInto(f"a zip archive in it has more than {_MOST_FILES} files")
            for entry in entries:
                if entry.flag_bits & 1:
                    raise CannotLookInto("a zip archive in it is encrypted")
                with archive.open(entry) as file:
                    found = file.read(LARGEST_BYTES + 1 - total)
                total += len(found)
                if total > LARGEST_BYTES:
                    raise CannotLookInto(f"it unpacks to more than {LARGEST_BYTES >> 20} MiB")
                yield found
    except CannotLookInto:
        raise
    except Exception as error:  # noqa: BLE001  Python's reader raises many kinds for a bad archive.
        raise CannotLookInto(f"a zip archive in it cannot be read: {error}") from None


def _png(raw: bytes) -> Iterator[bytes]:
    """Yield the texts of a picture, its pixels as bytes, and what stands behind its end."""
    at, pixels = len(_PNG), []
    while at + 8 <= len(raw):
        size = int.from_bytes(raw[at : at + 4], "big")
        kind, content = raw[at + 4 : at + 8], raw[at + 8 : at + 8 + size]
        at += size + 12
        if kind == b"IDAT":
            pixels.append(content)
            continue
        yield content
        # zTXt, iTXt and iCCP: a name, zero bytes, and a compressed text.
        yield from _streams(content)
        if kind == b"IEND":
            break
    yield raw[at:]
    yield from _stream(zlib.decompressobj(15), b"".join(pixels))


_Unpack = Callable[[bytes], Iterator[bytes]]
# With as much of the start as noise does not have by chance.
_FORMATS: "Mapping[re.Pattern[bytes], _Unpack]" = {
    _GZIP: _gzip,
    re.compile(rb"BZh[1-9]1AY&SY"): _other(bz2.BZ2Decompressor),
    re.compile(rb"\xfd7zXZ\0"): _other(lzma.LZMADecompressor),
    re.compile(rb"PK\x03\x04"): _zip,
    re.compile(re.escape(_PNG)): _png,
}
