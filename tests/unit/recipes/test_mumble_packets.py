"""Mumble's messages, voice packets and encryption, as other programs make them."""

import pytest
from mumble_crypt import Crypt, NotGenuine, _ocb
from mumble_messages import HEADER_BYTES, header_of, make, packed, read
from mumble_voice import Sound, _decoded, encoded, heard, is_ping, ping_packet, sound_packet

KEY = bytes(range(16))


@pytest.mark.parametrize(
    ("plain", "cipher", "tag"),
    [
        ("", "", "bf3108130773ad5ec70ec69e7875a7b0"),
        ("0001020304050607", "c636b3a868f429bb", "a45f5fdea5c088d1d7c8be37cabc8c5c"),
    ],
)
def test_the_published_examples_of_ocb2(plain: str, cipher: str, tag: str) -> None:
    sealed = _ocb(KEY, KEY, bytes.fromhex(plain), encrypt=True)
    assert (sealed[0].hex(), sealed[1].hex()) == (cipher, tag)


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 32, 33, 500])
def test_what_is_sealed_is_opened_with_the_same_tag(size: int) -> None:
    one, other = Crypt(KEY, bytes(16), KEY), Crypt(KEY, KEY, bytes(16))
    plain = bytes(number % 251 for number in range(size))
    assert other.open(one.seal(plain)) == plain


def test_packets_may_be_lost_and_the_nonce_runs_over() -> None:
    one, other = Crypt(KEY, b"\xfd" * 16, KEY), Crypt(KEY, KEY, b"\xfd" * 16)
    packets = [one.seal(bytes([number % 256])) for number in range(300)]
    for number in (0, 1, 3, 100, 299):
        assert other.open(packets[number]) == bytes([number % 256]), number


def test_a_changed_packet_is_not_genuine() -> None:
    one, other = Crypt(KEY, bytes(16), KEY), Crypt(KEY, KEY, bytes(16))
    packet = bytearray(one.seal(b"a word"))
    packet[-1] ^= 1
    with pytest.raises(NotGenuine):
        other.open(bytes(packet))
    with pytest.raises(NotGenuine):
        other.open(b"abc")


@pytest.mark.parametrize("number", [0, 127, 128, 16383, 16384, 2**21, 2**28, 2**32 - 1, 2**40])
def test_numbers_of_voice_packets(number: int) -> None:
    assert _decoded(encoded(number) + b"rest") == (number, b"rest")


def test_sound_comes_with_who_speaks() -> None:
    sent = sound_packet(7, b"opus")
    # The server puts the number of the speaker behind the first byte.
    relayed = sent[:1] + encoded(300) + sent[1:]
    assert heard(relayed, "udp") == Sound(300, b"opus", "udp")
    assert is_ping(ping_packet(1)) and heard(ping_packet(1), "udp") is None


def test_a_message_is_read_as_it_was_made() -> None:
    data = packed(make("ChannelState", name="Kitchen", links_add=[3, 4], temporary=True))
    kind, length = header_of(data[:HEADER_BYTES])
    assert (kind, length) == (7, len(data) - HEADER_BYTES)
    message = read(kind, data[HEADER_BYTES:])
    assert (message.name, list(message.links_add), message.temporary) == ("Kitchen", [3, 4], True)
    assert read(99, b"") is None
