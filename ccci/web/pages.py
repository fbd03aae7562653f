"""All items of a list that an API gives in pages."""

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


class Paging(ABC):
    """How an API is asked for the page after one."""

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
    """A parameter has the page's number; an empty page ends the list."""

    parameter: str
    first: int = 1

    def after(self, call: Call, answer: Response, page: list[Any], before: int) -> Call | None:
        """Return the call with the next number."""
        number = int(call.query.get(self.parameter, self.first)) + 1
        return call.asking(**{self.parameter: str(number)}) if page else None


@dataclass(frozen=True)
class ByOffset(Paging):
    """A parameter has the number of items that are passed over; an empty page ends the list."""

    parameter: str

    def after(self, call: Call, answer: Response, page: list[Any], before: int) -> Call | None:
        """Return the call that passes over all items so far."""
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
    """Return the way of paging for the parameter that a table names; the Link header without one.

    Raises:
        Misuse: it names several, or a cursor without where it stands.
    """
    if sum(map(bool, (page, offset, cursor))) > 1:
        raise Misuse("Name one of page=, offset= and cursor=: an API has one way of paging.")
    if bool(cursor) != bool(next_cursor):
        raise Misuse("cursor= and next= go together: the parameter, and where its value stands.")
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
        paging: how the next page is asked for.

    Raises:
        RecipeFailure: a page has no list, is the one before again, or there is no end of pages.
    """
    found: list[Any] = []
    last: list[Any] | None = None
    for _ in range(MOST_PAGES):
        answer = api.call(call, wanted)
        page = _list_in(call, answer, items)
        if page and page == last:
            raise RecipeFailure(
                f"{call} gave the same page twice ({len(page)} items): the API does not know the "
                f"way of paging {paging}."
            )
        found, last = [*found, *page], page
        following = paging.after(call, answer, page, len(found))
        if following is None:
            return found
        call = following
    raise RecipeFailure(f"{call}: after {MOST_PAGES} pages there was still another one.")


def _list_in(call: Call, answer: Response, items: str) -> list[Any]:
    try:
        page = value_at(answer.json, items)
    except LookupError as nothing:
        raise RecipeFailure(f"{call}: expected a list: {nothing}.") from None
    if not isinstance(page, list):
        raise RecipeFailure(f"{call}: expected a list at {items or 'the top'!r}; got {page!r:.200}")
    return page
