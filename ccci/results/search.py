"""Looks for credentials in the bytes of a file, in every form of `ccci.results.readings`."""

import re
from collections.abc import Iterable, Iterator, Mapping

from ccci.results.credentials import SHORTEST_SECRET, forms_of
from ccci.results.packed import CannotLookInto, is_known, parts_of
from ccci.results.readings import MOST_UNESCAPED, READINGS, from_base64, skeleton, views, written

# Base64 in base64 in an archive in a page ... : each is one layer.
DEEPEST = 6
# All that is read of one file, with everything that is unpacked from it.
MOST_BYTES = 512 << 20
_BETWEEN = b"\n\0"
# A shorter skeleton could be in another text by chance.
_SHORTEST_SKELETON = 8
_GRAM = 8
_LONGEST_DATA_SHOWN = 40
_SHORTEST_DATA_BYTES = 12
_DATA = re.compile(
    r"data:([\w.+-]{0,40}/?[\w.+-]{0,60})(?:;[\w.=+-]{0,60}){0,4};base64,([A-Za-z0-9+/_=\s-]+)"
)


class Search:
    """A search for some credentials, in as many files as one likes.

    Example:
        >>> Search({"c4n4ry-secret": "shop/owner"}).names_in([b"YzRuNHJ5LXNlY3JldA=="])
        ['shop/owner']
    """

    def __init__(self, names_by_value: Mapping[str, str]) -> None:
        """Prepare the forms to look for.

        Args:
            names_by_value: the name of each credential, by its value.
        """
        self._skeletons: dict[bytes, str] = {}
        self._exact: dict[str, str] = {}
        self._exact_bytes: dict[bytes, str] = {}
        for value, name in names_by_value.items():
            for part in _parts(value):
                self._add(part, name)
        self._short = [one for one in self._skeletons if len(one) < 2 * _GRAM - 1]
        self._long = [one for one in self._skeletons if len(one) >= 2 * _GRAM - 1]
        self._groups: set[int] = set()
        for one in self._long:
            for first in range(_GRAM):
                self._groups.update(_groups_of(one, first))

    def names_in(self, contents: Iterable[bytes]) -> list[str]:
        """Return the names of the credentials in the contents of a file.

        Args:
            contents: the bytes of the file, and what is known to be packed into it.

        Raises:
            CannotLookInto: a part of it cannot be searched; the message says which, and why.
        """
        reader = _Reader(self)
        for content in contents:
            reader.read([content], 0)
        if reader.problem and not reader.names:
            raise reader.problem
        return sorted(reader.names)

    def _add(self, part: str, name: str) -> None:
        plain = skeleton(part)
        if len(plain) >= _SHORTEST_SKELETON:
            self._skeletons.setdefault(plain, name)
        else:
            self._exact |= {form: name for form in forms_of(part) if len(form) >= SHORTEST_SECRET}
            for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
                self._exact_bytes[part.encode(encoding, "surrogatepass")] = name
        for form in written(part):
            bones = skeleton(form)
            if len(bones) >= _SHORTEST_SKELETON:
                self._skeletons.setdefault(bones, name)

    def found_in(self, raw: bytes, texts: list[str]) -> Iterator[str]:
        for text in texts:
            yield from (name for form, name in self._exact.items() if form in text)
            bones = skeleton(text)
            yield from (self._skeletons[one] for one in self._short if one in bones)
            yield from (self._skeletons[one] for one in self._long_in(bones))
        yield from (name for form, name in self._exact_bytes.items() if form in raw)

    def _long_in(self, bones: bytes) -> Iterator[bytes]:
        """Yield the long skeletons that are in this text.

        Only groups of 8 characters that begin at a multiple of 8 are compared, whatever the number
        of skeletons. Of each of these, from one of its first 8 characters on, all groups must be
        there: credentials that begin alike, as signed addresses do, are told apart by that.
        """
        there = self._groups.intersection(_groups_of(bones, 0))
        for one in self._long if there else ():
            offsets = (there.issuperset(_groups_of(one, first)) for first in range(_GRAM))
            if any(offsets) and one in bones:
                yield one


def _groups_of(bones: bytes, first: int) -> memoryview:
    """Return the groups of 8 characters from one on, each as a number."""
    return memoryview(bones)[first : len(bones) - (len(bones) - first) % _GRAM].cast("Q")


class _Reader:
    """Reads one file, and all that is hidden or packed in it, one after the other."""

    def __init__(self, search: Search) -> None:
        self.names: set[str] = set()
        self.problem: CannotLookInto | None = None
        self._search = search
        self._seen: set[int] = set()
        self._left = MOST_BYTES

    def read(self, pieces: list[bytes], depth: int) -> None:
        """Read some pieces as one text, and then what is in each of them."""
        fresh = {hash(one): one for one in pieces if len(one) >= SHORTEST_SECRET}
        pieces = [one for key, one in fresh.items() if key not in self._seen]
        if not pieces:
            return
        self._seen |= fresh.keys()
        # Thousands of short pieces are read as one text.
        raw = _BETWEEN.join(pieces)
        self._left -= len(raw)
        if self._left < 0:
            raise CannotLookInto("there is too much packed into it to search all of it")
        texts = views(raw.decode("utf-8", "surrogateescape"))
        self.names.update(self._search.found_in(raw, texts))
        try:
            for inside in _inside(pieces, texts[-MOST_UNESCAPED:]):
                if depth < DEEPEST:
                    self.read(inside, depth + 1)
                elif any(map(_is_layer, inside)):
                    raise CannotLookInto(f"it has more than {DEEPEST} layers of encoding")
        except CannotLookInto as error:
            # The other parts are still searched: a credential is the better reason.
            self.problem = self.problem or error


def _parts(value: str) -> list[str]:
    """Return a value and each of its long lines, because logs split keys into lines."""
    lines = [line.strip() for line in value.splitlines()]
    return [value, *(line for line in lines if len(line) > 16 and not line.startswith("-----"))]


def _inside(pieces: list[bytes], texts: list[str]) -> Iterator[list[bytes]]:
    """Yield what is hidden in some pieces: each list is read as one text."""
    for text in texts:
        for read in READINGS.values():
            yield list(read(text))
        for media_type, content in _DATA.findall(text):
            _require_known(media_type, content)
    for piece in pieces:
        for part in parts_of(piece):
            yield [part]


def _require_known(media_type: str, content: str) -> None:
    """Refuse a data: address of a kind that cannot be searched."""
    found = next(from_base64(content), b"")
    if len(found) >= _SHORTEST_DATA_BYTES and not is_known(found):
        shown = media_type[:_LONGEST_DATA_SHOWN] or "no type"
        raise CannotLookInto(
            f"it has a data: address ({shown}) that is not a text, a picture or an archive that "
            "can be opened"
        )


def _is_layer(raw: bytes) -> bool:
    """Return whether some decoded data is more than noise: something that somebody has encoded."""
    return len(raw) >= 2 * _SHORTEST_DATA_BYTES and is_known(raw)
