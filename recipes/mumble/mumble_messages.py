"""The messages of Mumble's protocol that the tests need, for the package protobuf.

Each message on the connection has two bytes with its kind, four with its length, and its content as
Protocol Buffers. Fields that are not named here are passed over when a message is read.
https://mumble-protocol.readthedocs.io/ describes kinds and fields.
"""

import struct
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

TUNNEL = 1
_HEADER = struct.Struct("!HI")
HEADER_BYTES = _HEADER.size
_PACKAGE = "mumble_of_tests"

# The kind of each message, and its fields: name, type, number; a star behind the type: repeated.
_MESSAGES = {
    "Version": (0, "version_v1 uint32 1, release string 2, os string 3, version_v2 uint64 5"),
    "Authenticate": (2, "username string 1, password string 2, opus bool 5"),
    "Ping": (3, "timestamp uint64 1"),
    "Reject": (4, "type enum 1, reason string 2"),
    "ServerSync": (5, "session uint32 1, welcome_text string 3"),
    "ChannelRemove": (6, "channel_id uint32 1"),
    "ChannelState": (
        7,
        "channel_id uint32 1, parent uint32 2, name string 3, links uint32* 4, "
        "description string 5, links_add uint32* 6, links_remove uint32* 7, temporary bool 8",
    ),
    "UserRemove": (8, "session uint32 1, actor uint32 2, reason string 3"),
    "UserState": (
        9,
        "session uint32 1, actor uint32 2, name string 3, user_id uint32 4, channel_id uint32 5, "
        "mute bool 6, texture bytes 11, comment string 14, hash string 15",
    ),
    "BanList": (10, "bans BanEntry* 1, query bool 2"),
    "TextMessage": (11, "session uint32* 2, channel_id uint32* 3, message string 5"),
    "PermissionDenied": (12, "permission uint32 1, channel_id uint32 2, type enum 5"),
    "ACL": (13, "channel_id uint32 1, inherit_acls bool 2, acls ChanACL* 4, query bool 5"),
    "CryptSetup": (15, "key bytes 1, client_nonce bytes 2, server_nonce bytes 3"),
    "UserList": (18, "users RegisteredUser* 1"),
    "ServerConfig": (24, "max_users uint32 6"),
}  # fmt: skip
_PARTS = {
    "BanEntry": "address bytes 1, mask uint32 2, name string 3, hash string 4, reason string 5",
    "ChanACL": "apply_here bool 1, apply_subs bool 2, inherited bool 3, user_id uint32 4, "
    "group string 5, grant uint32 6, deny uint32 7",
    "RegisteredUser": "user_id uint32 1, name string 2",
}
_KINDS = {name: kind for name, (kind, _) in _MESSAGES.items()}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto2"
    )
    types = descriptor_pb2.FieldDescriptorProto
    for name, fields in {**_PARTS, **{n: f for n, (_, f) in _MESSAGES.items()}}.items():
        message = file.message_type.add(name=name)
        for field in fields.split(", "):
            called, kind, number = field.split()
            plain = kind.rstrip("*")
            label = types.LABEL_OPTIONAL if plain == kind else types.LABEL_REPEATED
            added = message.field.add(name=called, number=int(number), label=label)
            if plain in _PARTS:
                added.type, added.type_name = types.TYPE_MESSAGE, f".{_PACKAGE}.{plain}"
            else:
                # An enumeration is a number on the wire.
                added.type = types.Type.Value(f"TYPE_{plain.replace('enum', 'uint32').upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in (*_MESSAGES, *_PARTS)
    }


_CLASSES = _classes()


def make(kind: str, /, **fields: Any) -> Any:
    """Return a message, or a part of one, with these fields.

    Example:
        >>> make("TextMessage", session=[3], message="Hello").message
        'Hello'
    """
    return _CLASSES[kind](**fields)


def packed(message: Any) -> bytes:
    """Return a message as it goes over the connection."""
    content: bytes = message.SerializeToString()
    return _HEADER.pack(_KINDS[message.DESCRIPTOR.name], len(content)) + content


def packed_tunnel(packet: bytes) -> bytes:
    """Return a voice packet as it goes over the connection: it is no Protocol Buffers message."""
    return _HEADER.pack(TUNNEL, len(packet)) + packet


def header_of(start: bytes) -> tuple[int, int]:
    """Return kind and length of the message that begins so."""
    kind, length = _HEADER.unpack(start)
    return kind, length


def read(kind: int, content: bytes) -> Any:
    """Return the message with this content; None for a kind that the tests do not need."""
    if kind not in _NAMES:
        return None
    message = _CLASSES[_NAMES[kind]]()
    message.ParseFromString(content)
    return message
