"""Everything in force: versions by day, files by name, plans once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from policy_cases import catalog

from ordain.engine.catalog import Texts, load_catalog, read_texts
from ordain.engine.errors import NotInForce, PolicyError, UnknownService
from ordain.engine.policy.facts import Facts

SERVICES = "services:\n  quote: {purpose: A case., policies: [fees], gives: [fee]}\n"
PLAIN = "facts:\n  base: {type: number, unit: INR, meaning: b}\n"


def policy(version: int, effective: str, formula: str = "base", output: str = "fee", name: str = "fees") -> str:
    return f"""\
policy: {name}
version: {version}
kind: decision
effective: {effective}
owner: tests
purpose: A case.
decides:
  {output}: {{gives: number, formula: {formula}}}
examples:
  - given: {{base: 0}}
    expect: {{{output}: 0}}
"""


def at(day: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{day}T00:00:00+00:00")


VERSIONS = {
    "fees/v1": policy(1, "{from: 2026-01-01, until: 2026-03-31}"),
    "fees/v2": policy(2, "{from: 2026-03-01, until: 2026-06-30}", "base * 2"),
    "fees/v3": policy(3, "2026-08-01", "base * 3"),
    "fees/v4": policy(4, "2026-08-01", "base * 4"),
}


@pytest.mark.parametrize(
    ("day", "version"),
    [("2026-01-01", 1), ("2026-02-28", 1), ("2026-03-01", 2), ("2026-06-30", 2), ("2026-08-01", 4), ("2030-01-01", 4)],
)
def test_the_latest_version_that_has_begun_decides(day: str, version: int) -> None:
    held = catalog(VERSIONS, SERVICES, PLAIN)
    plan = held.pick("quote", at(day))
    assert [compiled.policy.version for compiled in plan.policies] == [version]
    outcome = plan.evaluate(Facts({"base": Decimal(10)}, {"base": "request"}), at(day))
    assert outcome.values["fee"] == 10 * version


@pytest.mark.parametrize("day", ["2025-12-31", "2026-07-01", "2026-07-31"])
def test_on_a_day_without_a_version_there_is_no_answer(day: str) -> None:
    with pytest.raises(NotInForce, match=f"`fees` has no version in force on {day}"):
        catalog(VERSIONS, SERVICES, PLAIN).pick("quote", at(day))


def test_the_day_is_that_of_the_decision_time_in_its_own_offset() -> None:
    held = catalog(VERSIONS, SERVICES, PLAIN)
    late = dt.datetime.fromisoformat("2026-03-01T00:30:00+05:30")
    assert held.pick("quote", late).policies[0].policy.version == 2
    assert held.pick("quote", late.astimezone(dt.UTC)).policies[0].policy.version == 1


def test_a_plan_is_made_once_for_the_same_versions() -> None:
    held = catalog(VERSIONS, SERVICES, PLAIN)
    assert held.pick("quote", at("2026-01-01")) is held.pick("quote", at("2026-02-28"))
    assert held.pick("quote", at("2026-01-01")) is not held.pick("quote", at("2026-04-01"))


def test_an_unknown_service_is_met_with_the_nearest_name() -> None:
    with pytest.raises(UnknownService) as caught:
        catalog(VERSIONS, SERVICES, PLAIN).pick("qoute", at("2026-01-01"))
    assert caught.value.issues[0].message == "there is no service `qoute`"
    assert caught.value.issues[0].hint == "did you mean `quote`?"


def test_a_version_that_does_not_give_what_the_service_gives_does_not_load() -> None:
    with pytest.raises(PolicyError):
        catalog({**VERSIONS, "fees/v5": policy(5, "2027-01-01", output="cost")}, SERVICES, PLAIN)


NETS = """\
policy: nets
version: 1
kind: decision
effective: 2026-01-01
owner: tests
purpose: A case.
decides:
  net: {gives: number, formula: cost}
examples:
  - given: {cost: 0}
    expect: {net: 0}
