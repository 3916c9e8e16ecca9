"""`ordain backtest`: recorded decisions decided again: what another version would change, what is unknown."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from databases import database
from shop import CUSTOMERS, Shop, customers, decided, flows_of


@pytest.fixture(scope="module")
def decided_shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """With a ledger that tests only read; each backtest adds an entry to it."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.decide(customers())
    return shop


@pytest.fixture(params=["sqlite", "postgresql"])
def on_both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    with ExitStack() as stack:
        more = {}
        if request.param == "postgresql":
            more["ORDAIN_DATABASE_URL"] = stack.enter_context(database())
        yield Shop(tmp_path, **more)


def test_flows_are_those_that_follow_from_the_export_by_hand(on_both: Shop) -> None:
    on_both.decide(customers(60))
    told = on_both.backtest("tiers@2")
    before = [(row["facts"], row["outcome"], row["verdict"]) for row in on_both.exported()]
    olds = [(old["tier"], Decimal(old["fee"]["amount"]), verdict) for _, old, verdict in before]
    news = [decided(facts, 4000) for facts, _, _ in before]
    assert olds == [decided(facts, 5000) for facts, _, _ in before]
    assert told["decisions"] == told["compared"] == len(news) == 60
    assert told["changed"] == sum(old != new for old, new in zip(olds, news, strict=True)) > 0
    pairs = list(zip(olds, news, strict=True))
    assert flows_of(told["outputs"]["tier"]) == Counter((old[0], new[0]) for old, new in pairs)
    assert flows_of(told["outputs"]["verdict"]) == Counter((old[2], new[2]) for old, new in pairs)
    fees = [(old[1], new[1]) for old, new in pairs]
    fee = told["outputs"]["fee"]
    assert (fee["unit"], fee["up"], fee["down"], fee["same"]) == (
        "INR",
        sum(new > old for old, new in fees),
        sum(new < old for old, new in fees),
        sum(new == old for old, new in fees),
    )
    assert Decimal(fee["total_old"]) == sum(old for old, _ in fees)
    assert Decimal(fee["total_new"]) == sum(new for _, new in fees)
    assert Decimal(fee["mean_change"]) == round(sum(new - old for old, new in fees) / 60, 4)
    assert Decimal(fee["largest_up"]["change"]) == max(new - old for old, new in fees)
    assert fee["largest_down"] is None
    assert sum(fee_flow["count"] for fee_flow in fee["flows"]) == 60
    assert told["instead_of"] == {"tiers@1": 60}


def test_what_follows_from_the_policy_tried_changes_and_the_rest_is_as_recorded(decided_shop: Shop) -> None:
    rules = decided_shop.backtest("tiers@2")["rules"]
    assert rules["tiers/tier"]["changed"] > 0
    assert ("others", "earns-much") in flows_of(rules["tiers/tier"])
    (review,) = (flow for table, flow in rules.items() if table.startswith("review/"))
    assert ("(none)", "gold-is-for-grown-ups") in flows_of(review)


def test_the_same_version_changes_nothing(decided_shop: Shop) -> None:
    told = decided_shop.backtest("tiers@1")
    assert (told["compared"], told["changed"], told["same_by_other_rules"]) == (CUSTOMERS, 0, 0)
    for flow in (*told["outputs"].values(), *told["rules"].values()):
        assert flow["changed"] == 0
        assert all(each["old"] == each["new"] for each in flow["flows"])


def test_a_version_tried_in_the_place_of_itself_is_said(decided_shop: Shop) -> None:
    said = " ".join(decided_shop.run("backtest", "tiers@1").split())
    assert "tiers@1 decided these already: it was compared with itself, so nothing can come out otherwise" in said
    assert "name another version to compare with: tiers@5, tiers@4, tiers@3, tiers@2" in said
    assert decided_shop.backtest("tiers@2")["by_itself"] == 0


