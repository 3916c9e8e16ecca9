"""What the packages of Stripe and of Standard Webhooks sign is taken, and nothing else; and the other way round."""

from __future__ import annotations

import datetime as dt
import json
import time

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from senders import OLD_SECRET, OLD_STRIPE_SECRET, SECRET, STRIPE_SECRET, by_standard, by_stripe
from standardwebhooks import Webhook

from ordain.api.hooks.schemes import SCHEMES

OF_STRIPE, STANDARD = SCHEMES["stripe"], SCHEMES["standard webhooks"]
BODY = b'{"id": "evt_1", "type": "a"}'
BODIES = st.binary(max_size=200)
NAME = {"stripe": "stripe-signature", "standard webhooks": "webhook-signature"}


def small(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def secrets(scheme: str, *texts: str) -> tuple[bytes, ...]:
    return SCHEMES[scheme].secrets_in(" ".join(texts))


def test_each_of_several_secrets_is_taken_and_no_other() -> None:
    for scheme, signed, new, old in (
        ("stripe", by_stripe, STRIPE_SECRET, OLD_STRIPE_SECRET),
        ("standard webhooks", by_standard, SECRET, OLD_SECRET),
    ):
        both = secrets(scheme, new, old)
        for secret in (new, old):
            headers = small(signed(BODY, secret=secret))  # type: ignore[operator]
            assert SCHEMES[scheme].signed_at(headers.get, BODY, both) is not None
        headers = small(signed(BODY, secret=old))  # type: ignore[operator]
        assert SCHEMES[scheme].signed_at(headers.get, BODY, secrets(scheme, new)) is None


def test_one_right_signature_among_several_is_enough() -> None:
    old, new = by_stripe(BODY, OLD_STRIPE_SECRET, at=1000), by_stripe(BODY, at=1000)
    together = f"{old['Stripe-Signature']},{new['Stripe-Signature'].partition(',')[2]},v0=abc"
    assert OF_STRIPE.signed_at({"stripe-signature": together}.get, BODY, secrets("stripe", STRIPE_SECRET)) == 1000
    at = dt.datetime.fromtimestamp(1000, dt.UTC)
    headers = small(by_standard(BODY, at=at))
    headers["webhook-signature"] = (
        f"v1a,xyz {Webhook(OLD_SECRET).sign('msg_1', at, BODY.decode())} " + headers["webhook-signature"]
    )
    assert STANDARD.signed_at(headers.get, BODY, secrets("standard webhooks", SECRET)) == 1000


def test_more_signatures_than_a_sender_has_are_not_looked_at() -> None:
    good = by_stripe(BODY, at=1000)["Stripe-Signature"]
    many = "t=1000" + ",v1=00" * 16 + good.removeprefix("t=1000")
    assert OF_STRIPE.signed_at({"stripe-signature": many}.get, BODY, secrets("stripe", STRIPE_SECRET)) is None


@given(st.data())
def test_not_a_byte_of_body_time_or_signature_can_be_changed(data: st.DataObject) -> None:
    scheme = data.draw(st.sampled_from(sorted(SCHEMES)))
    known = secrets(scheme, STRIPE_SECRET if scheme == "stripe" else SECRET)
    body = data.draw(BODIES)
    headers = SCHEMES[scheme].sign(known, "msg_1", 1000, body)
    assert SCHEMES[scheme].signed_at(headers.get, body, known) == 1000
    where = data.draw(st.sampled_from(["body", *headers]))
    text = body if where == "body" else headers[where].encode()
    at = data.draw(st.integers(0, len(text)))
    put = data.draw(st.binary(min_size=1, max_size=1))
    changed = data.draw(
        st.sampled_from([text[:at] + put + text[at:], text[:at] + text[at + 1 :], text[:at] + put + text[at + 1 :]])
    )
    if where == "body":
        if changed != body:
            assert SCHEMES[scheme].signed_at(headers.get, changed, known) is None
        return
    given_headers = {**headers, where: changed.decode("latin-1")}
    came = SCHEMES[scheme].signed_at(given_headers.get, body, known)
    # What was added around signatures may count for nothing, and then the time is the one that was signed.
    assert came in (None, 1000)
    if where in ("webhook-id", "webhook-timestamp") and changed != text:
        assert came is None


@given(body=BODIES.map(lambda raw: json.dumps(raw.decode("latin-1"))))
def test_what_is_signed_here_is_taken_by_the_packages(body: str) -> None:
    now = int(time.time())
    headers = OF_STRIPE.sign(secrets("stripe", STRIPE_SECRET), "", now, body.encode())
    assert stripe.WebhookSignature.verify_header(body, headers["stripe-signature"], STRIPE_SECRET, tolerance=60)
    Webhook(SECRET).verify(body, STANDARD.sign(secrets("standard webhooks", SECRET), "msg_1", now, body.encode()))


@pytest.mark.parametrize(
    ("scheme", "text", "said"),
    [
        ("stripe", "", "it is empty"),
        ("stripe", "whsec_x", "fewer than 16 characters"),
        ("standard webhooks", "QUFB", "does not begin with `whsec_`"),
        ("standard webhooks", "whsec_QUFB", "it has 3 bytes"),
    ],
)
def test_what_is_no_secret_is_said_without_saying_it(scheme: str, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        secrets(scheme, text)
    assert text == "" or text not in str(caught.value)
