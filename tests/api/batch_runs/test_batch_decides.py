"""`ordain batch` gives each row what a request with its facts gets, whatever the rows come in and go to."""

from __future__ import annotations

import csv
import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest
from generated_tables import Row, as_csv, as_parquet, as_sent, customers_of, facts_of
from served import install_models, ordain_here, settings_in

from ordain.api.ask import make_ask
from ordain.api.decide import make_decision
from ordain.api.services import Services, wire
from ordain.engine.errors import OrdainError
from ordain.engine.values.json_text import read_json

SERVICES = ("price-quote", "retention", "plan-advice", "access", "alerts", "rollouts", "model-promotion")


def batch(folder: Path, service: str, *arguments: str, code: int | None = None) -> dict[str, Any]:
    """What a run says of itself."""
    done = ordain_here(folder, "batch", service, *arguments, "--subject-column", "customer", "--json")
    assert done.returncode in ((0, 1) if code is None else (code,)), done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def as_requests(folder: Path, service: str, rows: list[Row], at: dt.datetime) -> list[dict[str, Any] | str]:
    """What each row gets when it is asked for alone at that moment; the class of its error where it gets none."""
    use = replace(wire(settings_in(folder), service), now=lambda: at)
    try:
        return [_alone(use, service, row) for row in rows]
    finally:
        use.close()


def _alone(use: Services, service: str, row: Row) -> dict[str, Any] | str:
    try:
        decision = make_decision(make_ask(service, row["customer"], as_sent(row), None), use)
    except OrdainError as error:
        return type(error).__name__
    answer = read_json(decision.entry.answer_on_trial(), "an answer")
    assert isinstance(answer, dict)
    return {"refused": decision.refused, **answer}


def as_told(folder: Path, name: str) -> dict[str, dict[str, Any]]:
    """The rows of an output by their customer, every cell as its text, lists as lists."""
    path = folder / name
    if path.is_dir():
        return {row["customer"]: row for file in sorted(path.iterdir()) for row in _rows(file)}
    return {row["customer"]: row for row in _rows(path)} if path.exists() else {}


