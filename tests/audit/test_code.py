"""A code over a message is HMAC-SHA256, byte for byte."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordain.audit.entry.code import Code


@given(key=st.binary(max_size=64), messages=st.lists(st.binary(max_size=300), max_size=4))
def test_it_is_what_the_library_gives(key: bytes, messages: list[bytes]) -> None:
    code = Code(key)
    assert [code(message) for message in messages] == [hmac.digest(key, message, "sha256") for message in messages]


def test_the_first_case_of_rfc_4231() -> None:
    assert Code(b"\x0b" * 20)(b"Hi There").hex() == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"


def test_a_key_longer_than_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match="65 bytes"):
        Code(bytes(65))
