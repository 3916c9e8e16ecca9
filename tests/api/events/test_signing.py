"""Signatures hold by the package of Standard Webhooks, and secrets that are none are refused."""

from __future__ import annotations

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from ordain.api.events.signing import PREFIX, secrets_in, signed


def _text(secret: bytes) -> str:
    return PREFIX + base64.b64encode(secret).decode()


@given(secret=st.binary(min_size=24, max_size=64), data=st.dictionaries(st.text(), st.integers()))
def test_a_signature_holds_by_the_reference_library(secret: bytes, data: dict[str, int]) -> None:
    body = json.dumps(data).encode()
    headers = signed(secrets_in(_text(secret)), "01a2", int(time.time()), body)
    assert Webhook(_text(secret)).verify(body, headers) == data


def test_while_a_secret_is_changed_both_the_old_and_the_new_one_hold() -> None:
    old, new = _text(b"o" * 24), _text(b"n" * 24)
    headers = signed(secrets_in(f"{new}\n{old}\n"), "id", int(time.time()), b"{}")
    for secret in (old, new):
        Webhook(secret).verify(b"{}", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(_text(b"x" * 24)).verify(b"{}", headers)


@pytest.mark.parametrize("what", ["body", "id", "time"])
def test_a_signature_covers_body_id_and_time(what: str) -> None:
    now = int(time.time())
    headers = signed([b"s" * 24], "id", now, b"{}")
    changed = {"id": {"webhook-id": "other"}, "time": {"webhook-timestamp": str(now + 1)}}.get(what, {})
    with pytest.raises(WebhookVerificationError):
        Webhook(_text(b"s" * 24)).verify(b"[]" if what == "body" else b"{}", headers | changed)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (" \n", "it is empty"),
        ("QUFB", "it does not begin with `whsec_`"),
        ("whsec_%%%", "what follows `whsec_` is not base64"),
        (_text(b"short"), "it has 5 bytes; it needs 24 to 64"),
        (_text(b"l" * 65), "it has 65 bytes; it needs 24 to 64"),
    ],
)
def test_what_is_no_secret_is_refused_without_being_shown(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{why}$"):
        secrets_in(text)
