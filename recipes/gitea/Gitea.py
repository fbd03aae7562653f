"""Gitea as the people of it use it: accounts, repositories, issues, hooks."""

import secrets

from gitea_api import Gitea as Api
from gitea_api import Issue, Person, Repository, SignInRequest, password_in
from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.errors import RecipeFailure
from ccci.web.accounts import Account

# Where the official image keeps them.
REPOSITORIES = "/var/lib/gitea/git/repositories"


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Gitea:
    """Works with the Gitea under test through its REST API, as one of its people.

    A repository is named by its owner and its own name, as in `anna/notes`. Passwords are
    generated, and kept with the run. Each keyword fails when Gitea answers otherwise than it
    should, and quotes the answer.
    """

    @project_keyword("assertion")
    def the_administrator(self, name: str = "caretaker") -> Account:
        """Returns an administrator; one is made first, where this deployment has none yet.

        As the recipe says, by its command `create_admin`. Fails when that makes none.

        Example:
        | ${admin}=    The Administrator
        """
        kept = session.credentials.below("gitea person")
        account = Account(name, kept.get(name, ""))
        if account.password and self._api(account).lets_in():
            return account
        domain = session.app.domain
        words = ["app", "cmd", domain, "app", "create_admin", name, f"{name}@example.org"]
        done = session.abra(*words, "-o", "-C")
        return self._keep(Account(name, password_in(done.stdout)))

    @project_keyword("assertion")
    def make_person(self, admin: Account, name: str, email: str = "") -> Account:
        """Makes an account with a password of its own, and returns it.

        Fails when Gitea does not make it, for instance because the name is taken.

        Example:
        | ${admin}=    The Administrator
        | ${anna}=    Make Person    ${admin}    anna
        """
        account = self._keep(Account(name, secrets.token_urlsafe(24)))
        self._api(admin).make_person(account, email or f"{name}@example.org")
        return account

    @project_keyword()
    def person_made_before(self, name: str) -> Account:
        """Returns the account of a person who was made in this run. Fails when there is none.

        Example:
        | ${anna}=    Person Made Before    anna
        """
        return Account(name, session.credentials.get(f"gitea person/{name}"))

    @project_keyword()
    def somebody_with_the_name_of(self, account: Account) -> Account:
        """Returns an account of the same name, with a password that is not theirs.

        Never fails.

        Example:
        | ${impostor}=    Somebody With The Name Of    ${anna}
        """
        return Account(account.name, secrets.token_urlsafe(24))

    @project_keyword("assertion")
    def person_as_shown_to(self, asks: Account, name: str) -> Person:
        """Returns a person's ``number``, ``name``, ``email``, ``source`` and ``login_name``.

        The source of sign-in (0: Gitea's own) and the name there are shown to administrators. Fails
        when there is nobody of that name.

        Example:
        | ${person}=    Person As Shown To    ${admin}    anna
        """
        return self._api(asks).person(name)

    @project_keyword("assertion")
    def person_should_be_missing(self, name: str) -> None:
        """Fails when there is an account of that name.

        Example:
        | Person Should Be Missing    olga
        """
        if self._api().has_person(name):
            raise RecipeFailure(f"Expected nobody of the name {name}; there is an account.")

    @project_keyword("assertion")
    def sign_in_request(self, source: str) -> SignInRequest:
        """Returns where Gitea sends people who choose a source of sign-in.

        The fields are ``page``, the provider's; ``client_id``, as whom; ``redirect_uri``, the way
        back. Fails when Gitea does not send them anywhere.

        Example:
        | ${asked}=    Sign In Request    Guild
        | Should Be Equal    ${asked.page}    ${provider.authorization_endpoint}
        """
        return self._api().sign_in_request(source)

    @project_keyword("assertion")
    def make_private_repository(self, admin: Account, owner: str, name: str) -> Repository:
        """Makes a private repository with a README for somebody, as an administrator.

        Fails when there is nobody of that name.

        Example:
        | ${admin}=    The Administrator
        | Make Private Repository    ${admin}    mona    ledger
        """
        return self._api(admin).make_private_repository(owner, name)

    @project_keyword("assertion")
    def make_repository(self, owner: Account, name: str) -> Repository:
        """Makes an empty public repository and returns its ``full_name`` and ``clone_url``.

        Fails when Gitea does not make it, for instance because the owner has one of that name.

        Example:
        | ${notes}=    Make Repository    ${anna}    notes
        """
        return self._api(owner).make_repository(name)

    @project_keyword("assertion")
    def repository_as_shown(self, full_name: str) -> Repository:
        """Returns the ``full_name`` and ``clone_url`` of a public repository, as anybody sees it.

        Fails when there is none of that name.

        Example:
        | ${notes}=    Repository As Shown    anna/notes
        """
        return self._api().repository(full_name)

    @project_keyword("assertion")
    def head_as_shown(self, repository: Repository) -> str:
        """Returns the commit that the branch main is at, by Gitea's word.

        Fails when nothing was pushed yet.

        Example:
        | ${commit}=    Head As Shown    ${notes}
        """
        return self._api().head(repository.full_name)

    @project_keyword("assertion")
    def open_issue(self, author: Account, repository: Repository, title: str, body: str) -> Issue:
        """Opens an issue and returns it.

        The fields are ``number``, ``title``, ``body``, ``author`` and ``attachments``. Fails
        when the author may not.

        Example:
        | ${issue}=    Open Issue    ${bruno}    ${notes}    A page is missing    It was the third.
        """
        return self._api(author).make_issue(repository.full_name, title, body)

    @project_keyword("assertion")
    def attach_to_issue(self, author: Account, issue: Issue, name: str, content: bytes) -> None:
        """Attaches a file to an issue.

        Fails when the author may not, or files of that name are not taken.

        Example:
        | Attach To Issue    ${bruno}    ${issue}    ${file.name}    ${file.content}
        """
        self._api(author).attach(issue, name, content)

    @project_keyword("assertion")
    def issue_as_shown(self, repository: Repository, title: str) -> Issue:
        """Returns the issue of that title, as anybody sees it. Fails when there is none.

        Example:
        | ${issue}=    Issue As Shown    ${notes}    A page is missing
        """
        found = self._api().issues(repository.full_name)
        for issue in found:
            if issue.title == title:
                return issue
        titles = [issue.title for issue in found]
        raise RecipeFailure(f"Expected an issue {title!r}; there are {titles}.")

    @project_keyword("assertion")
    def issue_should_be_missing(self, repository: Repository, title: str) -> None:
        """Fails when the repository has an issue of that title.

        Example:
        | Issue Should Be Missing    ${notes}    A page is missing
        """
        if any(one.title == title for one in self._api().issues(repository.full_name)):
            raise RecipeFailure(
                f"Expected no issue {title!r} in {repository.full_name}; it is there."
            )

    @project_keyword("assertion")
    def delete_issue(self, admin: Account, issue: Issue) -> None:
        """Deletes an issue, as an administrator.

        Fails when it is not there.

        Example:
        | Delete Issue    ${admin}    ${issue}
        """
        self._api(admin).delete_issue(issue)

    @project_keyword("assertion")
    def attachment(self, issue: Issue, name: str) -> bytes:
        """Returns the bytes of an issue's attachment, from the address that Gitea names.

        Fails when the issue has none of that name, or the address does not lead to it.

        Example:
        | ${seen}=    Attachment    ${issue}    picture.png
        """
        if name not in issue.attachments:
            raise RecipeFailure(
                f"Expected issue {issue.title!r} to have an attachment {name}; it has "
                f"{sorted(issue.attachments)}."
            )
        return self._api().fetch(issue.attachments[name])

    @project_keyword("assertion")
    def make_hook(
        self, owner: Account, repository: Repository, target: str, authorization: Secret
    ) -> None:
        """Makes a hook that would call ``target`` with a secret header. It is not switched on.

        Gitea keeps the header encrypted with the key of the deployment. Fails when the owner may
        not make it.

        Example:
        | ${header}=    Generate Password    hook of notes
        | Make Hook    ${anna}    ${notes}    https://example.org/build    ${header}
        """
        api = self._api(owner)
        api.make_hook(repository.full_name, target, str(authorization.value))

    @project_keyword("assertion")
    def hook_should_hold(
        self, owner: Account, repository: Repository, authorization: Secret
    ) -> None:
        """Fails unless the repository's one hook has this secret header, decrypted by Gitea.

        Example:
        | Hook Should Hold    ${anna}    ${notes}    ${header}
        """
        seen = self._api(owner).hook_authorizations(repository.full_name)
        if seen != [str(authorization.value)]:
            raise RecipeFailure(
                f"Expected the one hook of {repository.full_name} to have its secret header; there "
                f"are {len(seen)} hooks, with another one."
            )

    @project_keyword("assertion")
    def objects_should_be_sound(self, repository: Repository) -> None:
        """Fails unless git itself, on the server, finds every object of a repository whole.

        Example:
        | Objects Should Be Sound    ${notes}
        """
        folder = f"{REPOSITORIES}/{repository.full_name.lower()}.git"
        words = [
            "app",
            "run",
            session.app.domain,
            "app",
            "-o",
            "--",
            "git",
            "-C",
            folder,
        ]
        session.abra(*words, "fsck", "--full", "--strict")

    @project_keyword("assertion")
    def password_should_be_refused(self, account: Account) -> None:
        """Fails when Gitea lets an account in.

        Example:
        | Password Should Be Refused    ${impostor}
        """
        if self._api(account).lets_in():
            raise RecipeFailure(f"Expected {account.name} to be refused; they were let in.")

    @project_keyword("assertion")
    def gitea_version(self) -> str:
        """Returns the version that the server says it is. Fails when it does not say.

        Example:
        | ${version}=    Gitea Version
        """
        return self._api().version()

    @staticmethod
    def _api(account: Account | None = None) -> Api:
        return Api(session.client, session.app.url, account)

    @staticmethod
    def _keep(account: Account) -> Account:
        session.credentials.put(f"gitea person/{account.name}", account.password)
        return account
