"""What the history of purchases comes down to."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np

from ordain.models.methods.lifetime.purchases import bought, histories, purchases_of

DAY = dt.date(2025, 1, 1).toordinal()


def some() -> tuple[list[str], list[int], list[float]]:
    rows = [("b", 0, 5.0), ("a", 14, 30.0), ("a", 0, 10.0), ("a", 7, 20.0), ("a", 7, 2.0), ("c", 40, 1.0)]
    return [row[0] for row in rows], [DAY + row[1] for row in rows], [row[2] for row in rows]


def test_purchases_of_one_day_are_one_and_the_first_is_no_repeat() -> None:
    known = histories(purchases_of(*some()), DAY + 28)
    assert known.frequency.tolist() == [2.0, 0.0]
    assert known.recency.tolist() == [2.0, 0.0]
    assert known.age.tolist() == [4.0, 4.0]
    assert known.mean_amount[0] == (22.0 + 30.0) / 2
    assert math.isnan(known.mean_amount[1])


def test_what_comes_later_is_not_known_yet() -> None:
    purchases = purchases_of(*some())
    early = histories(purchases, DAY + 7)
    assert early.frequency.tolist() == [1.0, 0.0]
    assert early.customer.tolist() == [0, 1]
    count, amount = bought(purchases, early.customer, DAY + 7, DAY + 60)
    assert count.tolist() == [1.0, 0.0]
    assert amount.tolist() == [30.0, 0.0]


def test_before_the_first_purchase_nobody_is_known() -> None:
    assert len(histories(purchases_of(*some()), DAY - 1)) == 0


def test_the_order_of_rows_does_not_matter() -> None:
    rows = list(zip(*some(), strict=True))
    turned = purchases_of(*(list(column) for column in zip(*reversed(rows), strict=True)))
    same = purchases_of(*some())
    assert turned.subjects == same.subjects
    assert np.array_equal(turned.day, same.day)
    assert np.array_equal(turned.amount, same.amount)