def _rows(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return [{name: _text(cell) for name, cell in row.items()} for row in pq.read_table(path).to_pylist()]
    with path.open(newline="") as file:
        return [{name: _cell(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def _cell(cell: str) -> Any:
    return json.loads(cell) if cell.startswith("[") else cell or None


def _text(cell: Any) -> Any:
    if isinstance(cell, bool):
        return str(cell).lower()
    return cell if cell is None or isinstance(cell, list) else str(cell)


def differences(asked: list[dict[str, Any] | str], rows: list[Row], folder: Path, output: str) -> list[Any]:
    """Where an output, or what was rejected beside it, says something else than the answers."""
    decided = as_told(folder, output)
    ending = output.rpartition(".")[2] if "." in output else "parquet"
    rejected = as_told(folder, f"{output.removesuffix(f'.{ending}')}.rejects.{ending}")
    wrong = []
    for row, answer in zip(rows, asked, strict=True):
        told, refused = decided.get(row["customer"]), rejected.get(row["customer"])
        if isinstance(answer, str):
            if refused is None or refused["error_code"] != answer or told is not None:
                wrong.append((row, answer, told, refused))
        elif told is None or refused is not None or not same_outcome(answer, told):
            wrong.append((row, answer, told, refused))
    return wrong


def same_outcome(answer: dict[str, Any], told: dict[str, Any]) -> bool:
    if told.get("verdict") != answer.get("verdict") or told["status"] != answer["status"]:
        return False
    by_rules = [each for each in answer["reasons"] if "rule" in each]
    fired = {f"{each['policy']}@{each['version']}/{each['decision']}/{each['rule']}" for each in by_rules}
    if fired != set(told["fired"]) or told["versions"] != [
        f"{each['policy']}@{each['version']}" for each in answer["policies"]
    ]:
        return False
    return all(_is(told, name, value) for name, value in (answer["outcome"] or {}).items())


def _is(told: dict[str, Any], name: str, value: Any) -> bool:
    if isinstance(value, dict) and "currency" not in value:
        return all(_is(told, f"{name}.{part}", each) for part, each in value.items())
    cell = told[name] if name in told else told[f"outcome.{name}"]
    if isinstance(value, dict):
        value = value["amount"]
    if value is None or cell is None:
        return value is cell
    if isinstance(value, list):
        return bool(value == cell)
    try:
        return Decimal(str(value)) == Decimal(cell)
    except ArithmeticError:
        return str(value).lower() == cell.lower() if isinstance(value, bool) else value == cell


def moment(told: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(told["at"])


@pytest.mark.parametrize("service", SERVICES)
def test_rows_get_what_requests_get(tmp_path: Path, service: str) -> None:
    at = dt.datetime.now(dt.UTC)
    use = wire(settings_in(tmp_path), service)
    use.close()
    facts = facts_of(use.catalog, service, at)
    rows = customers_of(facts, 300, at)
    as_parquet(tmp_path / "in.parquet", facts, rows)
    told = batch(tmp_path, service, "in.parquet", "out.parquet")
    asked = as_requests(tmp_path, service, rows, moment(told))
    assert not (wrong := differences(asked, rows, tmp_path, "out.parquet")), f"{len(wrong)}: {str(wrong[0])[:3000]}"
    errors = sum(isinstance(each, str) for each in asked)
    assert (told["rows"], told["rejected"]) == (300, errors)
    assert 0 < errors < 300


@pytest.mark.parametrize("given", ["csv", "folder", "database"])
@pytest.mark.parametrize("output", ["out.parquet", "out.csv", "out"])
def test_what_rows_come_in_and_go_to_changes_nothing(tmp_path: Path, given: str, output: str, postgresql: str) -> None:
    at = dt.datetime.now(dt.UTC)
    use = wire(settings_in(tmp_path), "price-quote")
    use.close()
    facts = facts_of(use.catalog, "price-quote", at)
    rows = [
        {name: None if value == () else value for name, value in row.items()} for row in customers_of(facts, 120, at)
    ]
    source = [str(tmp_path / "in.csv")]
    if given == "csv":
        as_csv(tmp_path / "in.csv", facts, rows)
    elif given == "folder":
        (tmp_path / "in" / "later").mkdir(parents=True)
        as_csv(tmp_path / "in" / "a.csv", facts, rows[:50])
        as_csv(tmp_path / "in" / "later" / "b.csv", facts, rows[50:])
        source = [str(tmp_path / "in")]
    else:
        source = [_in_postgresql(postgresql, tmp_path, facts, rows), "--table", "customers"]
    told = batch(tmp_path, "price-quote", source[0], output, *source[1:])
    asked = as_requests(tmp_path, "price-quote", rows, moment(told))
    assert not (wrong := differences(asked, rows, tmp_path, output)), f"{len(wrong)}: {str(wrong[0])[:3000]}"
    assert told["decided"]


def _in_postgresql(url: str, folder: Path, facts: list[Any], rows: list[Row]) -> str:
    """A table of its columns' own types."""
    with psycopg.connect(url) as connection:
        columns = ", ".join(f'"{fact.name}" {_column(fact)}' for fact in facts)
        connection.execute(
            f"DROP TABLE IF EXISTS customers; CREATE TABLE customers (customer text, {columns})".encode()
        )
        names = ["customer", *(fact.name for fact in facts)]
        with connection.cursor() as cursor:
            marks = ", ".join(["%s"] * len(names))
            cursor.executemany(
                f"INSERT INTO customers VALUES ({marks})".encode(),
                [[list(v) if isinstance(v := row[name], tuple) else v for name in names] for row in rows],
            )
    return url


def _column(fact: Any) -> str:
    return {"number": "numeric", "flag": "boolean", "date": "date", "date_time": "timestamptz", "list": "text[]"}.get(
        fact.type.kind.name.lower(), "text"
    )


def test_scores_that_the_table_lacks_are_made(tmp_path: Path, models: Path) -> None:
    install_models(models, tmp_path)
    at = dt.datetime.now(dt.UTC)
    use = wire(settings_in(tmp_path), "retention")
    use.close()
    facts = [fact for fact in facts_of(use.catalog, "retention", at) if fact.name != "churn_risk"]
    reads = [fact for fact in use.models["churn"].reads if fact.name not in {each.name for each in facts}]
    rows = customers_of([*facts, *reads], 200, at, seed=3, faults=False)
    as_parquet(tmp_path / "in.parquet", [*facts, *reads], rows)
    told = batch(tmp_path, "retention", "in.parquet", "out.parquet")
    asked = as_requests(tmp_path, "retention", rows, moment(told))
    assert not (wrong := differences(asked, rows, tmp_path, "out.parquet")), f"{len(wrong)}: {str(wrong[0])[:3000]}"
    scores = {row["fact.churn_risk"] for row in as_told(tmp_path, "out.parquet").values()}
    assert len(scores - {None}) > 20
    assert None in scores  # who objected is not scored
