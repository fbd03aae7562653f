"""n8n as its owner uses it: workflows and their webhooks, what they did, and the keys they use."""

import secrets

from n8n_api import Execution, Numbers, SignIn, StoredKey, Workflow, stored_key
from n8n_api import N8n as Api
from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.errors import RecipeFailure
from ccci.results.credentials import holds_secret
from ccci.web.accounts import Account

_OWNER = "n8n owner/{}"
_DUMP = ("pg_dump", "--username", "n8n", "--data-only", "n8n")


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class N8n:
    """Works with the n8n under test through the API of its own editor, as its owner.

    A workflow of these keywords waits for numbers at its webhook, asks for a key there, and answers
    with what it computes. Passwords are generated, and kept with the run. Each keyword fails when
    n8n answers otherwise than it should, and quotes the answer.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], Api] = {}

    @project_keyword("assertion")
    def the_owner(self, name: str = "ada") -> Account:
        """Returns the owner; an n8n that has none is set up first. Fails when it cannot be.

        Example:
        | ${owner}=    The Owner
        """
        address = f"{name}@example.org"
        if address not in session.credentials.below("n8n owner"):
            session.credentials.put(_OWNER.format(address), _new_password())
        account = self.owner_made_before(name)
        if not self._api(account).has_owner():
            self._api(account).set_up_owner(account, name.capitalize(), "Example")
        return account

    @project_keyword()
    def owner_made_before(self, name: str = "ada") -> Account:
        """Returns the account of who was made the owner in this run, and sets nothing up.

        Fails when nobody was.

        Example:
        | ${owner}=    Owner Made Before
        """
        address = f"{name}@example.org"
        return Account(address, session.credentials.get(_OWNER.format(address)))

    @project_keyword("assertion")
    def owner_should_be_missing(self) -> None:
        """Fails when somebody set this n8n up.

        Example:
        | Owner Should Be Missing
        """
        if self._nobody().has_owner():
            raise RecipeFailure("Expected an n8n that nobody set up yet; it has an owner.")

    @project_keyword("assertion")
    def name_of_the_owner(self, owner: Account) -> str:
        """Returns the name and address that n8n has of its owner, as in ``Ada Example <a@b.org>``.

        Fails when they cannot sign in.

        Example:
        | ${name}=    Name Of The Owner    ${owner}
        """
        return self._api(owner).who()

    @project_keyword()
    def stranger(self, address: str, password_of: Account | None = None) -> Account:
        """Returns an account that n8n does not have: another address, or another password.

        Never fails.

        Example:
        | ${impostor}=    Stranger    ${owner.name}
        | ${visitor}=    Stranger    eve@example.org    password_of=${owner}
        """
        return Account(address, password_of.password if password_of else _new_password())

    @project_keyword("assertion")
    def sign_in_to_n8n(self, account: Account) -> SignIn:
        """Signs an account in; returns whether its cookie is ``secure`` and ``http_only``.

        Fails when n8n does not let it in.

        Example:
        | ${cookie}=    Sign In To N8n    ${owner}
        """
        return self._api(account).sign_in()

    @project_keyword("assertion")
    def n8n_should_refuse(self, account: Account) -> None:
        """Fails unless n8n tells an account that name or password are wrong.

        Example:
        | N8n Should Refuse    ${impostor}
        """
        answer = self._api(account).ask_in()
        if answer.status != 401:
            raise RecipeFailure(
                f"Expected {account.name} to be refused with 401; it was {answer.status}."
            )

    @project_keyword("assertion")
    def ownership_should_be_refused(self, account: Account) -> None:
        """Fails unless n8n tells who would set it up that it has an owner.

        Example:
        | Ownership Should Be Refused    ${visitor}
        """
        answer = self._nobody().ask_to_own(account, "Eve", "Example")
        if answer.status != 400:
            raise RecipeFailure(
                f"Expected {account.name} to be refused with 400; it was {answer.status}."
            )

    @project_keyword("assertion")
    def strangers_should_be_refused(self, *lists: str) -> None:
        """Fails unless each list of the API is closed to who is not signed in.

        Example:
        | Strangers Should Be Refused    workflows    credentials
        """
        seen = {name: self._nobody().status_for_strangers(f"/{name}") for name in lists}
        if set(seen.values()) != {401}:
            raise RecipeFailure(f"Expected 401 for strangers everywhere; it was {seen}.")

    @project_keyword("assertion")
    def store_key(self, owner: Account, name: str, value: Secret) -> StoredKey:
        """Keeps a key in a credential of n8n, and returns its ``id`` and ``name``.

        Fails when n8n does not take it.

        Example:
        | ${value}=    Generate Password    key of the till
        | ${key}=    Store Key    ${owner}    The till    ${value}
        """
        return self._api(owner).store_key(name, str(value.value))

    @project_keyword("assertion")
    def change_key(self, owner: Account, name: str, value: Secret) -> None:
        """Puts another key into a credential. Fails when there is none of that name.

        Example:
        | Change Key    ${owner}    The till    ${another}
        """
        api = self._api(owner)
        api.change_key(api.key(name), str(value.value))

    @project_keyword("assertion")
    def key_should_be_encrypted(self, key: StoredKey, value: Secret) -> None:
        """Fails unless the database has the credential, and nowhere the key in it as it is.

        Ask before anybody calls a webhook with the key: n8n records what callers send.

        Example:
        | Key Should Be Encrypted    ${key}    ${value}
        """
        words = ["app", "run", session.app.domain, "db", "-o", "--", *_DUMP]
        dump = session.abra(*words).stdout
        kept = stored_key(dump, key)
        if len(kept) <= len(str(value.value)):
            raise RecipeFailure(f"Expected {key.name!r} to be kept; {len(kept)} characters are.")
        if holds_secret(dump, [str(value.value)]):
            raise RecipeFailure(f"Expected {key.name!r} to be encrypted; the key stands there.")

    @project_keyword("assertion")
    def key_named(self, owner: Account, name: str) -> StoredKey:
        """Returns the ``id`` and ``name`` of a credential of n8n. Fails when there is none.

        Example:
        | ${key}=    Key Named    ${owner}    The till
        """
        return self._api(owner).key(name)

    @project_keyword("assertion")
    def make_workflow(self, owner: Account, name: str, code: str, key: StoredKey) -> Workflow:
        """Makes a workflow that answers with ``code``, an object in JavaScript, and returns it.

        What was sent is in ``sent``. It listens when it is activated. The fields are ``id``,
        ``name``, ``version``, ``active``, ``path``, ``nodes`` and ``code``.
        Fails when n8n makes none.

        Example:
        | ${adds}=    Make Workflow    ${owner}    Adds    {sum: sent.a + sent.b}    ${key}
        """
        return self._api(owner).make_workflow(name, code, key)

    @project_keyword("assertion")
    def make_workflow_by_hand(self, owner: Account, name: str, code: str) -> Workflow:
        """Makes a workflow that its owner starts by hand, and returns it. Fails when n8n does not.

        Example:
        | ${adds}=    Make Workflow By Hand    ${owner}    Adds    {sum: 20 + 22}
        """
        return self._api(owner).make_workflow_by_hand(name, code)

    @project_keyword("assertion")
    def make_workflow_by_clock(self, owner: Account, name: str, code: str) -> Workflow:
        """Makes a workflow that starts every few seconds once it is active, and returns it.

        Fails when n8n does not make it.

        Example:
        | ${adds}=    Make Workflow By Clock    ${owner}    Adds    {sum: 20 + 22}
        """
        return self._api(owner).make_workflow_by_clock(name, code)

    @project_keyword("assertion")
    def next_execution(self, owner: Account, workflow: Workflow) -> Execution:
        """Waits for a run of a workflow that begins after now, and returns its record.

        Fails when there is none in time.

        Example:
        | ${record}=    Next Execution    ${owner}    ${adds}
        """
        return self._api(owner).next_execution(workflow)

    @project_keyword("assertion")
    def run_workflow(self, owner: Account, workflow: Workflow) -> Execution:
        """Starts a workflow by hand, and returns the record of the run when that has ended.

        Fails when it does not end in time.

        Example:
        | ${record}=    Run Workflow    ${owner}    ${adds}
        """
        return self._api(owner).run(workflow)

    @project_keyword("assertion")
    def activate_workflow(self, owner: Account, workflow: Workflow) -> Workflow:
        """Lets a workflow listen, and returns it as it is now. Fails when it does not, in time.

        Example:
        | ${adds}=    Activate Workflow    ${owner}    ${adds}
        """
        return self._api(owner).activate(workflow)

    @project_keyword("assertion")
    def wait_until_listening(self, workflow: Workflow) -> None:
        """Waits until a workflow's webhook is open, after a start. Fails when it stays shut.

        Example:
        | Wait Until Listening    ${adds}
        """
        self._nobody().wait_until_listening(workflow)

    @project_keyword("assertion")
    def rename_workflow(self, owner: Account, name: str, new_name: str) -> None:
        """Gives a workflow another name. Fails when there is none of that name.

        Example:
        | Rename Workflow    ${owner}    Adds    Subtracts
        """
        api = self._api(owner)
        api.rename(api.workflow(name), new_name)

    @project_keyword("assertion")
    def workflow_as_shown(self, owner: Account, name: str) -> Workflow:
        """Returns the workflow of that name, as n8n shows it to its owner. Fails without one.

        Example:
        | ${adds}=    Workflow As Shown    ${owner}    Adds
        """
        return self._api(owner).workflow(name)

    @project_keyword("assertion")
    def workflow_should_be_missing(self, owner: Account, name: str) -> None:
        """Fails when there is a workflow of that name.

        Example:
        | Workflow Should Be Missing    ${owner}    Adds
        """
        if name in self._api(owner).workflow_names():
            raise RecipeFailure(f"Expected no workflow {name!r}; it is there.")

    @project_keyword()
    def random_numbers(self) -> Numbers:
        """Returns two random numbers ``a`` and ``b``, and their ``sum``. Never fails.

        Example:
        | ${numbers}=    Random Numbers
        """
        return Numbers(secrets.randbelow(10**6), secrets.randbelow(10**6))

    @project_keyword("assertion")
    def sum_from_webhook(self, path: str, key: Secret, numbers: Numbers) -> int:
        """Sends two numbers to a webhook, and returns the sum that is answered.

        Fails when the answer is not one with a sum.

        Example:
        | ${sum}=    Sum From Webhook    ${adds.path}    ${key}    ${numbers}
        """
        return self._nobody().sum_from_webhook(path, str(key.value), numbers)

    @project_keyword("assertion")
    def webhook_should_refuse(self, path: str, key: Secret, status: int = 403) -> None:
        """Fails unless a webhook answers numbers that come with this key with ``status``.

        Example:
        | Webhook Should Refuse    ${adds.path}    ${wrong key}
        """
        answer = self._nobody().call_webhook(path, str(key.value), self.random_numbers())
        if answer.status != status:
            raise RecipeFailure(
                f"Expected the webhook to answer {status}; it was {answer.status}: "
                f"{answer.text[:200]!r}"
            )

    @project_keyword("assertion")
    def last_execution(self, owner: Account, workflow: Workflow) -> Execution:
        """Returns the newest record of a workflow's run, when that has ended.

        The fields are ``id``, ``mode``, ``status`` and ``answer``. Fails when there is none, or it
        does not end.

        Example:
        | ${record}=    Last Execution    ${owner}    ${adds}
        """
        return self._api(owner).last_execution(workflow)

    @project_keyword("assertion")
    def execution_as_shown(self, owner: Account, number: str) -> Execution:
        """Returns the record of an execution by its number. Fails when there is none.

        Example:
        | ${record}=    Execution As Shown    ${owner}    ${number}
        """
        return self._api(owner).execution(number)

    @project_keyword("assertion")
    def delete_execution(self, owner: Account, workflow: Workflow, number: str) -> None:
        """Deletes the record of a workflow's run. Fails when it is listed still.

        Example:
        | Delete Execution    ${owner}    ${adds}    ${record.id}
        """
        api = self._api(owner)
        api.delete_execution(number)
        if number in api.execution_ids(workflow):
            raise RecipeFailure(f"Expected execution {number} to be deleted; it is listed.")

    @project_keyword("assertion")
    def addresses_told_by_n8n(self, owner: Account) -> list[str]:
        """Returns the addresses that n8n tells people: of the editor, and of webhooks.

        Fails when it tells none.

        Example:
        | ${addresses}=    Addresses Told By N8n    ${owner}
        """
        return self._api(owner).addresses()

    @project_keyword("assertion")
    def n8n_version(self, owner: Account) -> str:
        """Returns the version that the server says it is. Fails when it does not say.

        Example:
        | ${version}=    N8n Version    ${owner}
        """
        return self._api(owner).version()

    def _nobody(self) -> Api:
        return Api(session.client, session.app.url)

    def _api(self, account: Account) -> Api:
        # n8n lets nobody sign in more than five times a minute: who is in stays in.
        who = (session.app.url, account.name, account.password)
        if who not in self._known:
            self._known[who] = Api(session.client, who[0], account)
        return self._known[who]


def _new_password() -> str:
    # n8n demands a capital and a digit.
    return f"{secrets.token_urlsafe(24)}A1"
