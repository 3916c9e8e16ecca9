"""A second, small writer of ledgers, made from the description of the format alone, to test the verifier with.

It shares no code with the writer or the verifier: what it makes must hold, and whoever has its secrets can forge.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import json
import os
import random
import sqlite3
import zlib
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from notes_by_hand import Tree, digest, note, sha, vkey

Json = dict[str, Any]

KEYS = "key BLOB NOT NULL, tag BLOB NOT NULL, wrapped BLOB NOT NULL, hold VARCHAR, erase_not_before VARCHAR"
INSIDE = f"""
CREATE TABLE entry (leaf_index INTEGER NOT NULL, id BLOB NOT NULL, envelope BLOB NOT NULL, key BLOB, sealed BLOB,
  PRIMARY KEY (leaf_index), UNIQUE (id));
CREATE INDEX entry_of_key ON entry (leaf_index >> 10, key) WHERE key IS NOT NULL;
CREATE TABLE subject_key ({KEYS}, PRIMARY KEY (key), UNIQUE (tag)) WITHOUT ROWID;
"""
"""SQLite: payloads in the rows of entries."""
APART = f"""
CREATE TABLE entry (leaf_index INTEGER NOT NULL, id BLOB NOT NULL, envelope BLOB NOT NULL,
  PRIMARY KEY (leaf_index), UNIQUE (id));
CREATE TABLE payload (id BLOB NOT NULL, key BLOB, sealed BLOB NOT NULL, PRIMARY KEY (id));
CREATE TABLE subject_key ({KEYS}, PRIMARY KEY (key), UNIQUE (tag));
CREATE TABLE subject_index (key BLOB NOT NULL, id BLOB NOT NULL, PRIMARY KEY (key, id),
  FOREIGN KEY(key) REFERENCES subject_key (key)){{rowid}};
"""
"""PostgreSQL, and SQLite before revision 0003."""
SCHEMA = """
CREATE TABLE document (digest VARCHAR NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL, version INTEGER NOT NULL,
  text BLOB NOT NULL, PRIMARY KEY (digest, kind, name, version));
CREATE UNIQUE INDEX one_text_per_policy_version ON document (name, version) WHERE kind = 'policy';
CREATE TABLE tile (level INTEGER NOT NULL, tile_index BIGINT NOT NULL, hashes BLOB NOT NULL,
  PRIMARY KEY (level, tile_index));
CREATE TABLE checkpoint (size INTEGER NOT NULL, note VARCHAR NOT NULL, PRIMARY KEY (size));
CREATE TABLE ledger_identity (ledger VARCHAR NOT NULL, origin VARCHAR NOT NULL, key VARCHAR NOT NULL,
  index_key BLOB NOT NULL, PRIMARY KEY (ledger));
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,
  CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
