"""Verifies and decrypts an Ordain ledger in SQLite, as docs/ledger-format.md describes it; imports nothing of Ordain.
python stranger.py LEDGER.db PUBLIC_KEY [MASTER_KEY_FILE] [--receipt FILE ...] [--bundle FILE ...]"""

import base64
import hashlib
import hmac
import json
import sqlite3
import sys
import zlib
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def sha(data):
    return hashlib.sha256(data).digest()


def digest(data):
    return "sha256:" + sha(data).hex()


def require(holds, what):
    if not holds:
        sys.exit(f"does not hold: {what}")


def root(hashes):  # RFC 6962 section 2.1, of the hashes of leaves
    if len(hashes) < 2:
        return hashes[0] if hashes else sha(b"")
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return sha(b"\x01" + root(hashes[:split]) + root(hashes[split:]))


def root_by_path(leaf, index, size, path):  # RFC 9162 section 2.1.3.2
    last = size - 1
    for sibling in path:
        if index & 1 or index == last:
            leaf = sha(b"\x01" + sibling + leaf)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            leaf = sha(b"\x01" + leaf + sibling)
        index, last = index >> 1, last >> 1
    return leaf if last == 0 else None


def public(key):
    name, key_id, encoded = key.split("+", 2)
    raw = base64.b64decode(encoded)
    require(raw[0] == 1 and sha(name.encode() + b"\n" + raw)[:4].hex() == key_id, "a public key")
    return Ed25519PublicKey.from_public_bytes(raw[1:])


def signed(note, keys):  # the body of a signed note
    body, lines = note.split("\n\n", 1)
    for line in lines.splitlines():
        _, name, encoded = line.split(" ")
        data = base64.b64decode(encoded)
        for key in keys:
            if key.startswith(f"{name}+{data[:4].hex()}+"):
                public(key).verify(data[4:], body.encode() + b"\n")  # raises InvalidSignature
                return body
    sys.exit("does not hold: a note that none of the keys signed")


def checkpoint(note, keys):
    origin, size, encoded, *_ = signed(note, keys).split("\n")
    require(origin == keys[0].split("+")[0], "a checkpoint of another ledger")
    return int(size), base64.b64decode(encoded)


def opened(entry_key, envelope, sealed, plan):
    entry_id = UUID(envelope["id"]).bytes
    require(digest(sealed) == envelope["payload_hash"], "the sealed bytes of an entry")
    commitment = hmac.digest(entry_key, b"ordain key commitment 1\0" + entry_id, "sha256")
    require(commitment.hex() == envelope["key_commitment"], "the key of an entry")
    plain = AESGCM(entry_key).decrypt(sealed[:12], sealed[12:], entry_id)
    if envelope["v"] >= 3:
        require(digest(plan) == envelope["plan"], "the text of a plan")
        stream = zlib.decompressobj(-15, zdict=plan)
        plain = stream.decompress(plain)
        require(not stream.unused_data.strip(b"\0"), "the zeros behind a private part")
    return json.loads(plain)


def bundle(told, keys):
    head, note = told["proof"].split("\n\n", 1)
    _, extra, index, *path = head.split("\n")
    leaf = base64.b64decode(extra.removeprefix("extra "))
    (size, top), hashes = checkpoint(note, keys), [base64.b64decode(line) for line in path]
    reached = root_by_path(sha(b"\x00" + leaf), int(index.removeprefix("index ")), size, hashes)
    require(reached == top, "the path of a proof")
    envelope, part = json.loads(leaf), told["revealed"]
    key, sealed = base64.b64decode(part["entry_key"]), base64.b64decode(part["sealed"])
    return {"revealed": envelope["id"], "private": opened(key, envelope, sealed, part.get("plan", "").encode())}


def ledger(path, keys, master, receipts):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    rows = db.execute("SELECT leaf_index, id, envelope, key, sealed FROM entry ORDER BY leaf_index").fetchall()
    require([row[0] for row in rows] == list(range(len(rows))), "the places of the entries")
    hashes = [sha(b"\x00" + row[2]) for row in rows]
    for about in (said["about"] for said in (json.loads(row[2]) for row in rows) if said["kind"] == "key"):
        require(about["previous"] == keys[-1], "the key that signed before")
        message = f"ordain key rotation 1\n{keys[0].split('+')[0]}\n{about['key']}"
        public(keys[-1]).verify(base64.b64decode(about["signature"]), message.encode())
        keys.append(about["key"])
    for size, note in db.execute("SELECT size, note FROM checkpoint"):
        require(checkpoint(note, keys) == (size, root(hashes[:size])), f"the checkpoint of {size} entries")
    for index, tile in db.execute("SELECT tile_index, hashes FROM tile WHERE level = 0"):
        require(tile == b"".join(hashes[256 * index : 256 * index + 256]), f"the tile {index}")
    texts = dict(db.execute("SELECT digest, text FROM document"))
    require(all(digest(text) == name for name, text in texts.items()), "a kept text")
    wraps = {name: (tag, wrapped) for name, tag, wrapped in db.execute("SELECT key, tag, wrapped FROM subject_key")}
    count = {"entries": len(rows), "decrypted": 0, "erased": 0, "removed": 0, "receipts": len(receipts)}
    ledger_id, wrapped_index = db.execute("SELECT ledger, index_key FROM ledger_identity").fetchone()
    context = b"ordain data key 1\0" + UUID(ledger_id).bytes
    index_key = AESGCM(master).decrypt(wrapped_index[:12], wrapped_index[12:], context + bytes(16)) if master else b""
    for _, entry_id, leaf, name, sealed in rows:
        envelope = json.loads(leaf)
        require(UUID(envelope["id"]).bytes == entry_id, "the id of an entry")
        require(sealed is None or digest(sealed) == envelope["payload_hash"], "the sealed bytes of an entry")
        if sealed is None or name is None:
            count["removed" if sealed is None else "erased"] += 1
        elif master:
            tag, wrapped = wraps[name]
            data_key = AESGCM(master).decrypt(wrapped[:12], wrapped[12:], context + name + tag)
            entry_key = hmac.digest(data_key, b"ordain payload key 1\0" + entry_id, "sha256")
            private = opened(entry_key, envelope, sealed, texts.get(envelope.get("plan")))
            if envelope["kind"] == "decision":
                require(hmac.digest(index_key, private["subject"].encode(), "sha256") == tag, "the tag of a subject")
            count["decrypted"] += 1
    for note in receipts:
        said = [line.rpartition(" ")[2] for line in signed(note, keys).splitlines()]
        kept = [hashed for row, hashed in zip(rows, hashes, strict=True) if row[1] == UUID(said[2]).bytes]
        require(kept == [base64.b64decode(said[3])], f"the receipt of the entry {said[2]}")
    return count


if __name__ == "__main__":
    path, key, *more = sys.argv[1:]
    named = {flag: [more[at + 1] for at, word in enumerate(more) if word == flag] for flag in ("--receipt", "--bundle")}
    master = base64.b64decode(Path(more[0]).read_text()) if more and not more[0].startswith("--") else None
    print(json.dumps(ledger(path, keys := [key], master, [Path(file).read_text() for file in named["--receipt"]])))
    for file in named["--bundle"]:
        print(json.dumps(bundle(json.loads(Path(file).read_text()), keys)))
