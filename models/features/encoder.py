"""From facts to the row of numbers that a model reads: the one place, for training and for serving.

A number or a flag takes one cell; a text takes one cell per value (one-hot). What is missing is NaN in all its
cells, which XGBoost routes by the default direction it learned (Chen and Guestrin 2016, section 3.4). Cells are
float32, as XGBoost compares them; numbers go through Python's float, the nearest double, on their way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from ordain.engine.errors import CustomerDataIncomplete, DataQualityIssue, Issue, did_you_mean
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import Kind, Value

Row = NDArray[np.float32]

LARGEST = float(np.finfo(np.float32).max)
_NAN = float("nan")


class Encoder:
    """Encodes the facts of one model. `starts[i]` is the first cell of `facts[i]`; `width` counts all cells."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.facts = tuple(facts)
        self.starts: list[int] = []
        self.width = 0
        self._plan: list[tuple[Fact, int, int, dict[Value, int] | None]] = []
        for fact in self.facts:
            values = fact.type.values if fact.type.kind is Kind.TEXT else None
            cells = 1 if values is None else len(values)
            slots = None if values is None else {text: self.width + at for at, text in enumerate(values)}
            self._plan.append((fact, self.width, cells, slots))
            self.starts.append(self.width)
            self.width += cells

    def row(self, inputs: Mapping[str, Value]) -> Row:
        """One row, shape (1, width), float32; each cell in its fact's unit. Raises as `cells`."""
        return np.array([self.cells(inputs)], dtype=np.float32)

    def cells(self, inputs: Mapping[str, Value]) -> list[float]:
        """The cells of one row, `width` of them.

        Raises, naming the fact, CustomerDataIncomplete (missing and not optional) and DataQualityIssue (beyond float32,
        or a text that was not there in training).
        """
        cells = [0.0] * self.width
        for fact, start, count, slots in self._plan:
            value = inputs.get(fact.name)
            if value is None:
                if not fact.optional:
                    raise CustomerDataIncomplete(Issue(f"the model needs `{fact.name}`", fact=fact.name))
                cells[start : start + count] = [_NAN] * count
            elif slots is None:
                cells[start] = cell = float(value)
                if not -LARGEST <= cell <= LARGEST:
                    message = f"`{fact.name}` is too large for the model"
                    raise DataQualityIssue(Issue(message, f"at most {LARGEST:.3g}", fact=fact.name))
            elif (slot := slots.get(value)) is not None:
                cells[slot] = 1.0
            else:
                message = f"`{fact.name}`: the model does not know `{value}`"
                raise DataQualityIssue(Issue(message, did_you_mean(str(value), slots), fact=fact.name))
        return cells

    def rows(self, many: Iterable[Mapping[str, Value]]) -> Row:
        """Many rows, shape (n, width), float32; (0, width) for none. Raises as `row`."""
        rows = [self.cells(inputs) for inputs in many]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.width)
