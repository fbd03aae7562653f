"""Voice on the Mumble server under test."""

from typing import Literal

from mumble_client import MumbleClient
from mumble_place import mumble_address
from robot.api.deco import library

from ccci.bridge.failures import project_keyword


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class MumbleVoice:
    """People speak and hear each other: packets of Opus, in the connection or encrypted by UDP.

    The people are those whom `Join Mumble` returns.
    """

    @project_keyword()
    def open_voice_by_udp(self, person: MumbleClient) -> None:
        """Lets a person's client and the server exchange encrypted packets by UDP.

        Voice then comes to the person by UDP. Fails when no packet comes back.

        Example:
        | Open Voice By UDP    ${anna}
        """
        person.open_udp(mumble_address("udp"))

    @project_keyword()
    def speak(self, person: MumbleClient, sound: bytes, way: Literal["tunnel", "udp"]) -> None:
        """Sends a packet of Opus to all in the person's channel, in the connection or by UDP.

        Fails when the way is not open.

        Example:
        | ${word}=    Random File    word.opus    size=60
        | Speak    ${anna}    ${word.content}    tunnel
        """
        person.speak(sound, way)

    @project_keyword("assertion")
    def should_have_heard(
        self,
        person: MumbleClient,
        name: str,
        way: Literal["tunnel", "udp"],
        *sounds: bytes,
    ) -> None:
        """Fails unless exactly these packets of somebody have come to a person, byte for byte.

        ``way`` is how they must have come.

        Example:
        | Should Have Heard    ${bert}    anna    tunnel    ${word.content}
        """

        def good() -> bool:
            heard = [(person.speaker(one.session), one.way, one.opus) for one in person.sounds]
            return heard == [(name, way, one) for one in sounds]

        def seen() -> str:
            return str(
                [
                    f"{len(one.opus)} bytes of {person.speaker(one.session)} by {one.way}"
                    for one in person.sounds
                ]
            )

        person.wait(f"{len(sounds)} packets of {name} by {way}", good, seen)
