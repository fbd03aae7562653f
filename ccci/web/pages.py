"""All items of a list that an API gives in pages."""

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from requests.utils import parse_header_links

from ccci.errors import Misuse, RecipeFailure
from ccci.web.api import Api, Wanted
from ccci.web.call import Call
from ccci.web.http import Response
from ccci.web.jsonview import value_at

MOST_PAGES = 200
# Of all pages together.
WITHIN_SECONDS, MOST_BYTES = 300.0, 32 << 20


class Paging(ABC):
    """How the next page of a list is requested."""

    @abstractmethod
    def after(self, call: Call, answer: Response, page: list[Any], before: int) -> Call | None:
        """Return the call for the next page, None where there is none.

        Args:
            call: the call for this page.
            answer: its answer.
            page: its items.
            before: how many items all pages so far had.
        """


@dataclass(frozen=True)
class ByLink(Paging):
    """The answer's Link header names the next page (RFC 8288)."""

    def after(self, call: Call, answer: Response, page: list[Any], before: int) -> Call | None:
        """Return the call that the header names as `next`."""
        for link in parse_header_links(answer.headers.get("link", "")):
            if link.get("rel") == "next":
                return call.to(str(link["url"]))
        return None


@dataclass(frozen=True)
class ByNumber(Paging):
    """A parameter takes the page's number; an empty page ends the list."""

    parameter: str
    first: int = 1

    def after(self, call: Call, answer: Response, page: list[Any], before: int) -> Call | None:
        """Return the call with the next number."""
        number = int(call.query.get(self.parameter, self.first)) + 1
        return call.asking(**{self.parameter: str(number)}) if page else None


@dataclass(frozen=True)
class ByOffset(Paging):
    """A parameter takes the number of items to skip; an empty page ends the list."""

    parameter: str

    def after(self, call: Call, answer: Response, page: list[Any], before: int) -> Call | None:
        """Return the call that skips all items so far."""
        return call.asking(**{self.parameter: str(before)}) if page else None


@dataclass(frozen=True)
class ByCursor(Paging):
    """A field of the answer has the cursor of the next page; without one the list ends."""

    parameter: str
    field: str

    def after(self, call: Call, answer: Response, page: list[Any], before: int) -> Call | None:
        """Return the call with the cursor of the answer."""
        try:
            cursor = value_at(answer.json, self.field)
        except LookupError:
            return None
        return call.asking(**{self.parameter: str(cursor)}) if cursor else None


def paging_of(page: str, offset: str, cursor: str, next_cursor: str, first_page: int) -> Paging:
    """Return the paging for the parameter that a table names; by Link header without one.

    Raises:
        Misuse: it names several, or a cursor without its field.
    """
    if sum(map(bool, (page, offset, cursor))) > 1:
        raise Misuse("Give one of page=, offset= and cursor=: an API has one kind of paging.")
    if bool(cursor) != bool(next_cursor):
        raise Misuse(
            "Give cursor= and next= together: the parameter, and the field with its next value."
        )
    if cursor:
        return ByCursor(cursor, next_cursor)
    if offset:
        return ByOffset(offset)
    return ByNumber(page, first_page) if page else ByLink()


def all_items(api: Api, call: Call, wanted: Wanted, items: str, paging: Paging) -> list[Any]:
    """Return the items of all pages, in their order.

    Args:
        api: the API.
        call: the call for the first page.
        wanted: what each page is answered.
        items: the dotted path to the list; "" where the answer is the list.
        paging: how the next page is requested.

    Raises:
        RecipeFailure: a page has no list or repeats the one before, there are too many pages, or
            all together take too long or are too large.
    """
    found: list[Any] = []
    last: list[Any] | None = None
    ends_at, bytes_left = time.monotonic() + WITHIN_SECONDS, MOST_BYTES
    for _ in range(MOST_PAGES):
        if time.monotonic() > ends_at or bytes_left < 0:
            raise RecipeFailure(
                f"{call}: expected the whole list within {WITHIN_SECONDS:g} s and in "
                f"{MOST_BYTES:,} bytes; {len(found)} items had come."
            )
        answer = api.call(call, wanted)
        bytes_left -= answer.size
        page = _list_in(call, answer, items)
        if page and page == last:
            raise RecipeFailure(
                f"{call} returned the same page twice ({len(page)} items): the API does not "
                f"support {paging}."
            )
        found, last = [*found, *page], page
        following = paging.after(call, answer, page, len(found))
        if following is None:
            return found
        call = following
    raise RecipeFailure(f"{call}: there are more than {MOST_PAGES} pages.")


def _list_in(call: Call, answer: Response, items: str) -> list[Any]:
    try:
        page = value_at(answer.json, items)
    except LookupError as nothing:
        raise RecipeFailure(f"{call}: expected a list: {nothing}.") from None
    if not isinstance(page, list):
        raise RecipeFailure(f"{call}: expected a list at {items or 'the top'!r}; got {page!r:.200}")
    return page
