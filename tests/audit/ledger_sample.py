"""Synthetic entries and texts for the ledger's tests."""

from __future__ import annotations

from typing import Any

from audit.documents import Document

VOCABULARY = Document("vocabulary", b"churn_risk: {type: number}\n")
SERVICES = Document("services", b"retention: [retention-offer]\n")
OFFER = Document("policy", b"policy: retention-offer\nversion: 1\n", "retention-offer", 1)
CONTACT = Document("policy", b"policy: contact\nversion: 2\n", "contact", 2)
DOCUMENTS = (VOCABULARY, SERVICES, OFFER, CONTACT)


def entry_id(number: int) -> str:
    return f"0192f000-{number:04x}-7000-8000-00000000abcd"


def body(number: int, policies: tuple[Document, ...] = (OFFER,), **changes: Any) -> dict[str, Any]:
    return {
        "v": 1,
        "id": entry_id(number),
        "kind": "decision",
        "time": f"2026-11-21T02:10:{number % 60:02d}.123456+00:00",
        "service": "retention",
        "subject": f"C-{number}",
        "documents": {
            "vocabulary": VOCABULARY.reference.digest,
            "services": SERVICES.reference.digest,
        },
        "policies": [
            {"policy": named.name, "version": named.version, "digest": named.reference.digest} for named in policies
        ],
        "facts": {"churn_risk": {"value": "0.85", "source": "churn@3"}, "name": {"value": "Zoë 😀"}},
        "outcome": {"offer": {"action": "personal call", "discount_percent": "30"}},
        "reasons": [],
        "verdict": None,
        **changes,
    }
