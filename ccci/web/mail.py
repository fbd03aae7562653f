"""The mail that an app sent, as the companion `mail` keeps it: Inbucket, by its REST API.

What goes wrong with the companion itself says nothing about the recipe, and is a NodeFailure.
"""

import re
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from ccci.errors import CcciError, Misuse, NodeFailure, RecipeFailure
from ccci.waiting import Look, TooLate, wait_for
from ccci.web.api import Api
from ccci.web.call import Call

_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
# Behind an address in a sentence.
_PUNCTUATION = ".,;:!?)]}'"
# What lets somebody in who has the link: long, and no word.
_TOKEN = re.compile(r"(?=.*\d)[\w.~=+%-]{20,}", re.ASCII)


@dataclass(frozen=True)
class ReceivedMail:
    """One mail.

    Attributes:
        address: whose it is.
        number: the server's name of it.
        sender: who sent it, as in `Anna <anna@example.org>`.
        recipients: whom it was sent to.
        subject: its subject.
        text: the plain text; where a mail has only HTML, what Inbucket makes of that.
        html: the same as HTML; "" for none.
    """

    address: str
    number: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str

    @property
    def links(self) -> tuple[str, ...]:
        """Every link in it, once: first those of the HTML, in their order, then of the text."""
        return tuple(dict.fromkeys([*_links_in(self.html), *_addresses_in(self.text)]))

    @property
    def tokens(self) -> tuple[str, ...]:
        """The parts of its links that look like credentials."""
        parts = [part for link in self.links for part in _parts_of(link)]
        return tuple(dict.fromkeys(part for part in parts if _TOKEN.fullmatch(part)))

    def link(self, containing: str) -> str:
        """Return the one link that contains a text.

        Raises:
            RecipeFailure: none does, or several.
        """
        found = [link for link in self.links if containing in link]
        if len(found) != 1:
            there = ", ".join(self.links) or "none"
            raise RecipeFailure(
                f"Expected one link with '{containing}' in the mail '{self.subject}' to "
                f"{self.address}, found {len(found)}; its links: {there}."
            )
        return found[0]

    def code(self, pattern: str) -> str:
        """Return the one text in it that fits a regular expression.

        Raises:
            RecipeFailure: none does, or several.
        """
        found = {match[0] for match in re.finditer(pattern, self.text)}
        if len(found) != 1:
            raise RecipeFailure(
                f"Expected one text that fits {pattern!r} in the mail '{self.subject}' to "
                f"{self.address}, found {len(found)}."
            )
        return found.pop()


class MailServer:
    """The mail server of a run."""

    def __init__(self, api: Api) -> None:
        """Take the API of the companion."""
        self._api = api

    def mails_to(
        self, address: str, about: str = "", after: ReceivedMail | None = None
    ) -> tuple[ReceivedMail, ...]:
        """Return the mails to an address that are there now, the oldest first.

        Args:
            address: the whole address.
            about: a part of the subject.
            after: an earlier one to the same address; None for all.

        Raises:
            Misuse: `after` is a mail to another address.
            NodeFailure: the server does not answer as it should.
        """
        listed = self._listed(address, about, after)
        return tuple(self._read(address, str(one["id"])) for one in listed)

    def newest(
        self, address: str, about: str, after: ReceivedMail | None, within_seconds: float
    ) -> ReceivedMail:
        """Wait for a mail, and return the newest; see `mails_to`.

        Raises:
            RecipeFailure: none came in time.
            Misuse, NodeFailure: see `mails_to`.
        """
        found: list[str] = []

        def look() -> Look:
            try:
                found[:] = [str(one["id"]) for one in self._listed(address, about, after)]
            except NodeFailure as error:
                return Look(False, str(error))
            return Look(bool(found), "none")

        what = f" with '{about}' in its subject" if about else ""
        later = f" after '{after.subject}'" if after else ""
        try:
            wait_for(f"a mail to {address}{what}{later}", look, within_seconds)
        except TooLate as late:
            # Asked again: if the server itself is away, that is no fault of the recipe.
            others = ", ".join(f"'{one['subject']}'" for one in self._listed(address))
            raise RecipeFailure(
                f"{late} To {address} came: {others or 'nothing'}. The app's log says what it sent."
            ) from None
        return self._read(address, found[-1])

    def require_none(self, address: str, about: str = "") -> None:
        """Fail if there is a mail to an address.

        Raises:
            RecipeFailure: there is; the sentence has the subjects.
            NodeFailure: see `mails_to`.
        """
        listed = self._listed(address, about)
        if listed:
            subjects = ", ".join(f"'{one['subject']}'" for one in listed)
            raise RecipeFailure(f"Expected no mail to {address}; came: {subjects}.")

    def _listed(
        self, address: str, about: str = "", after: ReceivedMail | None = None
    ) -> list[dict[str, Any]]:
        if after and after.address != address:
            raise Misuse(f"after= is a mail to {after.address}, not to {address}.")
        mails = self._get(address)
        numbers = [str(one["id"]) for one in mails]
        begin = numbers.index(after.number) + 1 if after and after.number in numbers else 0
        return [one for one in mails[begin:] if about in one["subject"]]

    def _read(self, address: str, number: str) -> ReceivedMail:
        mail = self._get(address, number)
        body = mail["body"]
        return ReceivedMail(
            address, number, mail["from"], tuple(mail["to"]), mail["subject"], body["text"],
            body["html"],
        )  # fmt: skip

    def _get(self, *path: str) -> Any:
        quoted = "/".join(urllib.parse.quote(part, safe="") for part in path)
        call = Call("GET", f"/api/v1/mailbox/{quoted}")
        try:
            answer = self._api.send(call)
            if answer.status == 200:
                return answer.json
            seen = f"{call} was answered {answer.status}"
        except CcciError as error:
            seen = str(error).splitlines()[0]
        raise NodeFailure(f"The companion 'mail' does not show what it has: {seen}")


class _Links(HTMLParser):
    """Collects where the links of an HTML text lead."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where a link leads."""
        if tag == "a":
            self.found += [value.strip() for name, value in attrs if name == "href" and value]


def _links_in(html: str) -> list[str]:
    parser = _Links()
    parser.feed(html)
    parser.close()
    return parser.found


def _addresses_in(text: str) -> Iterator[str]:
    return (found.rstrip(_PUNCTUATION) for found in _ADDRESS.findall(text))


def _parts_of(link: str) -> Iterator[str]:
    parts = urllib.parse.urlsplit(link)
    yield from parts.path.split("/")
    for query in (parts.query, parts.fragment):
        values = [value for _, value in urllib.parse.parse_qsl(query)]
        yield from values or [query]
