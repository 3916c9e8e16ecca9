"""Where the microseconds of a recorded decision go, part by part, and what cipher, hash and disk would take alone."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench import asks
from bench.tables import Result
from bench.timing import Spread
from ordain.api.ask import read_ask
from ordain.api.decide import make_decision
from ordain.api.services import Services, wire
from ordain.api.settings import Settings
from ordain.audit.entry.decision import DecisionEntry
from ordain.audit.entry.entry import payload_hash
from ordain.audit.entry.sealing import commitment_of, entry_key, seal
from ordain.engine.gather import gather

BODIES, ROUNDS, GROUP = 200, 25, 100
_SERVICES: dict[str, Callable[[int], list[bytes]]] = {
    "plan-advice": asks.plan_advices,
    "retention": asks.retentions,
    "price-quote": asks.price_quotes,
}


def run() -> Result:
    """Each part over the same requests, its processor time, in turns; the whole is measured as a whole."""
    rows: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory(prefix="ordain-bench-") as name:
        folder = Path(name)
        use = wire(_settings(folder))
        gc.freeze()
        try:
            for service, make in _SERVICES.items():
                parts, sizes = _parts(use, service, make(BODIES))
                for part, times in parts.items():
                    rows.setdefault(part, {})[service] = Spread.of(times)
                for what, size in sizes.items():
                    rows.setdefault(what, {})[service] = size
        finally:
            use.close()
        alone = _alone(folder)
    columns = {service: f"{service}" for service in _SERVICES}
    notes = (
        f"Microseconds of processor time for one, of {BODIES} different requests; median of {ROUNDS} rounds (first to "
        "third quartile). A part alone finds warmer caches than within the whole, so the parts are less than that.",
        f"Store: a group of {GROUP} in one commit to SQLite, without the wait for the disk.",
        "Alone, of 1,024 bytes: " + ", ".join(f"{what} {took:.1f} us" for what, took in alone.items()) + ".",
    )
    return Result("Where the microseconds go", columns, rows, notes)


def _settings(folder: Path) -> Settings:
    return Settings(database_url=f"sqlite:///{folder / 'ledger.db'}", models=folder / "models", keys=folder / "keys")


def _parts(use: Services, service: str, bodies: Sequence[bytes]) -> tuple[dict[str, list[float]], Mapping[str, int]]:
    asked = [read_ask(service, body) for body in bodies]
    decided = [make_decision(ask, use).entry for ask in asked]
    ledger, plan, at = use.ledger.ledger, decided[0].form.plan, decided[0].at
    for entry in decided:
        ledger.append(entry, entry.form.texts)  # so that their keys are known
    private = [entry.payload() for entry in decided]
    keys = [entry_key(b"k" * 32, entry.id.bytes) for entry in decided]
    sealed = [
        (seal(key, entry.id.bytes, part, b"x" * 700), commitment_of(key, entry.id.bytes))
        for entry, part, key in zip(decided, private, keys, strict=True)
    ]
    pairs = list(zip(decided, sealed, strict=True))

    def whole(body: bytes) -> None:
        entry = make_decision(read_ask(service, body), use).entry
        entry.answer_with(ledger.prepare(entry).receipt.leaf_hash)

    def again(entry: DecisionEntry) -> DecisionEntry:
        return DecisionEntry(
            *(entry.form, entry.id, entry.time, entry.at),
            *(entry.subject, entry.jurisdiction, entry.facts, entry.outcome),
        )

    ways: dict[str, tuple[Callable[[Any], object], Sequence[Any]]] = {
        "read the request": (lambda body: read_ask(service, body), bodies),
        "facts: types, ranges, sources": (
            lambda ask: gather(ask.facts, plan.needs, use.vocabulary, use.models),
            asked,
        ),
        "evaluate the policies": (lambda entry: plan.evaluate(entry.facts, at), decided),
        "answer, joined from pieces": (again, decided),
        "record: canonical, deflated": (lambda entry: entry.payload(), decided),
        "seal: three HMAC, AES-GCM": (
            lambda entry: seal(entry_key(b"k" * 32, entry.id.bytes), entry.id.bytes, b"x" * 512, b"x" * 700),
            decided,
        ),
        "envelope, with the payload's hash": (
            lambda pair: pair[0].envelope(ledger.stamp, payload_hash(pair[1][0]), pair[1][1].hex()),
            pairs,
        ),
        "all of it, up to the store": (whole, bodies),
    }
    times: dict[str, list[float]] = {part: [] for part in ways}
    times[f"store, {GROUP} a commit"] = []
    for _ in range(ROUNDS):
        for part, (way, items) in ways.items():
            times[part].append(_took(way, items))
        fresh = [make_decision(ask, use).entry for ask in asked[:GROUP]]
        prepared = [ledger.prepare(entry) for entry in fresh]
        start = thread_time()
        use.ledger.store.write(prepared, [], ())
        times[f"store, {GROUP} a commit"].append((thread_time() - start) / GROUP * 1e6)
    sample = ledger.prepare(decided[0])
    return times, {"bytes of envelope": len(sample.envelope), "bytes of sealed payload": len(sample.sealed)}


def _took(way: Callable[[Any], object], items: Sequence[Any]) -> float:
    start = thread_time()
    for item in items:
        way(item)
    return (thread_time() - start) / len(items) * 1e6


def _alone(folder: Path) -> dict[str, float]:
    data, key, nonce = os.urandom(1024), AESGCM(os.urandom(32)), os.urandom(12)
    many = [data] * 2_000
    took = {
        "SHA-256": _took(lambda part: sha256(part).digest(), many),
        "AES-256-GCM": _took(lambda part: key.encrypt(nonce, part, None), many),
    }
    return took | {"written with fsync": _fsync(folder)}


def _fsync(folder: Path) -> float:
    seconds: list[float] = []
    with (folder / "flushed").open("wb") as file:
        for _ in range(100):
            start = perf_counter()
            file.write(os.urandom(1024))
            file.flush()
            os.fsync(file.fileno())
            seconds.append(perf_counter() - start)
    return sorted(seconds)[50] * 1e6
