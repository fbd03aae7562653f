"""An export of a repository of the AT Protocol: reads it, and checks all that can be checked of it.

An export is a CAR file: blocks, each behind its identifier (CID), which is a hash of the block. The
first one is the commit, signed with the account's key. It names the root of a tree (MST), whose
nodes name the records. So whoever trusts the key can trust each record.
Sources: https://atproto.com/specs/repository and https://ipld.io/specs/transport/car/carv1/.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import libipld
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

# The beginning of an identifier: version 1, and SHA-256 with 32 bytes after the kind of content.
_DAG_CBOR, _RAW = b"\x01\x71\x12\x20", b"\x01\x55\x12\x20"
_CID_BYTES = 36
# The beginning of a key tells its curve; the order of the curve bounds a signature.
_CURVES: dict[bytes, tuple[ec.EllipticCurve, int]] = {
    b"\xe7\x01": (
        ec.SECP256K1(),
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    ),
    b"\x80\x24": (
        ec.SECP256R1(),
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    ),
}
_OLDER = {
    "EcdsaSecp256k1VerificationKey2019": b"\xe7\x01",
    "EcdsaSecp256r1VerificationKey2019": b"\x80\x24",
}
_KEY_NAME = "#atproto"


class WrongExport(Exception):
    """An export that does not hold what it says; the message says where."""


@dataclass(frozen=True)
class RepositoryExport:
    """A repository, as a verified export has it.

    Attributes:
        did: whose it is.
        rev: the revision.
        commit: the identifier of the commit, and so of all that the repository has.
        records: path (`app.bsky.feed.post/3k...`) to the record's identifier.
    """

    did: str
    rev: str
    commit: str
    records: dict[str, str]


def read_export(content: bytes, did_document: Mapping[str, Any]) -> RepositoryExport:
    """Return the repository in an export, once everything about it is verified.

    Args:
        content: the CAR file.
        did_document: of the account, from the directory; it has the account's key.

    Raises:
        WrongExport: a block is not what its identifier says, is missing or is in no use; the tree
            is not in its one possible form; or the commit is another account's or not signed by it.
    """
    root, blocks = _blocks_of(content)
    commit = _decoded(blocks, root, "the commit")
    if commit.get("version") != 3 or commit.get("did") != did_document["id"]:
        raise WrongExport(
            f"The commit is of {commit.get('did')} in version {commit.get('version')}, not of "
            f"{did_document['id']} in version 3."
        )
    _check_signature(commit, did_document)
    tree = _Tree(blocks)
    found = list(tree.records(commit["data"]))
    records = dict(found)
    if [path for path, _ in found] != sorted(records):
        raise WrongExport("The records in the tree are not in the order of their paths.")
    unknown = blocks.keys() - {root} - tree.nodes - set(records.values())
    if unknown:
        raise WrongExport(
            f"{len(unknown)} blocks belong to nothing, such as {_text(min(unknown))}."
        )
    names = {path: _text(cid) for path, cid in records.items()}
    return RepositoryExport(commit["did"], commit["rev"], _text(root), names)


def identifier_of_file(content: bytes) -> str:
    """Return the identifier of a file's content.

    Example:
        >>> identifier_of_file(b"hello")
        'bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq'
    """
    return _text(_RAW + hashlib.sha256(content).digest())


class _Tree:
    """The tree of a repository; each key has its layer, which its hash tells."""

    def __init__(self, blocks: Mapping[bytes, bytes]) -> None:
        self._blocks = blocks
        self.nodes: set[bytes] = set()

    def records(self, node: bytes, layer: int | None = None) -> Iterator[tuple[str, bytes]]:
        """Yield path and identifier of each record below a node, from left to right."""
        self.nodes.add(node)
        content = _decoded(self._blocks, node, "a node of the tree")
        keys = list(_keys_of(content["e"]))
        # Only the root of an empty repository has nothing, and no root has but something below it.
        if not keys and bool(content["l"]) == (layer is None):
            raise WrongExport(f"The node {_text(node)} has no record.")
        here = _layer_of(keys[0]) if layer is None and keys else layer or 0
        if any(_layer_of(key) != here for key in keys):
            raise WrongExport(f"The node {_text(node)} is in another layer than its keys.")
        below = here - 1
        if content["l"]:
            yield from self.records(content["l"], below)
        for key, entry in zip(keys, content["e"], strict=True):
            _decoded(self._blocks, entry["v"], f"the record {key.decode()}")
            yield key.decode(), entry["v"]
            if entry["t"]:
                yield from self.records(entry["t"], below)


def _keys_of(entries: list[dict[str, Any]]) -> Iterator[bytes]:
    """Yield the keys of a node's entries: each lacks what it has in common with the one before."""
    before = b""
    for entry in entries:
        before = before[: entry["p"]] + entry["k"]
        yield before


