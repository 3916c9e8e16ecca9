"""A private part under an envelope of format 4 ends in zeros, and a whole number of steps; nothing else may follow."""

from __future__ import annotations

import zlib

import pytest

from ordain.audit.entry.padding import padded
from ordain.audit.entry.plan_text import DoesNotUnpack, Packer, unpack
from ordain.audit.verifier.inflating import inflated

PLAN, TEXT = b'{"record":{"subject":""}}', b'{"subject":"C-9"}'
DEFLATED = Packer(PLAN).pack(TEXT)
PADDED = padded(DEFLATED, 512)


def test_what_is_packed_is_what_the_verifier_inflates() -> None:
    assert inflated(PADDED, PLAN, {"v": 4}) == unpack(PADDED, PLAN, padded=True) == TEXT
    assert inflated(DEFLATED, PLAN, {"v": 3}) == unpack(DEFLATED, PLAN) == TEXT


@pytest.mark.parametrize(
    ("plaintext", "version"),
    [
        (DEFLATED, 4),
        (PADDED, 3),
        (PADDED[:-1], 4),
        (PADDED[:-1] + b"\x01", 4),
        (padded(DEFLATED + b"more", 512), 4),
        (bytes(256), 4),
        (zlib.compress(TEXT), 3),
    ],
)
def test_what_is_followed_by_anything_else_is_refused(plaintext: bytes, version: int) -> None:
    assert inflated(plaintext, PLAN, {"v": version}) is None


def test_the_ledger_refuses_what_is_no_padding() -> None:
    for plaintext, is_padded in ((PADDED, False), (PADDED[:-1] + b"\x01", True)):
        with pytest.raises(DoesNotUnpack):
            unpack(plaintext, PLAN, padded=is_padded)