"""
ON_POSTGRESQL = """
CREATE TABLE inbox (id BLOB PRIMARY KEY, envelope BLOB NOT NULL);
CREATE TABLE sequencer (one INTEGER PRIMARY KEY, term BIGINT NOT NULL, size BIGINT NOT NULL);
CREATE TABLE payload_default PARTITION OF payload DEFAULT;
"""
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@dataclass
class Forge:
    """A ledger in memory, with all its secrets. Ids and times follow one another by the second."""

    number: int = 1
    entries: list[tuple[bytes, bytes]] = field(default_factory=list)
    payloads: dict[bytes, tuple[bytes | None, bytes]] = field(default_factory=dict)
    keys: dict[bytes, list[Any]] = field(default_factory=dict)
    index: set[tuple[bytes, bytes]] = field(default_factory=set)
    documents: dict[tuple[str, str, str, int], bytes] = field(default_factory=dict)
    notes: list[tuple[int, str]] = field(default_factory=list)
    inbox: list[tuple[bytes, bytes]] = field(default_factory=list)
    places: list[Path] = field(default_factory=list)
    nested: bool = False
    restricted: dict[bytes, str] = field(default_factory=dict)
    """By key: the last entry of a hold or a restriction."""

    def __post_init__(self) -> None:
        self.random = random.Random(self.number)  # noqa: S311 - to be the same each time
        self.ledger = UUID(int=self.random.getrandbits(128), version=4)
        self.origin = f"ordain.ledger/{self.ledger}"
        self.master, self.index_key = self.random.randbytes(32), self.random.randbytes(32)
        self.signers = [(0, Ed25519PrivateKey.from_private_bytes(self.random.randbytes(32)))]
        self.secrets: dict[bytes, bytes] = {}
        self.of_subject: dict[str | None, bytes] = {}
        self.made = 0
        self.append("ledger", about={"origin": self.origin, "key": vkey(self.origin, self.signers[0][1])})

    @property
    def key(self) -> str:
        return vkey(self.origin, self.signers[-1][1])

    @property
    def size(self) -> int:
        return len(self.entries)

    def tree(self) -> Tree:
        return Tree([envelope for _, envelope in self.entries])

    def append(
        self,
        kind: str,
        subject: str | None = None,
        *,
        about: Json | None = None,
        private: Json | None = None,
        policy: int = 0,
        waiting: bool = False,
        **fields: Any,
    ) -> bytes:
        """Adds an entry, its payload, key and index row, and the texts it refers to. Returns its id.

        Decisions are in both formats by turns: with their texts in the envelope, and with their plan.
        """
        time = START + dt.timedelta(seconds=self.made, microseconds=self.made % 1000)
        self.made += 1
        stamp = int(time.timestamp() * 1000).to_bytes(6, "big") + b"\x70\0\x80" + self.random.randbytes(7)
        entry_id = bytes(stamp)
        key = self.key_of(subject)
        secret = hmac.digest(self.secrets[key], b"ordain payload key 1\0" + entry_id, "sha256")
        plain = rfc8785.dumps(private or {})
        nonce = self.random.randbytes(12)
        texts = (
            [("policy", "retention-offer", policy, f"policy: retention-offer\nversion: {policy}\n")] if policy else []
        )
        if policy:
            texts += [("vocabulary", "", 0, "churn_risk: number\n"), ("services", "", 0, "retention: []\n")]
        for what, name, version, text in texts:
            self.documents[digest(text.encode()), what, name, version] = text.encode()
        named: Json = {
            "policies": [
                {"policy": name, "version": version, "digest": digest(text.encode())}
                for what, name, version, text in texts
                if what == "policy"
            ],
            "documents": {what: digest(text.encode()) for what, _, _, text in texts if what != "policy"},
        }
        planned = bool(policy) and self.made % 2 == 0
        if planned:
            plan = rfc8785.dumps(
                {**named, "service": "retention", "models": [], "record": {"facts": {"churn_risk": ""}}}
            )
            named = {"plan": digest(plan)}
            self.documents[digest(plan), "plan", "", 0] = plan
            stream = zlib.compressobj(6, zlib.DEFLATED, -15, zdict=plan)
            plain = stream.compress(plain) + stream.flush()
        untold = planned and self.made % 4 == 0  # of format 4: padded, and nothing is told of the decision
        if untold:
            plain = plain.ljust(-(-len(plain) // 256) * 256, b"\0")
        sealed = nonce + AESGCM(secret).encrypt(nonce, plain, entry_id)
        envelope = {
            "v": 4 if untold else 3 if planned else 2,
            **named,
            "ledger": str(self.ledger),
            "id": str(UUID(bytes=entry_id)),
            "time": time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "kind": kind,
            "tenant": "acme",
            "jurisdiction": None,
            "service": "retention" if kind == "decision" else None,
            "models": [],
            "engine": "ordain 0.1.0",
            "outcome_class": "decided" if kind == "decision" else None,
            "reason_codes": [f"retention-offer@{policy}/critical"] if policy else [],
            "payload_hash": digest(sealed),
            "key_commitment": hmac.digest(secret, b"ordain key commitment 1\0" + entry_id, "sha256").hex(),
            "about": about or {},
            **fields,
        }
        if untold:
            for name in ("jurisdiction", "models", "outcome_class", "reason_codes"):
                envelope.pop(name)
        (self.inbox if waiting else self.entries).append((entry_id, rfc8785.dumps(envelope)))
        self.payloads[entry_id] = (key, sealed)
        if subject is not None:
            self.index.add((key, entry_id))
        return entry_id

    def decide(self, subject: str, policy: int = 1, waiting: bool = False) -> bytes:
        private = {
            "subject": subject,
            "facts": {"churn_risk": {"value": "0.85"}, "name": {"value": f"Zoë {subject} 😀"}},
        }
        return self.append("decision", subject, private=private, policy=policy, waiting=waiting)

    def key_of(self, subject: str | None) -> bytes:
        if subject not in self.of_subject:
            key, secret, nonce = self.random.randbytes(16), self.random.randbytes(32), self.random.randbytes(12)
            tag = hmac.digest(self.index_key, b"\xff house" if subject is None else subject.encode(), "sha256")
            self.keys[key] = [tag, self.wrap(secret, key + tag, nonce), None, None]
            self.secrets[key] = secret
            self.of_subject[subject] = key
        return self.of_subject[subject]

    def wrap(self, secret: bytes, named: bytes, nonce: bytes) -> bytes:
        """`named`: the id of the key, and the tag of the subject if it is one's."""
        return nonce + AESGCM(self.master).encrypt(nonce, secret, b"ordain data key 1\0" + self.ledger.bytes + named)

    def erase(self, subject: str) -> None:
        key = self.of_subject.pop(subject)
        erased = [entry_id for named, entry_id in self.index if named == key]
        for entry_id in erased:
            self.payloads[entry_id] = (None, self.payloads[entry_id][1])
            self.index.remove((key, entry_id))
        del self.keys[key]
        about: Json = {"entries": len(erased), "keys": 1}
        if key in self.restricted:
            about["restrictions"] = [self.restricted.pop(key)]
        entry = str(UUID(bytes=self.append("erasure", about=about, private={"keys": [key.hex()]})))
        line = json.dumps({"key": key.hex(), "entry": entry, "time": "", "vouched": ""}) + "\n"
        for place in self.places:
            (place / "erased").mkdir(exist_ok=True)
            (place / "erased" / f"{key.hex()}-{entry}").write_text(line)

    def restrict(self, subject: str, hold: bool, not_before: str | None) -> None:
        key = self.key_of(subject)
        about = {"hold": hold, "erase_not_before": not_before, "after": self.restricted.get(key)}
        entry = self.append("restriction", subject, about=about)
        self.restricted[key] = str(UUID(bytes=entry))
        self.keys[key][2:] = [str(UUID(bytes=entry)) if hold else None, not_before]

    def retain(self, older_than: int) -> None:
        """Removes the payloads of the first entries, but for what is about nobody and what is held."""
        before = START + dt.timedelta(seconds=older_than)
        payloads = erased = 0
        house = self.of_subject[None]
        for entry_id, _ in self.entries[:older_than]:
            key = self.payloads.get(entry_id, (house, b""))[0]
            if entry_id not in self.payloads or key == house or (key is not None and self.keys[key][2]):
                continue
            del self.payloads[entry_id]
            payloads, erased = payloads + 1, erased + (key is None)
            if key is not None:
                self.index.remove((key, entry_id))
        used = {key for key, _ in self.index} | {house}
        self.of_subject = {subject: key for subject, key in self.of_subject.items() if key in used}
        self.keys = {key: row for key, row in self.keys.items() if key in used}
        about = {"before": before.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "payloads": payloads, "erased": erased}
        self.append("retention", about=about)

    def rotate(self) -> None:
        old, new = self.signers[-1][1], Ed25519PrivateKey.from_private_bytes(self.random.randbytes(32))
        key = vkey(self.origin, new)
        signature = old.sign(f"ordain key rotation 1\n{self.origin}\n{key}".encode())
        about = {"key": key, "previous": vkey(self.origin, old), "signature": base64.b64encode(signature).decode()}
        self.append("key", about=about)
        self.signers.append((self.size, new))

    def signer(self, size: int) -> Ed25519PrivateKey:
        """The key in force for a checkpoint of that size."""
        return next(key for since, key in reversed(self.signers) if since <= size)

    def checkpoint(self) -> str:
        root = self.tree().root(0, self.size)
        text = note(self.origin, self.size, root, "2026-11-21T02:10:00Z", self.signer(self.size))
        self.notes.append((self.size, text))
        for place in self.places:
            digits = f"{self.size:012}"
            folder = place.joinpath("checkpoints", digits[:3], digits[3:6], digits[6:9]) if self.nested else place
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{digits}-{root.hex()[:16]}.checkpoint").write_text(text)
        return text

    def anchor_at(self, *places: Path) -> None:
        for place in places:
            place.mkdir(parents=True)
            (place / "ledger").write_text(f"{self.origin}\n{self.key}\n")
        self.places += places

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """What each table holds."""
        wrapped = self.wrap(self.index_key, bytes(16), self.random.randbytes(12))
        signed = self.notes[-1][0] if self.notes else 0
        return {
            "entry": [(number, *entry) for number, entry in enumerate(self.entries)],
            "payload": [(entry_id, *row) for entry_id, row in self.payloads.items()],
            "subject_key": [(key, *row) for key, row in self.keys.items()],
            "subject_index": sorted(self.index),
            "document": [(*named, text) for named, text in self.documents.items()],
            "tile": self.tree().tiles(signed),
            "checkpoint": list(self.notes),
            "ledger_identity": [(str(self.ledger), self.origin, self.key, wrapped)],
            "alembic_version": [("0002",)],
        }

    def inside(self) -> dict[str, list[tuple[Any, ...]]]:
        """What each table holds where payloads stand in the rows of entries."""
        rows = self.rows()
        del rows["payload"], rows["subject_index"]
        rows["entry"] = [(*row, *self.payloads.get(row[1], (None, None))) for row in rows["entry"]]
        return {**rows, "alembic_version": [("0003",)]}

    def write(self, path: Path, apart: bool = False) -> Path:
        """As a SQLite file; `apart` as it was before revision 0003."""
        path.unlink(missing_ok=True)
        schema = (APART.format(rowid=" WITHOUT ROWID") if apart else INSIDE) + SCHEMA
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(schema + f"PRAGMA application_id = {0x4F524441};")
            for table, rows in (self.rows() if apart else self.inside()).items():
                for row in rows:
                    connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
            connection.commit()
        return path

    def write_postgresql(self, url: str) -> None:
        schema = (
            (APART.format(rowid="") + SCHEMA)
            .replace("BLOB", "BYTEA")
            .replace(
                "sealed BYTEA NOT NULL, PRIMARY KEY (id))",
                "sealed BYTEA NOT NULL, PRIMARY KEY (id)) PARTITION BY RANGE (id)",
            )
            .replace("leaf_index INTEGER", "leaf_index BIGINT")
            .replace("size INTEGER", "size BIGINT")
        )
        with psycopg.connect(url) as connection:
            connection.execute((schema + ON_POSTGRESQL.replace("BLOB", "BYTEA")).encode())
            rows = {**self.rows(), "inbox": self.inbox, "sequencer": [(1, 3, self.size)]}
            for table, some in rows.items():
                with connection.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copy:
                    for row in some:
                        copy.write_row(row)

    def proof(self, index: int) -> str:
        """A proof file under the newest checkpoint."""
        size, text = self.notes[-1]
        lines = [base64.b64encode(each).decode() for each in self.tree().path(index, 0, size)]
        extra = base64.b64encode(self.entries[index][1]).decode()
        return "\n".join(["c2sp.org/tlog-proof@v1", f"extra {extra}", f"index {index}", *lines, "", text])


