"""Receipts, checkpoint and tiles over HTTP."""

from __future__ import annotations

import base64
import gzip
from uuid import UUID

import orjson
import pytest
from answers import ADVICE, QUOTE, body
from flask.testing import FlaskClient
from served import Server

from ordain.api.http.routes.log_tiles import written
from ordain.api.http.signed_receipts import is_wanted
from ordain.api.services import Services
from ordain.audit.tlog.merkle import leaf_hash
from ordain.audit.verifier.notes import read_key, read_note, signer
from ordain.audit.verifier.promises import verify_receipt

PREFER = {"Prefer": "signed-receipt"}


def key_of(server: Server) -> str:
    return str(server.ask("GET", "/v1/audit/checkpoint").json()["key"])


def note_in(headers: dict[str, str]) -> bytes:
    return base64.b64decode(headers["ordain-receipt"], validate=True)


def test_who_asks_for_a_signed_receipt_gets_it_beside_the_answer_and_nobody_else_does(server: Server) -> None:
    told = server.ask("POST", "/v1/decisions/plan-advice", body(ADVICE), PREFER)
    answer = told.json()
    promise = verify_receipt(note_in(told.headers), key_of(server))
    assert (promise.entry_id, promise.leaf_hash) == (answer["receipt"]["entry_id"], answer["receipt"]["leaf_hash"])
    assert told.headers["preference-applied"] == "signed-receipt"
    assert answer["receipt"].keys() == {"entry_id", "leaf_hash"}
    assert "ordain-receipt" not in server.ask("POST", "/v1/decisions/plan-advice", body(ADVICE)).headers


def test_a_decision_that_is_refused_and_one_that_comes_again_have_their_receipts_too(server: Server) -> None:
    denied = body({**QUOTE, "jurisdiction": "EU", "price_personalised": True})
    refused = server.ask("POST", "/v1/decisions/price-quote", denied, PREFER)
    if refused.status == 422 and "ComplianceViolation" in refused.body.decode():
        promise = verify_receipt(note_in(refused.headers), key_of(server))
        assert promise.entry_id in refused.body.decode()
    once = {**PREFER, "Idempotency-Key": "one-and-the-same"}
    first, again = (server.ask("POST", "/v1/decisions/plan-advice", body(ADVICE), once) for _ in range(2))
    assert again.headers["idempotency-replayed"] == "true"
    ids = {verify_receipt(note_in(each.headers), key_of(server)).entry_id for each in (first, again)}
    assert ids == {first.json()["decision_id"]}


def test_a_receipt_can_be_had_later(server: Server) -> None:
    decided = server.ask("POST", "/v1/decisions/plan-advice", body(ADVICE)).json()
    told = server.ask("GET", f"/v1/decisions/{decided['decision_id']}/receipt")
    assert (told.status, told.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert verify_receipt(told.body, key_of(server)).leaf_hash == decided["receipt"]["leaf_hash"]
    assert server.ask("GET", f"/v1/decisions/{UUID(int=7)}/receipt").status == 404
    assert server.ask("GET", "/v1/decisions/nothing/receipt").status == 404


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["signed-receipt"], True),
        (["respond-async, Signed-Receipt; now=1"], True),
        (["wait=10", "signed-receipt"], True),
        (["receipt"], False),
        ([""], False),
        ([], False),
    ],
)
def test_a_preference_is_read_as_the_standard_says(values: list[str], wanted: bool) -> None:
    assert is_wanted(values) is wanted


@pytest.fixture
def log(use: Services, client: FlaskClient) -> FlaskClient:
    """A log of 301 entries, signed."""
    for number in range(300):
        use.ledger.note("model", {"number": number}, {})
    use.ledger.settle()
    return client


def test_the_checkpoint_is_served_as_transparency_log_tools_ask_for_it(log: FlaskClient, use: Services) -> None:
    told = log.get("/checkpoint")
    assert (told.status_code, told.content_type) == (200, "text/plain; charset=utf-8")
    assert told.headers["Cache-Control"] == "no-cache"
    note = read_note(told.data)
    signer(note, [read_key(use.ledger.identity.key)])
    assert note.size == 301
    assert log.get("/checkpoint", headers={"If-None-Match": told.headers["ETag"]}).status_code == 304


def test_tiles_have_the_hashes_of_the_entries_in_the_bundles(log: FlaskClient) -> None:
    entries = []
    for path, width in (("000", 256), ("001.p/45", 45)):
        bundle, hashes = log.get(f"/tile/entries/{path}"), log.get(f"/tile/0/{path}")
        for told in (bundle, hashes):
            assert (told.status_code, told.content_type) == (200, "application/octet-stream")
            assert told.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        mine, data = [], bundle.data
        while data:
            length = int.from_bytes(data[:2], "big")
            mine.append(data[2 : 2 + length])
            data = data[2 + length :]
        assert len(mine) == width
        assert b"".join(map(leaf_hash, mine)) == hashes.data
        entries += mine
    assert [orjson.loads(entry)["kind"] for entry in entries[:2]] == ["ledger", "model"]
    assert not any(b"subject" in entry for entry in entries)
    assert len(log.get("/tile/1/000.p/1").data) == 32


def test_a_bundle_is_compressed_for_who_takes_that(log: FlaskClient) -> None:
    told = log.get("/tile/entries/000", headers={"Accept-Encoding": "gzip"})
    assert told.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(told.data) == log.get("/tile/entries/000").data
    assert "Content-Encoding" not in log.get("/tile/0/000", headers={"Accept-Encoding": "gzip"}).headers


@pytest.mark.parametrize(
    "path",
    [
        *("0/002", "0/001", "0/001.p/46", "entries/001.p/46", "1/000", "1/000.p/2", "2/000.p/1", "64/000", "00/000"),
        *("0/0", "0/000.p/0", "0/000.p/256", "0/000.p/01", "0/x000/000", "0/x001/000", "0/1000", "-1/000", "0/000/"),
        *("entries/", "entries", "data/000", "0/x999/x999/x999/x999/x999/999", "63/000.p/255", "0/000.p/", "0/٠٠٠"),
    ],
)
def test_there_is_nothing_where_no_tile_is(log: FlaskClient, path: str) -> None:
    assert log.get(f"/tile/{path}").status_code == 404


@pytest.mark.parametrize(("index", "text"), [(0, "000"), (7, "007"), (1_000, "x001/000"), (1_234_067, "x001/x234/067")])
def test_an_index_is_written_as_the_specification_writes_it(index: int, text: str) -> None:
    assert written(index) == text
