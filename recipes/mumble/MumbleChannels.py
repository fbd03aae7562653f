"""The tree of channels of the Mumble server under test, and who may do what."""

import ipaddress

from mumble_client import PERMISSIONS, ROOT, MumbleClient
from mumble_messages import make
from robot.api.deco import library

from ccci.bridge.failures import project_keyword
from ccci.errors import Misuse

_EVERYBODY = "all"


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class MumbleChannels:
    """People make, see and enter channels; the superuser decides who may.

    The people are those whom `Join Mumble` returns.
    """

    @project_keyword()
    def ask_for_channel(
        self,
        person: MumbleClient,
        name: str,
        *,
        below: str = "",
        description: str = "",
        temporary: bool = False,
    ) -> None:
        """Lets a person ask for a new channel, ``below`` another or at the top.

        A temporary one is gone when the last person leaves it. Whether it is made is told by
        `Should See Channel` and `Should Be Denied`. Fails when the other channel is not there.

        Example:
        | Ask For Channel    ${anna}    Kitchen    description=Where the coffee is
        """
        parent = person.number_of(below) if below else ROOT
        person.send(
            "ChannelState", parent=parent, name=name, description=description, temporary=temporary
        )

    @project_keyword()
    def remove_channel(self, person: MumbleClient, name: str) -> None:
        """Lets a person remove a channel. Fails when the person still sees it after that.

        Example:
        | Remove Channel    ${superuser}    Kitchen
        """
        person.send("ChannelRemove", channel_id=person.number_of(name))
        person.wait(f"no channel {name}", lambda: person.channel(name) is None, lambda: name)

    @project_keyword()
    def describe_channel(self, person: MumbleClient, name: str, description: str) -> None:
        """Lets a person give a channel another description. Never fails.

        Example:
        | Describe Channel    ${superuser}    Kitchen    Closed
        """
        person.send("ChannelState", channel_id=person.number_of(name), description=description)

    @project_keyword()
    def link_channels(self, person: MumbleClient, one: str, other: str) -> None:
        """Lets a person link two channels: who speaks in one is heard in the other. Never fails.

        Example:
        | Link Channels    ${superuser}    Kitchen    Garden
        """
        number, linked = person.number_of(one), person.number_of(other)
        person.send("ChannelState", channel_id=number, links_add=[linked])

    @project_keyword("assertion")
    def should_see_channel(
        self,
        person: MumbleClient,
        name: str,
        *,
        below: str = "",
        description: str | None = None,
        linked: str = "",
    ) -> None:
        """Fails unless a person sees a channel, at its place, and as described, at once or soon.

        ``linked`` is the name of a channel that it must be linked with.

        Example:
        | Should See Channel    ${bert}    Pantry    below=Kitchen    description=Cool and dry
        """
        parent = below or person.name_of(ROOT)

        def good() -> bool:
            number = person.channel(name)
            if number is None:
                return False
            seen = person.channels[number]
            links = {person.name_of(one) for one in seen["links"]}
            return (
                person.name_of(seen["parent"]) == parent
                and description in (None, seen["description"])
                and (not linked or linked in links)
            )

        wanted = f"channel {name} below {parent}"
        wanted += f" with {description!r}" if description is not None else ""
        wanted += f", linked with {linked}" if linked else ""
        person.wait(wanted, good, person.channels_in_words)

    @project_keyword("assertion")
    def should_see_no_channel(self, person: MumbleClient, name: str) -> None:
        """Fails unless a person sees no channel of a name, at once or soon.

        Example:
        | Should See No Channel    ${bert}    Kitchen
        """
        person.wait(
            f"no channel {name}",
            lambda: person.channel(name) is None,
            person.channels_in_words,
        )

    @project_keyword()
    def ask_to_enter(self, person: MumbleClient, channel: str) -> None:
        """Lets a person ask to enter a channel.

        Whether the person is let in is told by `Should See In Channel` and `Should Be Denied`.
        Fails when the channel is not there.

        Example:
        | Ask To Enter    ${bert}    Kitchen
        """
        number = person.number_of(channel)
        person.send("UserState", session=person.session, channel_id=number)

    @project_keyword("assertion")
    def should_be_denied(self, person: MumbleClient, permission: str) -> None:
        """Fails unless the server has denied something to a person, at once or soon.

        ``permission`` is what the person lacks: ``enter``, ``make channels``, ``kick``, ``ban``,
        ``write`` and so on. A denial counts once.

        Example:
        | Ask To Enter    ${bert}    Office
        | Should Be Denied    ${bert}    enter
        """
        # Where one of several permissions would do, the server names all of them.
        wanted = PERMISSIONS[permission]
        person.wait(
            f"that it lacks the permission: {permission}",
            lambda: any(wanted & one for one in person.denials),
            lambda: f"denials: {[hex(one) for one in person.denials]}",
        )
        person.denials.clear()

    @project_keyword()
    def let_only_enter(self, superuser: MumbleClient, channel: str, person: MumbleClient) -> None:
        """Lets nobody but a registered person enter a channel. Fails when the person is not one.

        Example:
        | Let Only Enter    ${superuser}    Office    ${anna}
        """
        user = person.user_id
        if user is None:
            raise Misuse(f"{person.name} is not registered.")
        place = {"apply_here": True, "apply_subs": True}
        enter = PERMISSIONS["enter"]
        rights = [
            make("ChanACL", group=_EVERYBODY, deny=enter, **place),
            make("ChanACL", user_id=user, grant=enter, **place),
        ]
        number = superuser.number_of(channel)
        superuser.send("ACL", channel_id=number, inherit_acls=True, acls=rights)
        # The answer to a question shows that what came before it is done.
        superuser.ask("ACL", channel_id=number, query=True)

    @project_keyword()
    def ban_addresses(self, person: MumbleClient, *addresses: str) -> None:
        """Lets a person replace the list of addresses from which nobody may come. Never fails.

        Example:
        | Ban Addresses    ${superuser}    2001:db8::7
        """
        bans = [
            make("BanEntry", address=ipaddress.IPv6Address(one).packed, mask=128, reason="Test")
            for one in addresses
        ]
        person.send("BanList", bans=bans, query=False)

    @project_keyword()
    def banned_addresses(self, superuser: MumbleClient) -> list[str]:
        """Returns the addresses from which nobody may come, sorted.

        Fails when the server does not tell them.

        Example:
        | ${addresses}=    Banned Addresses    ${superuser}
        """
        answer = superuser.ask("BanList", query=True)
        return sorted(str(ipaddress.IPv6Address(ban.address)) for ban in answer.bans)