def sample_ledger(entries: int, places: tuple[Path, ...] = (), number: int = 1, unsigned: int = 0) -> Forge:
    """A ledger with everything in it: erasures, a hold, removal by age, two keys, policies of two versions."""
    forge = Forge(number)
    forge.anchor_at(*places)
    subjects = [f"C-{at}" for at in range(min(max(entries // 8, 6), 200))]
    steps = {
        entries // 6: lambda: forge.erase("C-1"),
        entries // 5: lambda: forge.restrict("C-2", True, None),
        entries // 4: lambda: forge.restrict("C-3", False, "2027-03-01"),
        entries // 3: forge.rotate,
        entries // 2: lambda: forge.retain(entries // 10),
        entries * 2 // 3: lambda: (forge.decide("C-4"), forge.erase("C-4")),
        entries * 3 // 4: lambda: forge.append("read", about={"action": "show", "entries": 1}, private={"by": "ana"}),
    }
    gone: set[str] = set()
    while forge.size < entries:
        if forge.size in steps:
            steps[forge.size]()
            gone |= {"C-1", "C-4"} - forge.of_subject.keys()
        else:
            subject = forge.random.choice([each for each in subjects if each not in gone])
            if forge.size <= len(subjects):
                subject = subjects[forge.size - 1]  # everybody once
            forge.decide(subject, policy=2 if forge.size > entries * 9 // 10 else 1)
        if forge.size % max(entries // 12, 1) == 0:
            forge.checkpoint()
    if forge.notes[-1][0] != forge.size:
        forge.checkpoint()
    for _ in range(unsigned):
        forge.decide(subjects[5], policy=2)
    return forge


def leaf(forge: Forge, index: int) -> str:
    return sha(b"\0" + forge.entries[index][1]).hex()


def postgresql_url() -> str:
    """Of the server that tests may use."""
    return os.environ.get("ORDAIN_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
