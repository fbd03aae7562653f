"""A Matrix homeserver as its people use it: accounts, rooms, messages and files."""

import secrets

from homeserver_api import (
    Account,
    Homeserver,
    Member,
    Message,
    ProviderRequest,
    login_token_in,
    sign_in_path,
)
from robot.api.deco import library

from ccci.apps import App
from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.deploy.driver import AppDriver
from ccci.errors import Misuse, RecipeFailure


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class MatrixClient:
    """People of homeservers, their rooms, what they say there, and their files.

    A member has the fields ``user_id``, ``name`` and ``url`` (of their homeserver); password and
    token are shown nowhere. Without a member a keyword asks the app under test.
    """

    def __init__(self) -> None:
        self._members: dict[str, Member] = {}
        self._other: AppDriver | None = None

    @project_keyword("assertion")
    def register_member(self, name: str, admin: bool = False, at: App | None = None) -> Member:
        """Makes an account with the registration secret of a homeserver, and returns the member.

        ``at`` is another homeserver than the app under test. The name gets some letters more, so
        that it is free. Fails when the homeserver refuses.

        Example:
        | ${anna}=    Register Member    anna
        | ${root}=    Register Member    root    admin=True
        """
        app = at or session.app
        secret = session.credentials.get(f"{app.domain}/registration")
        own, password = f"{name}-{secrets.token_hex(3)}", secrets.token_urlsafe(24)
        session.credentials.put(f"matrix member/{own}", password)
        member = Homeserver(session.client, app.url).register(own, password, secret, admin)
        self._members[name] = member
        return member

    @project_keyword()
    def member_made_before(self, name: str) -> Member:
        """Returns the member who was last registered under a name. Fails when there is none.

        Example:
        | ${anna}=    Member Made Before    anna
        """
        if name not in self._members:
            raise Misuse(f"No member '{name}' was registered; there are: {list(self._members)}.")
        return self._members[name]

    @project_keyword("assertion")
    def registration_should_be_refused(self, name: str) -> None:
        """Fails when somebody without the homeserver's registration secret can make an account.

        Neither with another secret, nor with none, as clients do it; and nobody of the name can
        sign in afterwards.

        Example:
        | Registration Should Be Refused    mallory
        """
        server = Homeserver(session.client, session.app.url)
        password, forged = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        if server.takes_registration(name, password, forged):
            raise RecipeFailure(f"Expected the making of {name} to be refused; it was accepted.")
        if server.lets_anybody_register(name, password):
            raise RecipeFailure(f"Expected {name} to get no account without a secret; it is open.")
        if server.sign_in(name, password) is not None:
            raise RecipeFailure(f"Expected nobody to be {name}; they can sign in.")

    @project_keyword("assertion")
    def sign_in_should_work(self, member: Member) -> None:
        """Fails unless the member's own password opens a session of theirs.

        Example:
        | Sign In Should Work    ${anna}
        """
        session_of_theirs = self._nobody_at(member).sign_in(member.name, member.password)
        if session_of_theirs is None or session_of_theirs.user_id != member.user_id:
            raise RecipeFailure(f"Expected {member.user_id} to sign in; got {session_of_theirs}.")

    @project_keyword("assertion")
    def sign_in_should_be_refused(self, member: Member) -> None:
        """Fails when the member's own password opens a session: nobody of the name should be there.

        Example:
        | Sign In Should Be Refused    ${anna}
        """
        self._refused(member, member.password)

    @project_keyword("assertion")
    def wrong_password_should_be_refused(self, member: Member) -> None:
        """Fails when a password that is not the member's opens a session.

        Example:
        | Wrong Password Should Be Refused    ${anna}
        """
        self._refused(member, secrets.token_urlsafe(24))

    @project_keyword("assertion")
    def session_should_belong_to(self, member: Member) -> None:
        """Fails unless the token from the making of the account is still a session of the member.

        Example:
        | Session Should Belong To    ${anna}
        """
        seen = self._as(member).whoami()
        if seen != member.user_id:
            raise RecipeFailure(f"Expected a session of {member.user_id}; it is of {seen}.")

    @project_keyword("assertion")
    def provider_offered(self, name: str) -> str:
        """Returns the identifier of a provider of sign-in that clients are told of by this name.

        Fails unless the app under test tells them of it, and of no other one.

        Example:
        | ${provider}=    Provider Offered    Guild
        """
        seen = Homeserver(session.client, session.app.url).providers()
        if list(seen) != [name]:
            raise RecipeFailure(f"Expected clients to be offered {[name]}; it was {list(seen)}.")
        return seen[name]

    @project_keyword("assertion")
    def provider_request(self, provider: str, back: str) -> ProviderRequest:
        """Returns where the app under test sends people who sign in at a provider, and with what.

        The fields are ``page``, the provider's; ``client_id``, as whom; ``redirect_uri``, the way
        back; ``challenge_method``, that of PKCE. ``back`` is the client's own page. Fails when the
        app does not send them anywhere.

        Example:
        | ${asked}=    Provider Request    ${provider}    https://client.example/
        | Should Be Equal    ${asked.challenge_method}    S256
        """
        app = session.app
        return Homeserver(session.client, app.url).provider_request(provider, back)

    @project_keyword()
    def sign_in_path(self, provider: str, back: str) -> str:
        """Returns the path that a client opens in a browser to sign somebody in at a provider.

        ``back`` is where the browser comes back to with a token. Never fails.

        Example:
        | ${path}=    Sign In Path    ${provider}    https://client.example/
        | Open The Page    ${path}
        """
        return sign_in_path(provider, back)

    @project_keyword("assertion")
    def sign_in_with_address(self, name: str, arrived_at: str, back: str) -> Member:
        """Opens a session with the token in the address that the browser came back to.

        Returns the member, who is known by the name from then on. Fails when the address is
        another than ``back`` or has no token, when the homeserver refuses the token, and when it
        takes the same one a second time.

        Example:
        | ${address}=    Get Url
        | ${mona}=    Sign In With Address    mona    ${address}    https://client.example/
        """
        token = login_token_in(arrived_at, back)
        homeserver = Homeserver(session.client, session.app.url)
        member = homeserver.sign_in_with_token(token)
        if member is None:
            raise RecipeFailure(f"Expected the token to sign {name} in; the homeserver refused it.")
        if homeserver.sign_in_with_token(token) is not None:
            raise RecipeFailure("Expected the token to open one session; it opened a second one.")
        self._members[name] = member
        return member

    @project_keyword("assertion")
    def link_account(self, admin: Member, user_id: str, provider: str, number: str) -> None:
        """Lets who has this number at a provider of sign-in sign in to an account.

        Fails when the homeserver refuses, for instance because another account has it.

        Example:
        | Link Account    ${root}    ${anna.user_id}    ${provider}    ${user.id}
        """
        self._as(admin).link(user_id, provider, number)

    @project_keyword("assertion")
    def account_as_shown_to(self, admin: Member, user_id: str) -> Account:
        """Returns an account, as an administrator sees it.

        The fields are ``display_name`` and ``identities``, who it is at providers of sign-in:
        ``provider number``, a line each. Fails when there is none.

        Example:
        | ${account}=    Account As Shown To    ${root}    ${mona.user_id}
        | Should Be Equal    ${account.display_name}    Mona Example
        """
        found = self._as(admin).account(user_id)
        if found is None:
            raise RecipeFailure(f"Expected an account {user_id}; there is none.")
        return found

    @project_keyword("assertion")
    def account_should_be_missing(
        self, admin: Member, user_id: str, provider: str, number: str
    ) -> None:
        """Fails when there is an account of that name, or one that a person of a provider opens.

        An administrator sees both; ``number`` is the person's at the provider.

        Example:
        | Account Should Be Missing    ${root}    @olga:${app.domain}    ${provider}    ${olga.id}
        """
        homeserver = self._as(admin)
        named, opened = homeserver.account(user_id), homeserver.account_of(provider, number)
        if named is not None or opened is not None:
            raise RecipeFailure(
                f"Expected no account {user_id}, and none for {number} of {provider}; there is "
                f"{named}, and the second opens {opened}."
            )

    @project_keyword("assertion")
    def make_room(self, owner: Member, name: str, *invited: Member, alias: str = "") -> str:
        """Makes a private room, invites people to it, and returns its number.

        With an alias, ``#alias:server`` leads to it. Fails when the homeserver refuses.

        Example:
        | ${room}=    Make Room    ${anna}    The garden    ${bruno}
        """
        return self._as(owner).make_room(name, alias, [one.user_id for one in invited])

    @project_keyword("assertion")
    def alias_should_lead_to(self, alias: str, room: str | None) -> None:
        """Fails unless an alias of the app under test leads to this room; to none for ``${None}``.

        Example:
        | Alias Should Lead To    garden    ${room}
        """
        app = session.app
        seen = Homeserver(session.client, app.url).room_of(f"#{alias}:{app.domain}")
        if seen != room:
            raise RecipeFailure(f"Expected #{alias} to lead to {room}; it leads to {seen}.")

    @project_keyword("assertion")
    def join_room(self, member: Member, room: str, inviter: Member) -> None:
        """Enters a room as somebody who was invited, through the inviter's homeserver.

        Fails when the homeserver refuses.

        Example:
        | Join Room    ${bruno}    ${room}    ${anna}
        """
        self._as(member).join(room, inviter.user_id.partition(":")[2])

    @project_keyword("assertion")
    def send_message(self, member: Member, room: str, text: str) -> str:
        """Says something in a room and returns the number of the event. Fails when it is refused.

        Example:
        | ${event}=    Send Message    ${anna}    ${room}    The beans are ripe
        """
        return self._as(member).send(room, text)

    @project_keyword("assertion")
    def message_should_read(
        self, reader: Member, room: str, event: str, sender: Member, text: str
    ) -> None:
        """Fails unless the reader finds this text by this sender, by the event's number.

        Example:
        | Message Should Read    ${bruno}    ${room}    ${event}    ${anna}    The beans are ripe
        """
        seen, wanted = self._as(reader).message(room, event), Message(sender.user_id, text)
        if seen != wanted:
            raise RecipeFailure(f"Expected {reader.user_id} to read {wanted}; they read {seen}.")

    @project_keyword("assertion")
    def timeline_should_be(self, reader: Member, room: str, *texts: str) -> None:
        """Fails unless the reader finds exactly these messages in a room, the oldest first.

        Example:
        | Timeline Should Be    ${bruno}    ${room}    The beans are ripe    Thank you
        """
        seen = [one.text for one in self._as(reader).timeline(room)]
        if seen != list(texts):
            raise RecipeFailure(f"Expected {reader.user_id} to read {list(texts)}; it was {seen}.")

    @project_keyword("assertion")
    def room_should_be_closed_to(self, member: Member, room: str) -> None:
        """Fails when somebody who is not in a room can read it.

        Example:
        | Room Should Be Closed To    ${mallory}    ${room}
        """
        if self._as(member).can_read(room):
            raise RecipeFailure(f"Expected {member.user_id} not to read room {room}; they do.")

    @project_keyword("assertion")
    def set_topic(self, member: Member, room: str, topic: str) -> None:
        """Gives a room a topic. Fails when the homeserver refuses.

        Example:
        | Set Topic    ${anna}    ${room}    What grows
        """
        self._as(member).set_topic(room, topic)

    @project_keyword("assertion")
    def topic_of(self, reader: Member, room: str) -> str:
        """Returns a room's topic as a member of it reads it. Fails when they may not.

        Example:
        | ${topic}=    Topic Of    ${bruno}    ${room}
        """
        return self._as(reader).topic(room)

    @project_keyword("assertion")
    def take_back(self, member: Member, room: str, event: str) -> None:
        """Takes a message back, for everybody. Fails when the homeserver refuses.

        Example:
        | Take Back    ${anna}    ${room}    ${event}
        """
        self._as(member).redact(room, event)

    @project_keyword("assertion")
    def upload_media(self, member: Member, name: str, content: bytes) -> str:
        """Uploads a file and returns its address (``mxc://...``). Fails when it is refused.

        Example:
        | ${file}=    Random File    bean.png
        | ${address}=    Upload Media    ${anna}    ${file.name}    ${file.content}
        """
        return self._as(member).upload(name, content)

    @project_keyword("assertion")
    def media(self, reader: Member, address: str) -> bytes:
        """Returns the bytes of an uploaded file, as a reader gets them. Fails when there are none.

        Example:
        | ${seen}=    Media    ${bruno}    ${address}
        """
        found = self._as(reader).download(address)
        if found is None:
            raise RecipeFailure(f"Expected {reader.user_id} to get {address}; it is not there.")
        return found

    @project_keyword("assertion")
    def media_should_be_missing(self, reader: Member, address: str) -> None:
        """Fails when there is a file at an address of the form ``mxc://...``.

        Example:
        | Media Should Be Missing    ${bruno}    ${address}
        """
        found = self._as(reader).download(address)
        if found is not None:
            raise RecipeFailure(f"Expected nothing at {address}; {len(found)} bytes are there.")

    @project_keyword("assertion")
    def delete_media(self, admin: Member, address: str) -> None:
        """Deletes a file of the homeserver, as an administrator. Fails when it is refused.

        Example:
        | Delete Media    ${root}    ${address}
        """
        self._as(admin).delete_media(address)

    @project_keyword("assertion")
    def homeserver_version(self) -> str:
        """Returns the version that the app under test names to other homeservers.

        Fails when it does not say.

        Example:
        | ${version}=    Homeserver Version
        """
        return Homeserver(session.client, session.app.url).version()

    @project_keyword("assertion")
    def homeserver_keys(self) -> str:
        """Returns the keys by which others know the app under test: ``id key``, a line each.

        Fails when it serves none.

        Example:
        | ${before}=    Homeserver Keys
        """
        return Homeserver(session.client, session.app.url).signing_keys()

    @project_keyword()
    def have_another_homeserver(self) -> None:
        """Makes a second app of the recipe, and lets the two call each other by public name.

        Meant for `Prepare The App`: it holds from the next deployment of each, and the second one
        is made once in a run. See `The Other Homeserver`. Fails when it cannot be made.

        Example:
        | Have Another Homeserver
        """
        run = session.run
        if self._other is None:
            self._other = run.fresh_app(run.options.recipe, {})
        self._other.calls = (run.driver.app.domain,)
        run.driver.calls = tuple(dict.fromkeys((*run.driver.calls, self._other.app.domain)))

    @project_keyword()
    def the_other_homeserver(self) -> App:
        """Returns the app that `Have Another Homeserver` made; it is deployed by `Deploy And Wait`.

        Fails when none was made: a run that attaches to a kept app cannot introduce another to it.

        Example:
        | ${other}=    The Other Homeserver
        | Deploy And Wait    ${other}
        """
        if self._other is None:
            raise Misuse("No other homeserver was made: it takes a run that deploys for itself.")
        return self._other.app

    def _refused(self, member: Member, password: str) -> None:
        if self._nobody_at(member).sign_in(member.name, password) is not None:
            raise RecipeFailure(f"Expected {member.user_id} to be refused; they were let in.")

    @staticmethod
    def _as(member: Member) -> Homeserver:
        return Homeserver(session.client, member.url, member)

    @staticmethod
    def _nobody_at(member: Member) -> Homeserver:
        return Homeserver(session.client, member.url)
