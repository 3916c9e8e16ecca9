"""The page of who may leave: its filters, its rows, and what it says where there is nothing yet."""

from __future__ import annotations

import json
from html.parser import HTMLParser

from console_served import Console

PAGE = "/console/models/churn/at-risk"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value for name, value in attrs if name in ("src", "onerror")]


def test_the_filter_stands_in_the_address_and_the_rows_pass_it(console: Console) -> None:
    told = json.loads(
        console.server.ask("GET", f"{PAGE}?days=30&level=medium", None, {"Accept": "application/json"}).body
    )
    assert (told["days"], told["level"]) == (30, "medium")
    assert {row["level"] for row in told["rows"]} <= {"medium", "high", "critical"}
    assert sum(told["tenths"]) == told["people"]
    assert told["export"].startswith("/v1/models/churn/at-risk?days=30&level=medium&limit=")


def test_a_customer_whose_name_is_markup_is_shown_as_text(console: Console) -> None:
    page = console.server.get(PAGE).body.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    tags = _Tags()
    tags.feed(page)
    assert "x" not in tags.sources
    assert "alert(1)" not in tags.sources


def test_a_model_that_is_not_there_says_what_to_do(console: Console) -> None:
    page = console.server.get("/console/models/nobodys/at-risk").body.decode()
    assert "there is no model <code>nobodys</code>" in page
    assert "known: churn" in page