def _layer_of(key: bytes) -> int:
    """Return how many pairs of zero bits the key's hash begins with."""
    number = int.from_bytes(hashlib.sha256(key).digest(), "big")
    return (256 - number.bit_length()) // 2


def _blocks_of(content: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """Return the root's identifier, and each block by its own; each is checked."""
    parts = _parts_of(content)
    header = libipld.decode_dag_cbor(next(parts, b""))
    if header.get("version") != 1 or len(header["roots"]) != 1:
        raise WrongExport(f"The header is not that of an export: {header}.")
    blocks = {}
    for part in parts:
        cid, block = part[:_CID_BYTES], part[_CID_BYTES:]
        if cid != _DAG_CBOR + hashlib.sha256(block).digest():
            raise WrongExport(f"A block is not what its identifier {cid.hex()} says.")
        blocks[cid] = block
    return header["roots"][0], blocks


def _parts_of(content: bytes) -> Iterator[bytes]:
    """Yield the parts of a CAR file; each has its length before it, in groups of seven bits."""
    at = 0
    while at < len(content):
        length = shift = 0
        while True:
            byte = content[at]
            length |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                break
        if at + length > len(content):
            raise WrongExport("The export is cut off.")
        yield content[at : at + length]
        at += length


def _decoded(blocks: Mapping[bytes, bytes], cid: bytes, what: str) -> dict[str, Any]:
    if cid not in blocks:
        raise WrongExport(f"The export lacks {what}, {_text(cid)}.")
    found: dict[str, Any] = libipld.decode_dag_cbor(blocks[cid])
    return found


def _check_signature(commit: Mapping[str, Any], did_document: Mapping[str, Any]) -> None:
    unsigned = libipld.encode_dag_cbor({key: commit[key] for key in commit if key != "sig"})
    key, order = _key_in(did_document)
    r, s = (int.from_bytes(half, "big") for half in (commit["sig"][:32], commit["sig"][32:]))
    # Of the two numbers that both fit, the protocol takes the lower one only.
    low = len(commit["sig"]) == 64 and s <= order // 2
    try:
        key.verify(encode_dss_signature(r, s), unsigned, ec.ECDSA(SHA256()))
    except InvalidSignature:
        low = False
    if not low:
        raise WrongExport("The commit is not signed with the key of the account.")


def _key_in(did_document: Mapping[str, Any]) -> tuple[ec.EllipticCurvePublicKey, int]:
    for method in did_document["verificationMethod"]:
        if method["id"].endswith(_KEY_NAME):
            _, key = libipld.decode_multibase(method["publicKeyMultibase"])
            # Older documents name the curve in the type, and have nothing before the key.
            kind = _OLDER.get(method["type"])
            curve, order = _CURVES[kind or key[:2]]
            point = key if kind else key[2:]
            return ec.EllipticCurvePublicKey.from_encoded_point(curve, point), order
    raise WrongExport(f"The document of {did_document['id']} has no key {_KEY_NAME}.")


def _text(cid: bytes) -> str:
    return str(libipld.encode_cid(cid))
