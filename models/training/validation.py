"""What decides about training on a table, in words, told before it begins.

The quality of data in general is `models.monitoring`'s; here stands what a reader must know of what will be learned.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ordain.engine.errors import counted
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import Kind
from ordain.models.data.table import LABEL, Table
from ordain.models.features.encoder import Encoder
from ordain.models.limits import LIMITS
from ordain.models.methods.copies import copies_in, numbered

FAR = 10.0
"""Times the distance of the quartiles; a number farther out than that is more often a slip than a customer."""


def validation(table: Table) -> tuple[str, ...]:
    """One sentence each: rows and labels, missing values, features that say nothing, copies, numbers far out.

    `LIMITS.listed` of a kind, the rest counted. Raises nothing for a table that was read.
    """
    told = [_rows(table)]
    for kind in (_missing, _constant, _far):
        found = [sentence for fact in table.facts if (sentence := kind(table, fact))]
        told += found[: LIMITS.listed]
        if len(found) > LIMITS.listed:
            told.append(f"and so of {counted(len(found) - LIMITS.listed, 'other feature')}")
    return (*told, *_copies(table))


def _rows(table: Table) -> str:
    told = f"{counted(len(table), 'row')}, {counted(len(table.facts), 'feature')}"
    if LABEL not in table.roles or not len(table):
        return told
    true = int(table.labels.sum())
    return f"{told}; the label is true in {counted(true, 'row')} ({true / len(table):.1%})"


def _missing(table: Table, fact: Fact) -> str:
    count = sum(row[fact.name] is None for row in table.rows)
    return f"`{fact.name}` is missing in {counted(count, 'row')} ({count / len(table):.1%})" if count else ""


def _constant(table: Table, fact: Fact) -> str:
    different = {row[fact.name] for row in table.rows}
    return f"`{fact.name}` is the same in all rows: it says nothing" if len(different) == 1 else ""


def _far(table: Table, fact: Fact) -> str:
    if fact.type.kind is not Kind.NUMBER:
        return ""
    values = np.array([float(value) for row in table.rows if (value := row[fact.name]) is not None])
    if len(values) < LIMITS.fewest_rows:
        return ""
    low, high = np.quantile(values, [0.25, 0.75])
    far = values[(values < low - FAR * (high - low)) | (values > high + FAR * (high - low))]
    if not len(far) or high == low:  # most are equal: whatever differs would be far out
        return ""
    farthest = far[np.abs(far - (low + high) / 2).argmax()]
    counts = f"{counted(len(far), 'number')} far from half of all ({low:g} to {high:g})"
    return f"`{fact.name}` has {counts}, the farthest {farthest:g}"


def _copies(table: Table) -> Iterator[str]:
    if LABEL not in table.roles or not table.facts or not len(table):
        return
    copies = copies_in(numbered(Encoder(table.facts).rows(table.rows)), table.labels)
    if copies.rows:
        torn = f", {copies.torn:,} of them among rows of both labels" if copies.torn else ""
        yield (
            f"{counted(copies.rows, 'row')} have the same features as an earlier one{torn}: copies stay in one part, "
            "so that none is tested on what was learned by heart"
        )
