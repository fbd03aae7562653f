"""Who calls the app under test: accounts, tokens, sessions, and callers that it must refuse."""

import secrets
from dataclasses import replace
from datetime import timedelta
from http.cookiejar import Cookie
from typing import Any

from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.accounts import Account, revealed
from ccci.bridge.calling import api_of_run, call_of, hide
from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.errors import Misuse, RecipeFailure
from ccci.web.api import Wanted, statuses_in
from ccci.web.call import body_of
from ccci.web.callers import CookieSession, HeaderToken, bearer

_ACCOUNTS = "account"


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Accounts:
    """Names, passwords and tokens of a run. Creating an account here does not create it in the app.

    An account has the fields ``name`` and ``password``, a Secret. ``${account.password}`` can be
    used in the body of `Api.Call Api`, and in `Fill Secret`. The account itself can be the argument
    ``by`` of a call. Passwords are kept with the run, and destroyed with it.
    """

    @project_keyword()
    def new_account(self, name: str, length: int = 24) -> Account:
        """Returns an account with a new random password, and keeps it for `Account Made Before`.

        ``length`` is that of the password, in characters. Never fails while a run is on.

        Example:
        | ${anna}=    New Account    anna
        | VAR    &{body}    username=${anna.name}    password=${anna.password}
        | Call API    POST    /api/users    ${body}    by=${admin}    expect=201
        """
        password = session.credentials.generate(f"{_ACCOUNTS}/{name}", length)
        return Account(name, Secret(password))

    @project_keyword()
    def account_with_password(self, name: str, password: Secret) -> Account:
        """Returns an account whose password is known, and keeps it for `Account Made Before`.

        For accounts that the app or its recipe made. Never fails while a run is on.

        Example:
        | ${app}=    The App
        | ${password}=    Credential    ${app.domain}/admin_password
        | ${admin}=    Account With Password    admin    ${password}
        """
        session.credentials.put(f"{_ACCOUNTS}/{name}", str(password.value))
        return Account(name, password)

    @project_keyword()
    def account_made_before(self, name: str) -> Account:
        """Returns an account that an earlier test or stage of this run made or kept.

        Fails when there is no account of that name, and lists the names that there are.

        Example:
        | ${anna}=    Account Made Before    anna
        """
        known = session.credentials.below(_ACCOUNTS)
        if name not in known:
            there = ", ".join(sorted(known)) or "none"
            raise Misuse(f"This run made no account {name!r}; it made: {there}.")
        return Account(name, Secret(known[name]))

    @project_keyword()
    def with_a_wrong_password(self, account: Account) -> Account:
        """Returns an account of the same name with a random, wrong password.

        Never fails.

        Example:
        | ${impostor}=    With A Wrong Password    ${anna}
        | Call API    GET    /api/user    by=${impostor}    expect=401
        """
        return Account(account.name, Secret(secrets.token_urlsafe(24)))

    @project_keyword()
    def stranger(self, name: str = "", password: Secret | None = None) -> Account:
        """Returns an account that does not exist: a random name and password, or those given.

        Never fails.

        Example:
        | ${eve}=    Stranger
        | ${eve}=    Stranger    eve@example.org    password=${anna.password}
        """
        return Account(
            name or f"stranger-{secrets.token_hex(4)}",
            password or Secret(secrets.token_urlsafe(24)),
        )

    @project_keyword()
    def bearer(self, token: Secret, name: str = "a bearer") -> HeaderToken:
        """Returns a caller with a bearer token; ``name`` is what failure messages call it.

        For a user of a provider, take the access token of a sign-in (`Sso`). Never fails.

        Example:
        | ${anna}=    Bearer    ${tokens.access}    name=anna
        | Call API    GET    /api/me    by=${anna}
        """
        return bearer(name, str(token.value))

    @project_keyword()
    def header_token(self, header: str, token: Secret, name: str = "a token") -> HeaderToken:
        """Returns a caller with a token in a header of the app's own.

        ``name`` is what failure messages call it. Never fails.

        Example:
        | ${robot}=    Header Token    X-API-KEY    ${key}
        | Call API    GET    /api/v1/workflows    by=${robot}
        """
        return HeaderToken(name, header, str(token.value))

    @project_keyword("assertion")
    def sign_in_with_cookie(
        self,
        account: Account,
        method: str,
        path: str,
        body: object = None,
        expect: str | int = 200,
        csrf_header: str = "",
        csrf_cookie: str = "",
        csrf_page: str = "",
        headers: dict[str, Any] | None = None,
        content_type: str = "",
        within: timedelta = timedelta(seconds=90),
    ) -> CookieSession:
        """Signs an account in as a browser does, and returns the session, for ``by``.

        The session sends its cookies and ``headers`` with each call. A call that changes something
        also has the header ``Origin``, and in ``csrf_header`` the value of the cookie
        ``csrf_cookie``, for an app with CSRF tokens. If the sign-in itself needs the token, give
        ``csrf_page``: it is opened first. A sign-in that is answered 429 (too many requests) is
        repeated; ``within`` is the deadline. The session has the field ``answer``, the answer to
        the sign-in.

        Fails when the sign-in is answered with another status than ``expect``, or sets no cookie.

        Example:
        | VAR    &{body}    email=${ada.name}    password=${ada.password}
        | ${session}=    Sign In With Cookie    ${ada}    POST    /rest/login    ${body}
        | Call API    GET    /rest/workflows    by=${session}
        """
        if bool(csrf_header) != bool(csrf_cookie):
            raise Misuse("Give csrf_header= and csrf_cookie= together: the header, and its cookie.")
        empty = CookieSession(
            account.name,
            headers=revealed(headers or {}),
            csrf_header=csrf_header,
            csrf_cookie=csrf_cookie,
        )
        call = call_of(method, path, empty, body_of(revealed(body), content_type), None, None)
        wanted = Wanted(statuses_in(expect))
        made = api_of_run().sign_in(call, empty, wanted, csrf_page, within.total_seconds())
        for cookie in made.cookies:
            hide(f"cookie {cookie.name} of {account.name}", cookie.value or "")
        return made

    @project_keyword()
    def copy_of_session(self, original: CookieSession) -> CookieSession:
        """Returns a copy of a session of `Sign In With Cookie`.

        An app that does not know a session answers with another cookie. Then the copy changes, and
        the original does not: it can be tried again after a restore. Never fails.

        Example:
        | ${copy}=    Copy Of Session    ${session}
        | Call API    GET    /settings    by=${copy}    expect=401
        """
        return replace(original, cookies=original.cookies.copy())

    @project_keyword("assertion")
    def cookies_of_session(self, signed_in: CookieSession, domain: str) -> list[Cookie]:
        """Returns the cookies that a session sends to a domain: ``name``, ``domain``, ``secure``.

        Those of another app, such as the one where somebody signed in, are not among them. Fails
        when there is none.

        Example:
        | ${app}=    The App
        | @{cookies}=    Cookies Of Session    ${session}    ${app.domain}
        """
        # The domain of a cookie that subdomains get too begins with a dot (http.cookiejar).
        found = [
            one
            for one in signed_in.cookies
            if one.domain == domain
            or (one.domain.startswith(".") and f".{domain}".endswith(one.domain))
        ]
        if not found:
            there = ", ".join(f"{one.name} of {one.domain}" for one in signed_in.cookies) or "none"
            raise RecipeFailure(
                f"Expected {signed_in.name} to have a cookie for {domain}; it has: {there}."
            )
        return found
