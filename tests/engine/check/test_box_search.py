"""The search for inputs that no rule accepts, in columns of many pieces of which each rule accepts a stretch."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from ordain.engine.check.tables.box_search import Budget, Search, TooIntertwined

RULES, PIECES = 24, 400
Columns = list[list[tuple[int, int]]]


def stretches(random: Random, columns: int) -> Columns:
    """In each column a rule accepts one stretch, or all but one."""
    made = []
    for _ in range(columns):
        masks = [0] * PIECES
        for rule in range(RULES):
            start, end = sorted(random.sample(range(PIECES + 1), 2))
            inside = random.random() < 0.9
            for piece in range(PIECES):
                masks[piece] |= ((start <= piece < end) == inside) << rule
        made.append(list(enumerate(masks)))
    return made


def uncovered(columns: Columns, mask: int) -> int:
    """How many different sets of rules, column after column, leave none: counted one by one."""
    if not mask:
        return 1
    if not columns:
        return 0
    return sum(uncovered(columns[1:], left) for left in {accepting & mask for _, accepting in columns[0]})


@pytest.mark.parametrize("seed", range(6))
def test_as_many_boxes_as_are_counted_one_by_one(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - test data, nothing secret
    columns = stretches(random, 3)
    every = (1 << RULES) - 1
    search, spent = Search(columns, budget := Budget(10**9)), 10**9
    assert search.count(every) == uncovered(columns, every)
    assert search.any(every) == (uncovered(columns, every) > 0)
    assert spent - budget.left == len(search.counts) * PIECES  # a step for each piece, however it was looked at


def test_every_box_found_is_covered_by_none() -> None:
    columns = stretches(Random(7), 2)  # noqa: S311 - test data, nothing secret
    every = (1 << RULES) - 1
    search = Search(columns, Budget(10**9))
    boxes = list(search.boxes(every)) if search.count(every) else []
    assert len(boxes) == search.count(every)
    covered = 0
    for box in boxes:
        for first, second in product(*box):
            assert columns[0][first][1] & columns[1][second][1] == 0
            covered += 1
    assert covered == sum(not one & other for (_, one), (_, other) in product(*columns))


def test_it_gives_up_when_the_steps_are_used_up() -> None:
    search = Search(stretches(Random(3), 3), Budget(PIECES * 2))  # noqa: S311 - test data, nothing secret
    with pytest.raises(TooIntertwined):
        search.count((1 << RULES) - 1)
