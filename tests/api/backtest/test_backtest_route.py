"""`POST .../versions/<version>/backtest`: what the command tells, bounded, and on record as a read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from answers import error_in
from flask.testing import FlaskClient
from served import settings_in
from shop import Shop, customers, decided

import ordain.api.backtest.bounded as bounded
from ordain.api.http.app import app_for
from ordain.api.limits import LIMITS
from ordain.api.services import Services, wire
from ordain.audit.records.query import Query
from ordain.audit.records.search import search

COUNT = 60


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """With decisions on record, which tests only read."""
    made = Shop(tmp_path_factory.mktemp("shop"))
    made.decide(customers(COUNT))
    return made


@pytest.fixture(scope="module")
def use(shop: Shop) -> Iterator[Services]:
    wired = wire(settings_in(shop.folder, policies=shop.policies))
    yield wired
    wired.close()


@pytest.fixture
def client(use: Services) -> FlaskClient:
    return app_for(use).test_client()


def asked(client: FlaskClient, version: str = "2", query: str = "", **body: Any) -> Any:
    return client.post(f"/v1/policies/tiers/versions/{version}/backtest{query}", json=body)


def test_it_tells_what_the_command_tells(shop: Shop, client: FlaskClient) -> None:
    told = asked(client)
    assert told.status_code == 200, told.data
    assert told.get_json() == shop.backtest("tiers@2")


def test_of_the_newest_so_many_are_decided_again(shop: Shop, client: FlaskClient) -> None:
    told = asked(client, last=50).get_json()
    assert (told["decisions"], told["compared"]) == (50, 50)
    newest = [row["facts"] for row in shop.exported()[-50:]]
    assert told["changed"] == sum(decided(facts, 4000) != decided(facts, 5000) for facts in newest) > 0
    assert asked(client, last=20, until="2001-01-01").get_json()["decisions"] == 0


def test_further_versions_segments_and_groups_are_those_of_the_command(shop: Shop, client: FlaskClient) -> None:
    told = asked(client, by=["region"], groups=["age_group"], service="terms").get_json()
    assert told == shop.backtest("tiers@2", "--by", "region", "--groups", "age_group", "--service", "terms")


def test_that_it_was_read_by_whom_and_why_is_on_record(use: Services, client: FlaskClient) -> None:
    before = len(list(search(use.ledger.reader, Query(kind="read"))))
    assert asked(client, query="?purpose=a+lower+threshold").status_code == 200
    *_, record = reads = list(search(use.ledger.reader, Query(kind="read")))
    assert (len(reads), record.envelope["about"]) == (before + 1, {"action": "http backtest", "entries": COUNT})
    assert record.private is not None
    assert (record.private["actor"], record.private["purpose"]) == ("http", "a lower threshold")
    assert record.private["query"]["policies"] == ["tiers@2"]


@pytest.mark.parametrize(
    ("version", "body", "status", "said"),
    [
        ("9", {}, 404, "there is no version `tiers@9`"),
        ("2", {"last": 0}, 400, "`last` is the number `0`"),
        ("2", {"last": LIMITS.tried_again + 1}, 400, f"from 1 to {LIMITS.tried_again:,}"),
        ("2", {"by": "region"}, 400, "`by`"),
        ("2", {"by": ["regio"]}, 400, "by: there is no fact `regio`"),
        ("2", {"with": ["tiers@1"]}, 400, "`tiers` is named twice"),
        ("2", {"with": ["fees@9"]}, 400, "`fees"),
        ("2", {"since": "soon"}, 400, "since"),
        ("2", {"service": "nothing", "last": 1}, 400, "`nothing`"),
        ("2", {"table": "x.csv"}, 400, "unknown field `table`"),
    ],
)
def test_what_cannot_be_tried_is_told_and_nothing_is_read(
    use: Services, client: FlaskClient, version: str, body: dict[str, Any], status: int, said: str
) -> None:
    before = use.ledger.reader.size()
    told = asked(client, version, **body)
    assert told.status_code == status, told.data
    assert said in str(error_in(told.data))
    assert use.ledger.reader.size() == before


def test_one_that_takes_too_long_is_given_up_and_nothing_is_told(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "LIMITS", LIMITS.__class__(tried_seconds=0.0))
    told = asked(client)
    assert (told.status_code, "takes longer than 0 seconds" in error_in(told.data)["message"]) == (400, True)
    monkeypatch.undo()
    assert asked(client, last=1).status_code == 200


def test_one_is_made_at_a_time(client: FlaskClient) -> None:
    with bounded._ONE:
        told = asked(client)
    assert (told.status_code, told.headers["Retry-After"]) == (503, str(LIMITS.listen_seconds))
