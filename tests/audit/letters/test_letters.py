"""Letters of a dozen kinds, as they are read: `tests/cases/letters/` has the texts.

ORDAIN_WRITE_LETTERS=1 writes them anew, to be read before they are kept.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from reading_sample import CALL, LOOKED_AT, NO_CALL, PRICE, Sample, sample, scored

from ordain.audit.explain.explanation import explain
from ordain.audit.explain.language import english
from ordain.audit.explain.letter import letter
from ordain.audit.explain.sender import Sender
from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.records.follow_ups import settle
from ordain.engine.policy.model import Verdict

CASES = Path(__file__).parents[2] / "cases" / "letters"
SENDER = Sender(
    english(),
    controller="Example Broadband Ltd, 1 High Street, Pune",
    contact="care@broadband.example, or 1800 000 000 (free of charge)",
    officer="privacy@broadband.example",
    authorities={"IN": "the Data Protection Board of India", "else": "the data protection authority where you live"},
    purposes={"price-quote": "to make you a price", "retention": "to keep you as a customer"},
    recipients="nobody outside our company",
    storage="three years after your contract ends, because tax law asks for it",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    with sample(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/ledger.db") as opened:
        yield opened


def of(facts: str, service: str = "retention", **more: Any) -> Callable[[Sample], Record]:
    changed = json.dumps({**json.loads(facts), **more})
    return lambda made: made.record(made.decide("C-1", changed, service))


def estimated(made: Sample) -> Record:
    drivers = (("days_since_login", Decimal(60), Decimal("1.2")), ("called_numbers", Decimal(33), Decimal("0.4")))
    return made.record(made.decide("C-3", score=scored(Decimal("0.9666052347549264"), *drivers)))


def restricted(made: Sample) -> Record:
    entry_id = made.decide("C-4")
    made.restrict("C-4")
    record = Reader(made.store, made.use.keyring, restricted=True).record(entry_id)
    assert record is not None
    return record


def erased(made: Sample) -> Record:
    entry_id = made.decide("C-5")
    made.erase("C-5")
    return made.record(entry_id)


def settled(verdict: Verdict, subject: str = "C-8") -> Callable[[Sample], Record]:
    def made_so(made: Sample) -> Record:
        record = made.record(made.decide(subject, LOOKED_AT))
        settle(made.use, record, verdict, "seen the contract", {"actor": "ann"})
        return record

    return made_so


KINDS: dict[str, Callable[[Sample], Record]] = {
    "permit": of(CALL),
    "deny": of(NO_CALL),
    "review": of(LOOKED_AT),
    "review-allowed": settled(Verdict.PERMIT),
    "review-refused": settled(Verdict.DENY),
    "promise": of(PRICE, "price-quote", promised_price=450, promised_until="2026-12-31"),
    "bounds-hit": of(PRICE, "price-quote"),
    "model-score": estimated,
    "restricted": restricted,
    "erased": erased,
    "no-rule": of(CALL, churn_risk=0.1, clv_tier="medium"),
    "several-jurisdictions": of(PRICE, "price-quote", jurisdiction="US", consumer_state="NY", price_12_months_ago=400),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_letter_of_each_kind_reads_as_it_was_read_aloud(made: Sample, kind: str) -> None:
    text = letter(explain(KINDS[kind](made), made.reader), SENDER, own_request=kind == "restricted")
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "(number)", re.sub(r"`[0-9a-f]{64}`", "`(hash)`", text))
    text = re.sub(r"(On )[^.]+( a person )", r"\1(day)\2", text)
    text = re.sub(r"as entry \d+, by ordain [^\n]+", "as entry (place), by ordain (version)", text)
    file = CASES / f"{kind}.md"
    if os.environ.get("ORDAIN_WRITE_LETTERS"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_what_several_rules_say_alike_is_said_once(made: Sample) -> None:
    """Each policy of a law asks whose law it is."""
    facts = {name: value for name, value in json.loads(LOOKED_AT).items() if name != "jurisdiction"}
    text = letter(explain(made.record(made.decide("C-9", json.dumps(facts))), made.reader), SENDER)
    because = text.partition("Why a person has to look:\n\n")[2].partition("\n\n")[0].splitlines()
    assert because
    assert len(because) == len(set(because))


def test_what_is_so_or_not_reads_as_a_question_where_it_would_be_otherwise(made: Sample) -> None:
    facts = json.dumps({**json.loads(CALL), "marketing_objection": True})
    text = letter(explain(made.record(made.decide("C-11", facts)), made.reader), SENDER)
    without = {name: value for name, value in json.loads(PRICE).items() if name != "price_personalised"}
    asked = letter(explain(made.record(made.decide("C-12", json.dumps(without), "price-quote")), made.reader), SENDER)
    assert "because we do not know whether an automated calculation used data about this person" in asked
    assert "were no and not yes" not in text or "If the answer to “" in text


def test_of_an_erased_review_nobody_knows_any_more_whether_it_was_settled(made: Sample) -> None:
    record = settled(Verdict.PERMIT, "C-10")(made)
    made.erase("C-10")
    text = letter(explain(made.record(record.entry.id), made.reader), SENDER)
    assert "not decided yet" not in text
    assert "None has settled it yet" not in text
    assert text.count("This can no longer be told.") == 2


def test_without_compliance_the_rules_that_fired_say_why(made: Sample) -> None:
    facts = '{"usage_gb": 95, "plan_gb": 100}'
    text = letter(explain(made.record(made.decide("C-6", facts, "plan-advice")), made.reader), SENDER)
    why = text.partition("## Why\n\n")[2].partition("\n\n")[0]
    assert why.startswith("- ")
    assert "gave a reason" not in why


def test_each_text_is_of_a_kind() -> None:
    assert {file.stem for file in CASES.glob("*.md")} == set(KINDS)


def test_without_a_sender_the_letter_says_that_nobody_is_named(made: Sample) -> None:
    text = letter(explain(KINDS["permit"](made), made.reader))
    assert "Turn to: [we have not said here whom to turn to yet]" in text
    assert "You may complain to the data protection authority of the place where you live or work." in text


def test_what_a_sender_says_cannot_become_markup(made: Sample) -> None:
    evil = replace(SENDER, contact="x](http://evil) **bold**\n# Heading \x1b[31m")
    text = letter(explain(KINDS["permit"](made), made.reader), evil)
    assert "\n# Heading" not in text
    assert "\x1b" not in text
    assert "\\*\\*bold\\*\\*" in text
