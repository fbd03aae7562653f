"""Who signs in to the app under test: accounts, and those who should be refused."""

import secrets

from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.accounts import Account
from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.errors import Misuse

_ACCOUNTS = "account"


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Accounts:
    """Names and passwords of a run. Making one here does not tell the app of it.

    An account has the fields ``name`` and ``password``, a Secret: ``${account.password}`` can stand
    in the body of `Api.Call Api`, and in `Fill Secret`. The account itself can be the ``by`` of a
    call. Passwords are kept with the run, and destroyed with it.
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

        Fails when there is none of that name, and lists those there are.

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
        """Returns an account of the same name, with a random password that is not theirs.

        Never fails.

        Example:
        | ${impostor}=    With A Wrong Password    ${anna}
        | Call API    GET    /api/user    by=${impostor}    expect=401
        """
        return Account(account.name, Secret(secrets.token_urlsafe(24)))

    @project_keyword()
    def stranger(self, name: str = "", password: Secret | None = None) -> Account:
        """Returns an account that nobody made: a random name and password, or those given.

        Never fails.

        Example:
        | ${eve}=    Stranger
        | ${eve}=    Stranger    eve@example.org    password=${anna.password}
        """
        return Account(
            name or f"stranger-{secrets.token_hex(4)}",
            password or Secret(secrets.token_urlsafe(24)),
        )