def test_where_nothing_is_on_record_a_sentence_says_so(decided_shop: Shop) -> None:
    said = " ".join(decided_shop.run("backtest", "upgrades@1", "--since", "2026-01-01", code=1).split())
    assert "no decision on record was made under upgrades in that time, so there is nothing to compare" in said


def test_groups_of_a_number_are_its_bands(decided_shop: Shop) -> None:
    (group,) = decided_shop.backtest("tiers@2", "--groups", "income")["groups"]
    rates = {(each["output"], each["value"]): each["groups"] for each in group["rates"]}
    gold = rates["tier", "gold"]
    assert sum(each["decisions"] for each in gold) == CUSTOMERS
    assert len(gold) > 1
    assert all(" to <" in each["group"] or each["group"] == "0" for each in gold)


def test_the_same_outcome_by_another_rule_is_no_change_and_is_said(decided_shop: Shop) -> None:
    told = decided_shop.backtest("tiers@3")
    gold = sum(int(row["income"]) >= 5000 for row in customers())
    assert (told["changed"], told["same_by_other_rules"]) == (0, gold)
    assert flows_of(told["rules"]["tiers/tier"])["earns-much", "earns-enough"] == gold
    assert f"{gold:,} of the same come out so by other rules" in decided_shop.run("backtest", "tiers@3")


def test_a_fact_that_was_never_recorded_is_named_and_counted_and_nothing_is_guessed(decided_shop: Shop) -> None:
    """It is optional, so a version that reads it would decide without it, and say something that nobody knows."""
    told = decided_shop.backtest("tiers@4", code=1)
    assert told["compared"] == 0
    assert told["not_known"]["never_recorded"] == {"decisions": CUSTOMERS, "facts": {"visits": CUSTOMERS}}
    said = decided_shop.run("backtest", "tiers@4", code=1)
    assert f"{CUSTOMERS} decisions cannot be decided again" in said
    assert f"visits ({CUSTOMERS})" in said


def test_decisions_that_would_end_in_an_error_are_counted_by_its_code(decided_shop: Shop) -> None:
    told = decided_shop.backtest("tiers@5")
    poor = sum(int(row["income"]) < 3000 for row in customers())
    error = told["not_known"]["errors"]["NoRuleApplies"]
    assert (error["count"], told["compared"]) == (poor, CUSTOMERS - poor)
    assert "no rule" in error["first"]["message"]


