"""Who sends events to hooks, signing with the packages of Stripe and of Standard Webhooks, not with code of ours."""

from __future__ import annotations

import datetime as dt
import json
import time
from pathlib import Path
from typing import Any

import stripe
from answers import RETENTION
from standardwebhooks import Webhook

STRIPE_SECRET, OLD_STRIPE_SECRET = "whsec_test_b9d2f1a07c3e4455", "whsec_test_before_0123456789"
SECRET, OLD_SECRET = "whsec_" + "QUFB" * 11, "whsec_" + "QkJC" * 11

HOOKS = """\
sources:
  stripe:
    scheme: stripe
    secret variable: TEST_STRIPE_SECRET
    events:
      - types: [invoice.payment_failed]
        when: event.livemode
        service: retention
        subject: event.data.object.customer
        facts:
          churn_risk: if event.data.object.attempt_count >= 3 then 0.85 else 0.5
          clv_tier: event.data.object.metadata.clv_tier
          offers_last_90_days: 0
          jurisdiction: get value(event.data.object.metadata, "jurisdiction")
          marketing_objection: false
          opted_out_channels: "[]"
          consented_channels: '["phone"]'
          recipient_time_zone: '"Asia/Kolkata"'
  crm:
    scheme: standard webhooks
    secret variable: TEST_CRM_SECRET
    tolerance seconds: 60
    events:
      - types: [usage.*]
        service: plan-advice
        subject: event.data.customer
        facts:
          usage_gb: event.data.usage_gb
          plan_gb: event.data.plan_gb
      - types: [quote.asked]
        service: price-quote
        subject: event.data.customer
        facts: {%s}
"""


def hooks_text(quote: dict[str, Any]) -> str:
    """The file of sources; a `quote.asked` has the facts of a price quote in its data."""
    return HOOKS % ", ".join(f"{name}: event.data.facts.{name}" for name in quote)


def write_hooks(folder: Path, text: str) -> Path:
    file = folder / "hooks.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def payment_failed(event_id: str = "evt_1", **more: Any) -> bytes:
    """As Stripe sends one, but for what nobody reads here; `more` goes into its invoice."""
    invoice = {
        "id": "in_1",
        "object": "invoice",
        "customer": "cus_9",
        "attempt_count": 3,
        "amount_due": 49900,
        "metadata": {"clv_tier": RETENTION["clv_tier"], "jurisdiction": "IN"},
        **more,
    }
    event = {
        "id": event_id,
        "object": "event",
        "type": "invoice.payment_failed",
        "livemode": True,
        "pending_webhooks": 1,
        "data": {"object": invoice},
    }
    return json.dumps(event, indent=2).encode()


def by_stripe(body: bytes, secret: str = STRIPE_SECRET, at: float | None = None) -> dict[str, str]:
    seconds = int(time.time() if at is None else at)
    signature = stripe.WebhookSignature._compute_signature(f"{seconds}.{body.decode()}", secret)
    return {"Stripe-Signature": f"t={seconds},v1={signature}", "Content-Type": "application/json; charset=utf-8"}


def usage(**data: Any) -> bytes:
    return json.dumps(
        {"type": "usage.measured", "data": {"customer": "C-9", "usage_gb": 95, "plan_gb": 100, **data}}
    ).encode()


def by_standard(
    body: bytes, event_id: str = "msg_1", secret: str = SECRET, at: dt.datetime | None = None
) -> dict[str, str]:
    moment = at or dt.datetime.now(dt.UTC)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, moment, body.decode()),
        "Content-Type": "application/json",
    }
