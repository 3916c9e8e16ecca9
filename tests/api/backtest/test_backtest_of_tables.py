"""`ordain backtest --table`: customers decided twice, as `ordain decide --table` decides them; nothing is recorded."""

from __future__ import annotations

import csv
import stat
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from shop import Shop, customers, table_in


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_the_old_side_is_what_the_service_answers_and_the_new_one_what_it_would(shop: Shop) -> None:
    answers = shop.decide(customers(40))
    told = shop.backtest("tiers@2", "--table", "customers.csv", "--csv", "rows.csv")
    with (shop.folder / "rows.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["old.tier"] for row in rows] == [answer["outcome"]["tier"] for answer in answers]
    assert [row["old.verdict"] for row in rows] == [answer["verdict"] for answer in answers]
    file_of_2 = shop.policies / "tiers" / "v2.yaml"
    file_of_2.write_text(file_of_2.read_text().replace("2099-01-01", "2026-02-01"))
    again = shop.decide(customers(40), "again.csv")
    assert [row["new.tier"] for row in rows] == [answer["outcome"]["tier"] for answer in again]
    assert [row["new.fee"] for row in rows] == [answer["outcome"]["fee"]["amount"] for answer in again]
    assert told["changed"] == Counter(row["result"] for row in rows)["changed"] > 0


def test_a_table_and_the_ledger_give_the_same_flows(shop: Shop) -> None:
    shop.decide(customers(50))
    of_table, of_ledger = shop.backtest("tiers@2", "--table", "customers.csv"), shop.backtest("tiers@2")
    for part in ("compared", "changed", "rules", "segments", "groups"):
        assert of_table[part] == of_ledger[part]
    for told in (of_table, of_ledger):
        del told["outputs"]["fee"]["largest_up"]["decision"]
    assert of_table["outputs"] == of_ledger["outputs"]


def test_no_ledger_is_made_or_needed(shop: Shop) -> None:
    table_in(shop.folder, customers(3))
    assert shop.backtest("tiers@2", "--table", "customers.csv")["compared"] == 3
    assert not (shop.folder / "ordain.db").exists()


def test_a_fact_that_only_the_new_version_reads_may_be_a_column(shop: Shop) -> None:
    table_in(shop.folder, [{**row, "visits": "20"} for row in customers(9)])
    told = shop.backtest("tiers@4", "--table", "customers.csv")
    assert told["compared"] == 9
    assert told["outputs"]["tier"]["changed"] == sum(int(row["income"]) < 5000 for row in customers(9))


def test_rows_with_errors_are_counted_by_side(shop: Shop) -> None:
    rows = customers(4)
    rows[1]["income"] = "much"
    table_in(shop.folder, rows)
    unknown = shop.backtest("tiers@5", "--table", "customers.csv", code=1)["not_known"]
    assert unknown["errors_before"]["DataQualityIssue"]["count"] == 1
    assert unknown["errors"]["DataQualityIssue"]["count"] == 1
    assert unknown["errors"]["NoRuleApplies"]["count"] == 3


def test_groups_have_rates_and_ratios_and_small_ones_are_not_judged(shop: Shop) -> None:
    """100 young, of whom 30 get gold; 100 middle, of whom 60 do; 10 old."""
    people = [("young", 100, 30), ("middle", 100, 60), ("old", 10, 10)]
    rows = [
        {
            "subject": f"{age}-{number}",
            "income": "4500" if number < gold else "1000",
            "region": "north",
            "age_group": age,
        }
        for age, count, gold in people
        for number in range(count)
    ]
    table_in(shop.folder, rows)
    (group,) = shop.backtest("tiers@2", "--table", "customers.csv")["groups"]
    assert (group["fact"], group["small_group"]) == ("age_group", 30)
    gold = next(rate for rate in group["rates"] if (rate["output"], rate["value"]) == ("tier", "gold"))
    told = {each["group"]: each for each in gold["groups"]}
    assert (told["young"]["old_rate"], told["young"]["new_rate"], told["young"]["new_ratio"]) == ("0", "0.3", "0.5")
    assert told["young"]["below_four_fifths"]
    assert not told["middle"]["below_four_fifths"]
    assert told["middle"]["new_ratio"] == "1"
    assert told["old"]["too_small"]
    assert told["old"]["new_ratio"] is None
    said = shop.run("backtest", "tiers@2", "--table", "customers.csv")
    assert "29 CFR 1607.4(D)" in said
    assert "(too few)" in said


def test_segments_are_by_the_facts_asked_for(shop: Shop) -> None:
    table_in(shop.folder, customers(60))
    usual = shop.backtest("tiers@2", "--table", "customers.csv")["segments"]
    assert [each["fact"] for each in usual] == ["region"]
    assert [value["value"] for value in usual[0]["values"]] == ["north", "south", "east"]
    (asked,) = shop.backtest("tiers@2", "--table", "customers.csv", "--by", "income")["segments"]
    assert sum(value["decisions"] for value in asked["values"]) == 60
    assert sum(value["changed"] for value in asked["values"]) > 0


class _Page(HTMLParser):
    """Which tags stand open, and whether any loads something."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1
        assert not {name for name, _ in attrs} & {"src", "href", "onload"}
        if tag not in ("meta", "line", "circle", "rect", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open.pop() == tag


def test_the_report_stands_alone_parses_and_escapes_what_others_wrote(shop: Shop) -> None:
    facts, file = shop.policies / "facts.yaml", shop.policies / "tiers" / "v2.yaml"
    facts.write_text(facts.read_text().replace("[gold, plain]", '[gold, plain, "<i>gold</i>"]'))
    text = (
        file.read_text().replace("gold, plain", 'gold, plain, "<i>gold</i>"').replace("then: gold", "then: <i>gold</i>")
    )
    file.write_text(text.replace("tier: gold}", 'tier: "<i>gold</i>"}'))
    name = "<b>&.csv"
    table_in(shop.folder, customers(60), name)
    shop.run("backtest", "tiers@2", "--table", name, "--html", "report.html", "--synthetic", code=0)
    text = (shop.folder / "report.html").read_text()
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert page.seen["svg"] >= 3
    assert not {"script", "b", "i"} & page.seen.keys()
    assert "&lt;i&gt;gold&lt;/i&gt;" in text
    assert "SYNTHETIC rows of &lt;b&gt;&amp;.csv" in text
    for start in [at for at in range(len(text)) if text.startswith("<svg", at)]:
        ElementTree.fromstring(text[start : text.index("</svg>", start) + 6])  # noqa: S314 - our own page
    assert stat.S_IMODE((shop.folder / "report.html").stat().st_mode) == 0o600


def test_recorded_decisions_are_called_that(shop: Shop) -> None:
    shop.decide(customers(4))
    shop.run("backtest", "tiers@2", "--html", "report.html")
    text = (shop.folder / "report.html").read_text()
    assert "Backtest of tiers@2 on recorded decisions" in text
    assert "SYNTHETIC" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tires@2",), "there is no policy `tires`"),
        (("tiers@9",), "`tiers` has no version `9`"),
        (("tiers@two",), "`tiers@two` is no version of a policy"),
        (("tiers@2", "--with", "tiers@1"), "`tiers` is named twice"),
        (("tiers@2", "--by", "incme"), "--by: there is no fact `incme`"),
        (("tiers@2", "--groups", "agegroup"), "did you mean `age_group`?"),
        (("tiers@2", "--service", "upgrades"), "the service `upgrades` does not ask `tiers`"),
        (("tiers@2", "--service", "none"), "there is no service `none`"),
        (("tiers@2", "--since", "2026-01-01"), "--since and --until are of recorded decisions"),
        (("tiers@2", "--csv", "customers.csv"), "already exists"),
        (("tiers@2", "--csv", "x", "--html", "x"), "is named twice"),
        (("tiers@2", "--csv", "no/folder/x.csv"), "cannot be written"),
    ],
)
def test_bad_input_is_told_and_nothing_is_left(shop: Shop, arguments: tuple[str, ...], said: str) -> None:
    table_in(shop.folder, customers(3))
    before = sorted(shop.folder.iterdir())
    assert said in shop.run("backtest", *arguments, "--table", "customers.csv", code=2)
    assert sorted(shop.folder.iterdir()) == before