def test_erased_people_are_counted_and_not_read(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.decide(customers(20))
    assert shop.backtest("tiers@2")["compared"] == 20
    for subject in ("C-3", "C-4"):
        shop.run("audit", "erase", subject, "--yes")
    shop.run("audit", "erase", "C-5", "--yes", "--not-before", "2090-01-01", code=4)
    told = shop.backtest("tiers@2", "--csv", "rows.csv")
    assert (told["decisions"], told["compared"]) == (20, 17)
    assert told["not_known"]["unreadable"] == {"erased": 2, "restricted": 1}
    with (tmp_path / "rows.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter(row["result"] for row in rows)["erased"] == 2
    assert all(not row["old.outcome"] for row in rows if row["result"] in ("erased", "restricted"))


def test_only_decisions_under_the_policy_and_in_the_time_are_looked_at(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.decide(customers(6))
    (tmp_path / "few.csv").write_text("subject,income\nC-1,2000\nC-2,500\n")
    shop.run("decide", "upgrades", "--table", "few.csv")
    assert shop.backtest("tiers@1")["decisions"] == 6
    assert shop.backtest("upgrades@1")["decisions"] == 2
    assert shop.backtest("tiers@2", "--with", "upgrades@1")["decisions"] == 8
    assert shop.backtest("tiers@2", "--with", "upgrades@1", "--service", "upgrades")["decisions"] == 2
    assert shop.backtest("tiers@2", "--since", "2090-01-01", code=1)["decisions"] == 0


def test_a_version_whose_file_is_gone_is_still_the_old_side(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.decide(customers(30))
    before = shop.backtest("tiers@2")
    (shop.policies / "tiers" / "v1.yaml").unlink()
    assert shop.backtest("tiers@2") == before | {"other_versions": {"tiers": [5, 4, 3]}}


def test_a_version_that_does_not_fit_the_service_of_the_record_is_an_error_of_those_decisions(tmp_path: Path) -> None:
    """The services then named another order: `fees` before what gives it `tier`. The version fits the one of today."""
    shop = Shop(tmp_path)
    shop.decide(customers(5))
    facts = shop.policies / "facts.yaml"
    facts.write_text(facts.read_text().replace("policy tiers", "policy upgrades").replace("[gold, plain]", "[gold]"))
    shutil.rmtree(shop.policies / "tiers")
    services = shop.policies / "services.yaml"
    services.write_text(services.read_text().replace("[tiers, fees, review]", "[upgrades, fees, review]"))
    text = (shop.policies / "upgrades" / "v1.yaml").read_text()
    text = text.replace("  upgrade:\n    gives: flag\n    formula: income > 1000\n    because: Earns enough.\n", "")
    tier = "  tier:\n    gives: {type: text, values: [gold]}\n    formula: '\"gold\"'\n"
    upgrade = "  upgrade:\n    gives: flag\n    formula: income > 1000\n"
    text = text.replace("decides:\n", f"decides:\n{tier}{upgrade}")
    (shop.policies / "upgrades" / "v1.yaml").write_text(text)
    (shop.policies / "fees" / "v1.yaml").write_text(_one_example(shop.policies / "fees" / "v1.yaml"))
    told = shop.backtest("fees@1", code=1)
    error = told["not_known"]["errors"]["PolicyError"]
    assert error["count"] == 5
    assert "uses `tier` before `upgrades` produces it" in error["first"]["message"]


def _one_example(file: Path) -> str:
    return file.read_text().partition("  - given: {tier: plain")[0]


def test_nothing_is_recorded_but_the_reading_with_its_purpose(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.decide(customers(4))
    shop.run("backtest", "tiers@2", "--as", "Anna", "--purpose", "gold from 4,000")
    lines = shop.run("audit", "search", "--kind", "read")
    assert "action backtest, entries 4" in lines
    entry_id = lines.split()[0]
    private: dict[str, Any] = json.loads(shop.run("audit", "show", entry_id, "--json"))["private"]
    assert (private["actor"], private["purpose"]) == ("Anna", "gold from 4,000")
    assert private["query"]["policies"] == ["tiers@2"]
    assert len(private["ids"]) == 4
    assert len(shop.exported()) == 4
    shop.run("replay", "--all")


def test_where_a_purpose_is_required_nothing_is_read_or_written_without_one(tmp_path: Path) -> None:
    shop = Shop(tmp_path, ORDAIN_PURPOSE="required")
    shop.decide(customers(4))
    assert "is read for a purpose" in shop.run("backtest", "tiers@2", "--csv", "rows.csv", "--html", "r.html", code=2)
    assert not list(tmp_path.glob("*rows.csv*"))
    assert not (tmp_path / "r.html").exists()


def test_a_version_tried_may_share_what_no_recorded_decision_used(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.decide(customers(30))
    before = shop.backtest("tiers@2")
    (shop.policies / "shared" / "tiering").mkdir(parents=True)
    text = "shared: tiering\nversion: 1\nowner: tests\npurpose: Where gold begins.\nconstants:\n  gold_from: 4000\n"
    (shop.policies / "shared" / "tiering" / "v1.yaml").write_text(text)
    file = shop.policies / "tiers" / "v2.yaml"
    file.write_text(file.read_text().replace("decides:", "uses: [tiering@1]\n\ndecides:").replace("4000", "gold_from"))
    assert shop.backtest("tiers@2") == before
    assert before["changed"] > 0
