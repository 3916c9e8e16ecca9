"""Segments of a real retailer's customers by recency, frequency and amount (Chen 2012)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import NUMBER
from ordain.models.data.table import Table
from ordain.models.specs.segments import SPEC

COLUMNS = ("recency_days", "orders", "amount")


@pytest.fixture(scope="module")
def customers(shared_data: Path) -> Table:
    """4,338 customers: days since the last order, orders, pounds; cancelled invoices left out."""
    path = shared_data / "online_retail" / "online_retail.csv.gz"
    used = ["InvoiceNo", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"]
    lines = pd.read_csv(path, encoding_errors="replace", usecols=used, dtype={"InvoiceNo": str})
    kept = (
        lines.CustomerID.notna() & ~lines.InvoiceNo.str.startswith("C") & (lines.Quantity > 0) & (lines.UnitPrice > 0)
    )
    lines = lines[kept].assign(
        at=lambda part: pd.to_datetime(part.InvoiceDate), paid=lambda p: p.Quantity * p.UnitPrice
    )
    grouped = lines.groupby("CustomerID").agg(at=("at", "max"), orders=("InvoiceNo", "nunique"), amount=("paid", "sum"))
    grouped["recency_days"] = (grouped["at"].max() + pd.Timedelta(days=1) - grouped["at"]).dt.days
    rows = tuple(
        {name: Decimal(f"{row[name]:.2f}") for name in COLUMNS} for row in grouped[list(COLUMNS)].to_dict("records")
    )
    facts = tuple(Fact(name, NUMBER) for name in COLUMNS)
    subjects = tuple(f"{number:.0f}" for number in grouped.index)
    return Table("online retail", facts, subjects, rows, "")


@pytest.mark.parametrize(("count", "silhouette"), [(2, 0.43), (4, 0.34)])
def test_silhouettes_of_a_retailers_customers_are_those_that_were_measured_before(
    customers: Table, count: int, silhouette: float
) -> None:
    report = replace(SPEC, segments=count).train(customers).report
    figures = {figure.name: figure for figure in report.figures}
    assert figures["silhouette"].value == pytest.approx(silhouette, abs=0.025)
    assert figures["restart_agreement"].value > 0.8
    assert figures["silhouette"].baseline is not None
    assert figures["silhouette"].baseline < 0.05


def test_names_are_made_from_what_marks_the_segments_where_no_profile_fits(customers: Table) -> None:
    artifact = replace(SPEC, segments=2).train(customers)
    [sizes] = [plot for plot in artifact.report.plots if plot.name == "sizes"]
    assert all(any(column in str(name) for column in COLUMNS) for name in sizes.series[0].xs)
