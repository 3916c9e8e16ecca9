"""Forms with what nobody types: each is refused in words or answered, none ends in a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from answers import ADVICE, body
from flask.testing import FlaskClient
from served import settings_in

from ordain.api.console.numbers_typed import whole
from ordain.api.http.app import app_for
from ordain.api.services import wire

SENT = {"X-CSRF-Token": "none", "HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded"}
NUMBERS = ["99999999999999999999999", "-1", "²", "１２", "٣", "1e309", "NaN", "1_000", "0x10", " 7 ", "\0", "1\n2"]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    use = wire(settings_in(tmp_path_factory.mktemp("odd")))
    made = app_for(use).test_client()
    assert made.post("/v1/decisions/plan-advice", data=body(ADVICE, subject="C-1")).status_code == 200
    use.ledger.settle()
    yield made
    use.close()


def pressed(client: FlaskClient, at: str, **fields: str) -> tuple[int, str]:
    told = client.post(f"/console/{at}", data=urlencode(fields).encode(), headers=SENT)
    return told.status_code, told.data.decode()


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("field", ["from", "to", "sample", "seed"])
def test_a_verification_of_no_number_is_refused_in_words(client: FlaskClient, field: str, number: str) -> None:
    status, html = pressed(client, "evidence/verify", **{field: number})
    assert status in (200, 400), html
    assert "something went wrong" not in html


@pytest.mark.parametrize("number", NUMBERS)
def test_a_backtest_and_a_link_of_no_number_are_refused_in_words(client: FlaskClient, number: str) -> None:
    found = client.get("/v1/audit/search").get_json()["entries"][0]["entry_id"]
    for at, field in (("policies/plan-advice/versions/1/backtest", "last"), (f"decisions/{found}/link", "days")):
        status, html = pressed(client, at, **{field: number})
        assert status in (200, 400), html
        assert "something went wrong" not in html


def test_a_version_of_too_many_digits_is_refused_in_words(client: FlaskClient) -> None:
    for step in ("back", "submit", "activate", "backtest", "text"):
        status, html = pressed(client, f"policies/plan-advice/versions/{'9' * 30}/{step}", reason="x", text="x")
        assert status in (400, 404, 409), (step, html)
        assert "something went wrong" not in html


@pytest.mark.parametrize(
    "table",
    [
        "usage_gb\n1\r2",
        "usage_gb\n\0",
        "usage_gb\n" + "9" * 200_000,
        'usage_gb,"plan_gb\n1',
        "\0",
        "usage_gb,usage_gb\n1,2,3",
        ",\n,",
        "usage_gb\tplan_gb\n1\t2\textra",
        "\u202e\n\u2028",
    ],
)
def test_a_table_that_is_none_is_refused_in_words_or_tried_as_far_as_it_goes(client: FlaskClient, table: str) -> None:
    status, html = pressed(client, "whatif/plan-advice/table", table=table)
    assert status in (200, 400), html
    assert "something went wrong" not in html


@pytest.mark.parametrize("value", ["[" * 300 + "]" * 300, "[" * 5000, "\ud7ff", '{"a": 1e400}', "9" * 40])
def test_lists_in_lists_and_numbers_without_end_are_refused_in_words(client: FlaskClient, value: str) -> None:
    for field in ("fact.opted_out_channels", "fact.current_price", "fact.churn_risk"):
        status, html = pressed(client, "whatif/retention/try", **{field: value})
        assert status in (200, 400, 422), html
        assert "something went wrong" not in html


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("0" * 15, 0), ("9" * 16, "9" * 16), ("²", "²"), ("-1", "-1"), ("", "")],
)
def test_a_whole_number_is_one_of_plain_digits(text: str, number: int | str) -> None:
    assert whole(text) == number
