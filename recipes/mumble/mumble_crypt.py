"""How Mumble encrypts voice packets over UDP: OCB2 with AES-128.

Each packet begins with the lowest byte of its nonce, and three bytes of its tag. Both sides count
their nonces up. https://web.cs.ucdavis.edu/~rogaway/ocb/ has the algorithm (OCB 2.0). It has known
weaknesses; it is here because Mumble's servers speak nothing else.
"""

from dataclasses import dataclass
from typing import Literal

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 16
_TAG = 3
_HEADER = 1 + _TAG


class NotGenuine(ValueError):
    """A packet was not made with this key and the nonces expected."""


@dataclass
class Crypt:
    """The state of one client's encryption.

    Attributes:
        key: shared with the server.
        sending: the nonce of the last packet sent.
        receiving: the nonce of the last packet received.

    Example:
        >>> a, b = Crypt(bytes(16), bytes(16), bytes(16)), Crypt(bytes(16), bytes(16), bytes(16))
        >>> b.open(a.seal(b"voice"))
        b'voice'
    """

    key: bytes
    sending: bytes
    receiving: bytes

    def seal(self, plain: bytes) -> bytes:
        """Return a packet with this content, encrypted."""
        self.sending = _number(int.from_bytes(self.sending, "little") + 1, "little")
        content, tag = _ocb(self.key, self.sending, plain, encrypt=True)
        return self.sending[:1] + tag[:_TAG] + content

    def open(self, packet: bytes) -> bytes:
        """Return the content of a packet; packets between this and the last one may be lost.

        Raises:
            NotGenuine: the tag is another, or the packet too short.
        """
        if len(packet) < _HEADER:
            raise NotGenuine("The packet is too short.")
        last = int.from_bytes(self.receiving, "little")
        nonce = _number(last + ((packet[0] - last) % 256 or 256), "little")
        plain, tag = _ocb(self.key, nonce, packet[_HEADER:], encrypt=False)
        if tag[:_TAG] != packet[1:_HEADER]:
            raise NotGenuine("The packet's tag does not fit its content.")
        self.receiving = nonce
        return plain


def _ocb(key: bytes, nonce: bytes, text: bytes, encrypt: bool) -> tuple[bytes, bytes]:
    """Return the other form of a text, and the tag."""
    # One block at a time, by the cipher alone: OCB2 is built from that.
    cipher = Cipher(algorithms.AES(key), modes.ECB())
    forth, back = cipher.encryptor(), cipher.decryptor()
    delta, checksum, done = int.from_bytes(forth.update(nonce)), 0, b""
    whole = max(len(text) - 1, 0) // _BLOCK * _BLOCK
    for start in range(0, whole, _BLOCK):
        delta = _doubled(delta)
        block = int.from_bytes(text[start : start + _BLOCK])
        turned = forth if encrypt else back
        other = int.from_bytes(turned.update(_number(block ^ delta))) ^ delta
        checksum ^= block if encrypt else other
        done += _number(other)
    rest = text[whole:]
    delta = _doubled(delta)
    pad = forth.update(_number(delta ^ (len(rest) * 8)))
    other_rest = bytes(a ^ b for a, b in zip(rest, pad, strict=False))
    plain_rest = rest if encrypt else other_rest
    checksum ^= int.from_bytes(plain_rest + pad[len(rest) :])
    tag = forth.update(_number(delta ^ _doubled(delta) ^ checksum))
    return done + other_rest, tag


def _doubled(block: int) -> int:
    """Return the product with 2 in the field of 128 bits."""
    return (block << 1) & (2**128 - 1) ^ (0x87 if block >> 127 else 0)


def _number(value: int, order: Literal["big", "little"] = "big") -> bytes:
    return (value % 2**128).to_bytes(_BLOCK, order)
