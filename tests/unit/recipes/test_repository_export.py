"""An export of a repository: whatever is changed in it, it does not verify any more."""

import hashlib
from collections.abc import Callable
from typing import Any

import libipld
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from repository_export import WrongExport, identifier_of_file, read_export

DID = "did:plc:rosa"
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KEY = ec.generate_private_key(ec.SECP256K1())


def _layer(key: str) -> int:
    bits = f"{int(hashlib.sha256(key.encode()).hexdigest(), 16):0256b}"
    return (len(bits) - len(bits.lstrip("0"))) // 2


class Repository:
    """A small repository: `blocks` by identifier, and the commit to sign."""

    def __init__(self) -> None:
        self.blocks: dict[bytes, bytes] = {}
        self.key = KEY
        self.paths = [f"posts/{number:03}" for number in range(40)]
        self.records = {path: self.add({"text": path}) for path in self.paths}
        self.tree = self.node(self.paths, max(map(_layer, self.paths)))
        self.commit: dict[str, Any] = {
            "did": DID, "version": 3, "rev": "3kabc", "prev": None, "data": self.tree,
        }  # fmt: skip

    def add(self, content: Any) -> bytes:
        block = bytes(libipld.encode_dag_cbor(content))
        cid = b"\x01\x71\x12\x20" + hashlib.sha256(block).digest()
        self.blocks[cid] = block
        return cid

    def node(self, paths: list[str], layer: int) -> bytes | None:
        if not paths:
            return None
        here = [number for number, path in enumerate(paths) if _layer(path) == layer]
        ends = [*here, len(paths)][1:]
        entries, before = [], ""
        for at, end in zip(here, ends, strict=True):
            path = paths[at]
            common = len([1 for a, b in zip(before, path, strict=False) if a == b])
            while path[:common] != before[:common]:
                common -= 1
            below = self.node(paths[at + 1 : end], layer - 1)
            entries.append(
                {"p": common, "k": path[common:].encode(), "v": self.records[path], "t": below}
            )
            before = path
        left = self.node(paths[: here[0] if here else len(paths)], layer - 1)
        return self.add({"l": left, "e": entries})

    def export(self, sign: Callable[[int], int] = lambda s: min(s, ORDER - s)) -> bytes:
        signature = self.key.sign(libipld.encode_dag_cbor(self.commit), ec.ECDSA(SHA256()))
        r, s = decode_dss_signature(signature)
        sig = r.to_bytes(32, "big") + sign(s).to_bytes(32, "big")
        root = self.add({**self.commit, "sig": sig})
        header = libipld.encode_dag_cbor({"version": 1, "roots": [root]})
        parts = [header, *(cid + block for cid, block in self.blocks.items())]
        return b"".join(_length(len(part)) + part for part in parts)


def _length(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _length(rest) if rest else bytes([low])


def _document(key: ec.EllipticCurvePrivateKey = KEY) -> dict[str, Any]:
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return _with_method(f"{DID}#atproto", "Multikey", b"\xe7\x01" + point)


def _with_method(name: str, kind: str, content: bytes) -> dict[str, Any]:
    text = libipld.encode_multibase("z", content)
    return {
        "id": DID,
        "verificationMethod": [{"id": name, "type": kind, "publicKeyMultibase": text}],
    }


def test_a_sound_export_has_what_was_put_into_it() -> None:
    made = Repository()
    found = read_export(made.export(), _document())
    assert (found.did, found.rev, list(found.records)) == (DID, "3kabc", made.paths)
    assert found.records["posts/007"] == libipld.encode_cid(made.records["posts/007"])


def test_the_key_may_be_in_an_older_document() -> None:
    point = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    older = _with_method("#atproto", "EcdsaSecp256k1VerificationKey2019", point)
    assert len(read_export(Repository().export(), older).records) == 40


def test_the_identifier_of_a_file_is_known() -> None:
    assert identifier_of_file(b"hello").startswith("bafkreibm6jg3ux5qumhcn2b3flc3tyu6")


def _lose_a_record(made: Repository) -> None:
    del made.blocks[made.records["posts/007"]]


def _lose_a_node(made: Repository) -> None:
    del made.blocks[made.tree or b""]


def _change_a_record(made: Repository) -> None:
    made.blocks[made.records["posts/007"]] = libipld.encode_dag_cbor({"text": "other"})


def _keep_a_deleted_record(made: Repository) -> None:
    made.add({"text": "deleted"})


def _belong_to_another(made: Repository) -> None:
    made.commit["did"] = "did:plc:felix"


def _be_signed_by_another(made: Repository) -> None:
    made.key = ec.generate_private_key(ec.SECP256K1())


def _have_an_empty_root(made: Repository) -> None:
    made.commit["data"] = made.add({"l": made.tree, "e": []})


def _have_a_flat_tree(made: Repository) -> None:
    entries = [
        {"p": 0, "k": path.encode(), "v": cid, "t": None} for path, cid in made.records.items()
    ]
    made.commit["data"] = made.add({"l": None, "e": entries})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_lose_a_record, "lacks the record posts/007"),
        (_lose_a_node, "lacks a node of the tree"),
        (_change_a_record, "not what its identifier"),
        (_keep_a_deleted_record, "1 blocks belong to nothing"),
        (_belong_to_another, "did:plc:felix"),
        (_be_signed_by_another, "not signed with the key"),
        (_have_an_empty_root, "has no record"),
        (_have_a_flat_tree, "in another layer"),
    ],
)
def test_a_spoilt_export_does_not_verify(spoil: Callable[[Repository], None], said: str) -> None:
    made = Repository()
    spoil(made)
    with pytest.raises(WrongExport, match=said):
        read_export(made.export(), _document())


def test_the_higher_of_two_signatures_is_refused() -> None:
    content = Repository().export(sign=lambda s: max(s, ORDER - s))
    with pytest.raises(WrongExport, match="not signed with the key"):
        read_export(content, _document())


def test_an_export_that_is_cut_off_does_not_verify() -> None:
    with pytest.raises(WrongExport, match="cut off"):
        read_export(Repository().export()[:-1], _document())


def test_records_out_of_order_do_not_verify() -> None:
    made = Repository()
    highest = max(map(_layer, made.paths))
    top = [path for path in made.paths if _layer(path) == highest]
    twice = [*top, top[0]]
    made.blocks = {made.records[path]: made.blocks[made.records[path]] for path in top}
    entries = [{"p": 0, "k": path.encode(), "v": made.records[path], "t": None} for path in twice]
    made.commit["data"] = made.add({"l": None, "e": entries})
    with pytest.raises(WrongExport, match="not in the order"):
        read_export(made.export(), _document())
