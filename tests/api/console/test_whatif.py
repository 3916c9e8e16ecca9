"""Decisions tried out on a page: nothing is recorded, several versions stand side by side, one number is moved."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlencode

import orjson
import pytest
from console_served import Console
from looked_at import Looked
from playwright.sync_api import expect

from ordain.api.console.fact_fields import ends, typed, value_of

FORM = {"Content-Type": "application/x-www-form-urlencoded", "X-CSRF-Token": "none", "HX-Request": "true"}


def pressed(console: Console, path: str, **fields: object) -> tuple[int, str]:
    sent = {name.replace("__", "."): value for name, value in fields.items()}
    told = console.server.ask("POST", f"/console/whatif/{path}", urlencode(sent, doseq=True).encode(), FORM)
    return told.status, told.body.decode()


def entries(console: Console) -> int:
    return int(console.server.get("/healthz").json()["entries"])


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", "0.10", b"0.10"),
        ("number", "12345678901234567890.123456789", b"12345678901234567890.123456789"),
        ("number", "abc", b'"abc"'),
        ("number", "1e5", b'"1e5"'),
        ("flag", "true", b"true"),
        ("flag", "perhaps", b'"perhaps"'),
        ("list", "usage, location", b'["usage","location"]'),
        ("list", "none", b"[]"),
        ("json", '{"a": 1}', b'{"a":1}'),
        ("json", "{a", b'"{a"'),
        ("text", "<script>", b'"<script>"'),
    ],
)
def test_what_is_typed_is_sent_with_every_digit_or_as_the_text_that_it_is(kind: str, text: str, value: bytes) -> None:

    assert orjson.dumps(value_of(kind, text)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), ("a", "a"), (["a", "b"], "a, b"), ({"amount": "4.90", "currency": "EUR"}, "4.90")],
)
def test_a_recorded_value_is_shown_as_somebody_types_it(value: object, text: str) -> None:
    assert typed(value) == text


def test_only_a_range_with_two_ends_has_them() -> None:
    assert (ends("[0..1]"), ends("(0..100000]"), ends("[0..]"), ends("")) == (["0", "1"], ["0", "100000"], None, None)


def test_trying_records_nothing_and_says_what_would_be_decided(console: Console) -> None:
    before = entries(console)
    status, html = pressed(console, "plan-advice/try", fact__usage_gb="95", fact__plan_gb="100", subject="C-1")
    assert status == 200
    assert "The next plan up fits your usage better." in html
    assert entries(console) == before


def test_a_refusal_of_the_service_is_shown_in_its_own_words(console: Console) -> None:
    status, html = pressed(console, "plan-advice/try", fact__usage_gb="<b>much</b>", fact__plan_gb="100")
    assert status == 422
    assert "is not a number" in html
    assert "<b>much" not in html


def test_versions_stand_side_by_side_with_what_differs(console: Console) -> None:
    fields = {"fact__usage_gb": "95", "fact__plan_gb": "100", "try": ["plan-advice@1"]}
    status, html = pressed(console, "plan-advice/try", **fields)
    assert (status, html.count("<h3>")) == (200, 2)


def test_along_one_number_the_stretches_with_the_same_answer_are_told(console: Console) -> None:
    status, html = pressed(console, "plan-advice/sweep", fact__plan_gb="100", along="usage_gb", low="0", high="40")
    assert status == 200
    first = re.search(r'<td class="number">([^<]*)</td>', html)
    assert first is not None
    assert first[1].startswith("0 – ")
    assert "A smaller plan would do." in html
    status, html = pressed(console, "plan-advice/sweep", fact__plan_gb="100", along="usage_gb", low="", high="x")
    assert (status, "<code>low</code>" in html) == (400, True)


def test_what_was_not_known_is_said_with_who_asks_for_it(console: Console) -> None:
    given = {"fact__clv_tier": "high", "fact__offers_last_90_days": "0", "fact__churn_risk": "0.9"}
    status, html = pressed(console, "retention/try", **given)
    assert status == 200, html
    assert "opted_out_channels is not known, and would have been needed for" in html
    assert "contact-house-rules@1 / house-opt-out" in html


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_a_file_of_customers_may_have_commas_semicolons_or_tabs(
    looked: Looked, console: Console, tmp_path: Path, between: str
) -> None:
    rows = [["subject", "usage_gb", "plan_gb"], ["ann", "95", "100"], ["cleo", "10", "100"]]
    (tmp_path / "people.csv").write_text("".join(between.join(row) + "\n" for row in rows), encoding="utf-8")
    page = looked.at("/console/whatif/plan-advice")
    page.get_by_label("File").set_input_files(tmp_path / "people.csv")
    page.get_by_role("button", name="Try these rows").click()
    page.locator("#rows tbody tr").nth(1).wait_for()
    told = page.locator("#rows").inner_text()
    assert "ann" in told
    assert "cleo" in told
    assert "refused" not in told


def test_rows_of_a_table_are_tried_one_by_one_and_a_bad_one_stops_no_other(console: Console) -> None:
    table = "subject,usage_gb,plan_gb,shoe size\nann,95,100,43\nben,,100,44\ncleo,10,100,45\n"
    status, html = pressed(console, "plan-advice/table", table=table)
    assert status == 200
    assert "shoe size" in html
    assert html.count("<tr>") == 4
    assert "needs `usage_gb`" in html
    assert "A smaller plan would do." in html


def test_a_recorded_decision_is_where_trying_begins_and_a_slider_moves_a_number(
    looked: Looked, console: Console
) -> None:
    page = looked.at(f"/console/decisions/{console.decisions['price-quote']}")
    page.get_by_role("link", name="What if").and_(page.locator(".button")).click()
    page.wait_for_url("**/whatif/price-quote?from=**")
    answer = page.locator("#answer")
    expect(answer).to_contain_text("525.00 INR")
    page.get_by_label("Number").select_option("demand")
    slider = page.get_by_label("Move it")
    slider.focus()
    page.keyboard.press("End")  # all the way to 1
    expect(page.locator("#fact-demand")).to_have_value("1.00")
    expect(answer).not_to_contain_text("525.00 INR")
    page.get_by_role("button", name="Show where the answer changes").click()
    expect(page.locator("#swept .plot canvas").first).to_be_visible()
    recorded = console.server.get(f"/v1/decisions/{console.decisions['price-quote']}/replay")
    assert json.loads(recorded.body)["agrees"]
