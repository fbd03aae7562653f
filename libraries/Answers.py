"""What an API's answers contain: items of lists, secrets, cookies."""

from typing import Any

from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.calling import hide
from ccci.bridge.failures import project_keyword
from ccci.errors import RecipeFailure
from ccci.web.http import Cookie, Response
from ccci.web.jsonview import as_text, items_with, texts_at, value_at


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Answers:
    """Reads what `Api.Call Api` and `Api.Pages Of Api` returned.

    A dotted path leads into JSON; numbers in it choose from lists: ``posts.0.title``.
    """

    @project_keyword("assertion")
    def find_in_list(self, items: list[Any], field: str, value: object) -> Any:
        """Returns the one item of a list whose ``field``, a dotted path, has this ``value``.

        Values are compared as JSON writes them, so ``3`` also finds the number 3. Fails when no
        item or more than one has this value, and lists the values that there are.

        Example:
        | @{issues}=    Pages Of API    /api/issues
        | ${issue}=    Find In List    ${issues}    title    A page is missing
        """
        found = items_with(items, field, value)
        if len(found) != 1:
            there = ", ".join(texts_at(items, field)) or "nothing"
            raise RecipeFailure(
                f"Expected one item with {field} {as_text(value)!r}, found {len(found)} among "
                f"{len(items)}: {there}."
            )
        return found[0]

    @project_keyword("assertion")
    def list_should_not_have(self, items: list[Any], field: str, value: object) -> None:
        """Fails when an item of a list has this ``value`` in ``field``, a dotted path.

        Example:
        | @{issues}=    Pages Of API    /api/issues
        | List Should Not Have    ${issues}    title    A page is missing
        """
        if items_with(items, field, value):
            raise RecipeFailure(f"Expected no item with {field} {as_text(value)!r}; there is one.")

    @project_keyword("assertion")
    def cookie_of_answer(self, answer: Response, name: str) -> Cookie:
        """Returns a cookie that an answer set: ``secure``, ``http_only``, ``domain``, ``path``.

        Fails when the answer set no cookie of that name, and lists those that it set.

        Example:
        | ${cookie}=    Cookie Of Answer    ${session.answer}    n8n-auth
        | Should Be True    $cookie.secure and $cookie.http_only
        """
        for cookie in answer.cookies:
            if cookie.name == name:
                return cookie
        there = ", ".join(cookie.name for cookie in answer.cookies) or "none"
        raise RecipeFailure(f"Expected {answer.url} to set a cookie {name!r}; it set: {there}.")

    @project_keyword("assertion")
    def secret_of_answer(self, answer: Response, field: str) -> Secret:
        """Returns a token or password that an answer's JSON has at a dotted path.

        From here on no log shows it. Fails when there is nothing at that path, or no text.

        Example:
        | ${answer}=    Call API    POST    /api/tokens    ${body}    by=${anna}    expect=201
        | ${token}=    Secret Of Answer    ${answer}    sha1
        """
        try:
            value = value_at(answer.json, field)
        except LookupError as nothing:
            raise RecipeFailure(f"{answer.url}: expected a secret: {nothing}.") from None
        if not isinstance(value, str) or not value:
            raise RecipeFailure(f"{answer.url}: expected text at {field!r}, got {type(value)}.")
        hide(f"answer {field}", value)
        return Secret(value)
