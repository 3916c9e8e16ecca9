"""What we give out is accepted by code that others wrote, and what is changed in it is not.

pymerkle, sigstore and tlog-scales come with the environment; OpenSSL, Go and the authority for timestamps are on some
machines only, and what needs them is skipped by name where they are not.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tlog_scales.signing as scales
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ledgers import DOCUMENTS, decision, make_ledger, now
from pymerkle import InmemoryTree, verify_consistency
from pymerkle.proof import InclusionProof as PymerkleInclusion
from pymerkle.proof import InvalidProof
from rfc3161_client import VerifierBuilder, decode_timestamp_response
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import SignedCheckpoint
from sigstore.errors import VerificationError
from standing import cosigner, policy, standing
from timestamp_authority import Authority, served
from tlog_scales.tlog import (
    Checkpoint,
    ConsistencyProof,
    ConsistencyProofInvalid,
    InclusionProof,
    InclusionProofInvalid,
)

from ordain.audit.anchors.places import COSIGNED, TIMESTAMP, Anchors, FileAnchors
from ordain.audit.anchors.timestamps import HttpTimestampAuthority, StampedAnchors
from ordain.audit.ledger.proving import consistency, proof_file
from ordain.audit.witness.client import Witnesses

OPENSSL = shutil.which("openssl")
GO = shutil.which("go")
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Given:
    """What outsiders get. `hashes` and `path` have 32 bytes each; `cosigned` has the lines of three witnesses."""

    key: str
    witnesses: list[str]
    entries: list[bytes]
    index: int
    path: list[bytes]
    old: str
    new: str
    cosigned: str
    hashes: list[bytes]
    receipt: str
    stamped: bytes
    token: bytes
    root_pem: bytes

    @property
    def root(self) -> bytes:
        return base64.b64decode(self.new.split("\n")[2])


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    """A ledger of 300 entries with checkpoints of 9 and 300, cosigned by three witnesses, stamped where OpenSSL is."""
    folder = tmp_path_factory.mktemp("outside")
    places: list[Anchors] = [FileAnchors(folder / "one"), FileAnchors(folder / "two")]
    use = make_ledger(f"sqlite:///{folder}/ledger.db", places)
    try:
        for number in range(8):
            use.ledger.append(decision(number), DOCUMENTS)
        use.settle()
        for number in range(290):
            use.note("model", {"number": number}, {})
        receipt = use.receipts.signed(use.ledger.append(decision(9), DOCUMENTS))
        key = use.identity.key
        token, pem, stamped = b"", b"", b""
        if OPENSSL is not None:
            authority = Authority(folder / "authority")
            with served(authority.reply) as url:
                stamps = StampedAnchors(folder / "one", HttpTimestampAuthority(url, 5.0, [authority.root]))
                use.checkpointer._places = (stamps, places[1])
                use.settle()
            newest = places[0].newest(TIMESTAMP)
            assert newest is not None
            token, pem, stamped = places[0].beside(newest, TIMESTAMP) or b"", authority.root, newest.note.encode()
        use.settle()
        witnesses = [cosigner(folder, number, key, now=lambda: now().timestamp()) for number in (1, 2, 3)]
        grown = consistency(use.store, 9, 300)
        with standing(*witnesses) as urls:
            cosigned = Witnesses(policy(key, witnesses, urls, 2)).cosign(grown.new_note, lambda old, new: grown.hashes)
        for each in witnesses:
            each._heads.close()
        entries = [entry.envelope for entry in use.reader.entries()]
        index = 299
        head = proof_file(use.store, use.reader, next(use.reader.entries(index)).id).split("\n\n")[0]
        yield Given(
            key=key,
            witnesses=[each.key.text for each in witnesses],
            entries=entries,
            index=index,
            path=[base64.b64decode(line) for line in head.split("\n")[3:]],
            old=grown.old_note,
            new=grown.new_note,
            cosigned=cosigned,
            hashes=list(grown.hashes),
            receipt=receipt,
            stamped=stamped,
            token=token,
            root_pem=pem,
        )
    finally:
        use.close()


class Extended(Checkpoint):
    """tlog-scales' checkpoint with the line of the time below the root, which the specification allows."""

    def serialize_body(self) -> str:
        return f"{super().serialize_body()}{self.line}"

    @classmethod
    def of(cls, note: str) -> Extended:
        origin, size, root, time, blank, *lines = note.splitlines()
        assert blank == ""
        signatures = [scales.NoteSignature.from_line(line) for line in lines]
        made = cls(origin, int(size), base64.b64decode(root), signatures)
        object.__setattr__(made, "line", f"{time}\n")
        return made


