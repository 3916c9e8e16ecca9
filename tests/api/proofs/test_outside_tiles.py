"""A reader of tlog-tiles that others wrote (tlog-scales) follows our log, and finds its entries and proofs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from tlog_scales.reader import TilesReader
from tlog_scales.tiles import leaf_hash

from ordain.api.services import Services
from ordain.audit.ledger.proving import consistency
from ordain.audit.verifier.notes import read_note


class Backend:
    """Asks our routes."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def get(self, *path: str) -> bytes | None:
        told = self._client.get("/" + "/".join(path))
        return told.data if told.status_code == 200 else None


@pytest.fixture
def grow(use: Services) -> Callable[[int], None]:
    def grown(size: int) -> None:
        for number in range(use.ledger.reader.size(), size):
            use.ledger.note("model", {"number": number}, {})
        use.ledger.settle()

    return grown


def test_it_computes_our_root_from_our_tiles_whatever_the_size(
    client: FlaskClient, use: Services, grow: Callable[[int], None]
) -> None:
    for size in (1, 2, 255, 256, 257, 300, 513):
        grow(size)
        note = read_note(client.get("/checkpoint").data)
        reader = TilesReader(Backend(client))
        reader.set_size(note.size)
        assert (note.size, reader.calculate_root_hash()) == (size, note.root)


def test_it_finds_every_entry_with_its_proof_and_the_proof_that_the_log_only_grew(
    client: FlaskClient, use: Services, grow: Callable[[int], None]
) -> None:
    grow(9)
    old = read_note(client.get("/checkpoint").data)
    grow(300)
    new = read_note(client.get("/checkpoint").data)
    reader = TilesReader(Backend(client))
    reader.set_size(new.size)
    for index, entry in enumerate(use.ledger.reader.entries()):
        found = reader.get_entry(index)
        assert found == entry.envelope
        reader.get_inclusion_proof(index, new.size).check(leaf_hash(found), new.root)
    between = reader.get_consistency_proof(old.size, new.size)
    between.check(old.root, new.root)
    assert tuple(between.node_hashes) == consistency(use.ledger.store, 9, 300).hashes