"""
CHAINED = SERVICES.replace("[fees], gives: [fee]", "[fees, nets], gives: [net]")


def test_a_version_that_does_not_give_what_a_later_policy_reads_does_not_load() -> None:
    facts = PLAIN + "  cost: {type: number, source: policy fees, meaning: c}\n"
    policies = {"fees/v1": policy(1, "2026-01-01", output="cost"), "nets/v1": NETS}
    assert catalog(policies, CHAINED, facts).pick("quote", at("2026-01-01")).needs
    with pytest.raises(PolicyError):
        catalog({**policies, "fees/v2": policy(2, "2026-06-01", output="fee")}, CHAINED, facts)


@pytest.mark.parametrize("declared", ["text", "date", "{type: text, values: [a]}"])
def test_a_policy_that_gives_another_type_than_the_vocabulary_declares_does_not_load(declared: str) -> None:
    written = declared.strip("{}") if declared.startswith("{") else f"type: {declared}"
    facts = PLAIN + f"  cost: {{{written}, source: policy fees, meaning: c}}\n"
    nets = NETS.replace("gives: number, formula: cost", "gives: flag, formula: cost = cost")
    value = {"text": "x", "date": "2026-01-01"}.get(declared, "a")
    nets = nets.replace("{cost: 0}", f"{{cost: {value}}}").replace("{net: 0}", "{net: true}")
    with pytest.raises(PolicyError):
        catalog({"fees/v1": policy(1, "2026-01-01", output="cost"), "nets/v1": nets}, CHAINED, facts)


def test_every_file_of_a_directory_is_read_and_other_files_are_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "policies"
    (root / "fees").mkdir(parents=True)
    (root / "fees" / "v1.yaml").write_text(VERSIONS["fees/v1"])
    (root / "fees" / "notes.md").write_text("nothing to read")
    (root / "facts.yaml").write_text(PLAIN)
    (root / "services.yaml").write_text(SERVICES)
    held = load_catalog(read_texts(root))
    assert [found.label for found in held.policies()] == ["fees@1"]


@pytest.mark.parametrize("file", ["facts.yaml", "services.yaml"])
def test_a_missing_file_of_the_directory_is_named(file: str, tmp_path: Path) -> None:
    root = tmp_path / "policies"
    root.mkdir()
    for name in {"facts.yaml", "services.yaml"} - {file}:
        (root / name).write_text(PLAIN)
    with pytest.raises(PolicyError, match=rf"there is no file `policies/{file}`"):
        load_catalog(read_texts(root))


def test_a_missing_directory_is_named() -> None:
    with pytest.raises(PolicyError, match="there is no policies directory `nowhere`"):
        read_texts(Path("nowhere"))


def test_a_directory_that_is_taken_away_while_it_is_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(self: Path, pattern: str) -> Iterator[Path]:
        yield from ()
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "glob", gone)
    with pytest.raises(PolicyError, match="cannot be read: no such file or directory"):
        read_texts(tmp_path)


def test_a_catalog_tries_the_examples_unless_it_is_told_not_to() -> None:
    wrong = VERSIONS["fees/v1"].replace("expect: {fee: 0}", "expect: {fee: 1}")
    with pytest.raises(PolicyError, match=r"gives fee `0\.00`, not `1`"):
        catalog({"fees/v1": wrong}, SERVICES, PLAIN)
    texts = Texts(PLAIN.encode(), SERVICES.encode(), {"policies/fees/v1.yaml": wrong.encode()})
    assert load_catalog(texts, run_examples=False).pick("quote", at("2026-01-01")).needs


def test_the_shipped_policies_load_and_their_examples_come_out() -> None:
    held = load_catalog(read_texts(Path(__file__).parents[2] / "policies"))
    assert all(found.examples for found in held.policies())
    assert {found.kind for found in held.policies()} == {
        "decision", "pricing", "bounds", "grandfathering", "compliance", "intervention",
    }  # fmt: skip


LAW = """\
policy: {name}
version: 1
kind: compliance
effective: 2026-01-01
owner: legal
purpose: A case.
rules:
  - {{id: too-old, status: in force, source: s, checked on: 2026-01-01, where: age > {above}, otherwise: deny}}
examples:
  - given: {{age: 1000}}
    expect: {{verdict: deny}}
"""


def test_with_two_compliance_policies_the_worst_verdict_is_the_verdict_everywhere() -> None:
    laws = {f"{name}/v1": LAW.format(name=name, above=above) for name, above in (("strict", 60), ("mild", 99))}
    services = "services:\n  quote: {purpose: A case., policies: [strict, mild], gives: [verdict]}\n"
    held = catalog(laws, services, "facts:\n  age: {type: number, meaning: a}\n")
    facts = Facts({"age": Decimal(61)}, {"age": "request"})
    outcome = held.pick("quote", at("2026-01-01")).evaluate(facts, at("2026-01-01"))
    assert outcome.verdict == "deny"
    assert outcome.given() == {"verdict": "deny"}


def test_a_protected_fact_does_not_reach_a_price_through_a_verdict() -> None:
    price = """\
policy: prices
version: 1
kind: pricing
effective: 2026-01-01
owner: pricing
purpose: A case.
price:
  fee: {formula: 'if verdict = "deny" then 1 else 2', currency: INR, round: half up to 1}
examples:
  - given: {verdict: deny}
    expect: {fee: 1}
"""
    facts = """\
facts:
  age: {type: number, protected: true, meaning: a}
  verdict: {type: text, values: [deny, review, permit], source: policy law, meaning: v}
"""
    services = "services:\n  quote: {purpose: A case., policies: [law, prices], gives: [fee]}\n"
    with pytest.raises(PolicyError, match="depends on the protected fact `age`"):
        catalog({"law/v1": LAW.format(name="law", above=60), "prices/v1": price}, services, facts)