# --- tlog-scales ------------------------------------------------------------------------------------------------


def test_tlog_scales_accepts_checkpoints_cosignatures_and_both_kinds_of_proof(given: Given) -> None:
    made = Extended.of(given.cosigned)
    keys = scales.VkeySet(*(scales.Vkey.from_string(each) for each in (given.key, *given.witnesses)))
    assert {vkey.serialize() for vkey, _ in keys.verify(made.signatures, made)} == {given.key, *given.witnesses}
    leaf = scales.sha256(b"\0" + given.entries[given.index])
    InclusionProof(given.index, made.size, given.path).check(leaf, made.root_hash)
    old = Extended.of(given.old)
    ConsistencyProof(old.size, made.size, given.hashes).check(old.root_hash, made.root_hash)


def test_tlog_scales_refuses_what_was_changed(given: Given) -> None:
    made, old = Extended.of(given.cosigned), Extended.of(given.old)
    with pytest.raises(InclusionProofInvalid):
        InclusionProof(given.index, made.size, given.path).check(bytes(32), made.root_hash)
    with pytest.raises(ConsistencyProofInvalid):
        ConsistencyProof(old.size, made.size, given.hashes[::-1]).check(old.root_hash, made.root_hash)
    later = Extended.of(given.cosigned.replace("time 2", "time 3"))
    keys = scales.VkeySet(*(scales.Vkey.from_string(each) for each in (given.key, *given.witnesses)))
    assert keys.verify(later.signatures, later) == set()


# --- pymerkle ---------------------------------------------------------------------------------------------------


def test_pymerkle_grows_the_same_tree_and_accepts_our_proofs_in_its_form(given: Given) -> None:
    tree: Any = InmemoryTree(algorithm="sha256")
    for entry in given.entries:
        tree.append_entry(entry)
    assert tree.get_root(300) == given.root
    assert tree.get_root(9) == base64.b64decode(given.old.split("\n")[2])
    theirs = tree.prove_inclusion(given.index + 1, 300)
    leaf = tree.get_leaf(given.index + 1)
    ours = PymerkleInclusion("sha256", True, 300, given.index + 1, theirs.rule, [leaf, *given.path])
    assert ours.path == theirs.path
    ours.verify(leaf, given.root, index=300, size=300)
    between = tree.prove_consistency(9, 300)
    assert set(given.hashes) <= set(between.path) | {given.root}
    verify_consistency(tree.get_root(9), given.root, between, 9, 300)
    ours.path[1] = bytes(32)
    with pytest.raises(InvalidProof):
        ours.verify(leaf, given.root, index=300, size=300)


# --- sigstore ---------------------------------------------------------------------------------------------------


class Keyring:
    """sigstore looks keys up by the first bytes of their ids."""

    def __init__(self, key: str) -> None:
        name, self.key_id, encoded = key.split("+", 2)
        assert name.startswith("ordain.ledger/")
        self.public = Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded)[1:])

    def verify(self, *, key_id: bytes, signature: bytes, data: bytes) -> None:
        assert key_id[:4].hex() == self.key_id
        try:
            self.public.verify(signature, data)
        except Exception as error:
            raise VerificationError("it does not fit") from error


def entry_of(given: Given, path: list[bytes]) -> Any:
    proof = SimpleNamespace(log_index=given.index, tree_size=300, hashes=path, root_hash=given.root)
    return SimpleNamespace(_inner=SimpleNamespace(inclusion_proof=proof, canonicalized_body=given.entries[given.index]))


def test_sigstore_accepts_a_checkpoint_and_a_path_to_its_root(given: Given) -> None:
    read = SignedCheckpoint.from_text(given.cosigned)
    assert (read.checkpoint.log_size, read.checkpoint.log_hash) == (300, given.root.hex())
    ring: Any = Keyring(given.key)
    read.signed_note.verify(ring, bytes.fromhex(ring.key_id))
    verify_merkle_inclusion(entry_of(given, given.path))


def test_sigstore_refuses_what_was_changed(given: Given) -> None:
    with pytest.raises(VerificationError):
        verify_merkle_inclusion(entry_of(given, [bytes(32), *given.path[1:]]))
    with pytest.raises(VerificationError):
        verify_merkle_inclusion(entry_of(given, given.path[:-1]))
    ring: Any = Keyring(given.key)
    with pytest.raises(VerificationError):
        SignedCheckpoint.from_text(given.new.replace("\n300\n", "\n301\n")).signed_note.verify(
            ring, bytes.fromhex(ring.key_id)
        )


# --- OpenSSL, rfc3161-client ------------------------------------------------------------------------------------

needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="OpenSSL is not on this machine")


def openssl(*arguments: str) -> int:
    return subprocess.run(["openssl", *arguments], capture_output=True, check=False).returncode


def accepts(folder: Path, key: str, message: bytes, signature: bytes) -> bool:
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.split("+", 2)[2])[1:])
    (folder / "key").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (folder / "message").write_bytes(message)
    (folder / "signature").write_bytes(signature)
    names = (str(folder / name) for name in ("key", "message", "signature"))
    options = zip(("-inkey", "-in", "-sigfile"), names, strict=True)
    return openssl("pkeyutl", "-verify", "-pubin", "-rawin", *(word for pair in options for word in pair)) == 0


@needs_openssl
def test_openssl_accepts_the_signatures_of_checkpoints_receipts_and_witnesses(given: Given, tmp_path: Path) -> None:
    for note in (given.old, given.new, given.receipt):
        body, line = note.split("\n\n")
        signature = base64.b64decode(line.split(" ")[2])[4:]
        assert accepts(tmp_path, given.key, f"{body}\n".encode(), signature)
        assert not accepts(tmp_path, given.key, f"{body} \n".encode(), signature)
    body, lines = given.cosigned.split("\n\n")
    for key, line in zip(given.witnesses, lines.splitlines()[1:], strict=True):
        data = base64.b64decode(line.split(" ")[2])[4:]
        message = f"cosignature/v1\ntime {int.from_bytes(data[:8], 'big')}\n{body}\n".encode()
        assert accepts(tmp_path, key, message, data[8:])


@needs_openssl
def test_openssl_and_rfc3161_client_accept_the_timestamp_of_the_checkpoint(given: Given, tmp_path: Path) -> None:
    for name, data in (("token", given.token), ("of", given.stamped), ("root", given.root_pem)):
        (tmp_path / name).write_bytes(data)
    options = ("-in", str(tmp_path / "token"), "-data", str(tmp_path / "of"), "-CAfile", str(tmp_path / "root"))
    assert openssl("ts", "-verify", *options) == 0
    (tmp_path / "of").write_bytes(given.stamped + b"\n")
    assert openssl("ts", "-verify", *options) != 0
    from cryptography.x509 import load_pem_x509_certificate

    verifier = VerifierBuilder().add_root_certificate(load_pem_x509_certificate(given.root_pem)).build()
    assert verifier.verify_message(decode_timestamp_response(given.token), given.stamped)


# --- Go ---------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(GO is None, reason="Go is not on this machine")
def test_gos_own_checksum_database_code_accepts_checkpoint_and_proofs(given: Given, tmp_path: Path) -> None:
    """`golang.org/x/mod/sumdb` as the Go toolchain carries it, so nothing is fetched."""
    root = subprocess.run(["go", "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip()
    shutil.copytree(Path(root) / "src/cmd/vendor/golang.org/x/mod/sumdb", tmp_path / "mod/sumdb")
    (tmp_path / "mod/go.mod").write_text("module golang.org/x/mod\n\ngo 1.22\n")
    (tmp_path / "go.mod").write_text(
        "module outside\n\ngo 1.22\n\nrequire golang.org/x/mod v0.0.0\n\nreplace golang.org/x/mod => ./mod\n"
    )
    shutil.copy(HERE / "outside.go.txt", tmp_path / "main.go")
    told = {
        "key": given.key,
        "old": given.old,
        "new": given.cosigned,
        "index": given.index,
        "entry": base64.b64encode(given.entries[given.index]).decode(),
        "path": [base64.b64encode(each).decode() for each in given.path],
        "hashes": [base64.b64encode(each).decode() for each in given.hashes],
    }
    for changed, holds in (({}, True), ({"index": 298}, False), ({"hashes": told["hashes"][::-1]}, False)):
        (tmp_path / "given.json").write_text(json.dumps({**told, **changed}))
        done = subprocess.run(
            ["go", "run", "."], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
        )
        assert (done.returncode == 0) is holds, done.stderr


def test_the_witnesses_lines_are_kept_beside_their_anchor(tmp_path: Path) -> None:
    """What a place keeps is what tools of others read: the same note, byte for byte."""
    place = FileAnchors(tmp_path / "place")
    key = scales.PlainEd25519Signer("ordain.ledger/x", bytes(32))
    note = Checkpoint.make_signed("ordain.ledger/x", 3, bytes(32), [key]).serialize()
    place.pin("ordain.ledger/x", key.vkey.serialize())
    place.keep(3, bytes(32), note)
    newest = place.newest()
    assert newest is not None
    place.keep_beside(newest, COSIGNED, note.encode())
    assert place.beside(newest, COSIGNED) == note.encode()
