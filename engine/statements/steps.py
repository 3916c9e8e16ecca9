"""A query whose steps read one another: as common table expressions, or one in the other."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from ordain.engine.backends.sql.dialects import Dialect


def in_steps(query: exp.Select, steps: Sequence[exp.Select], name: str, dialect: Dialect) -> exp.Select:
    """The query reading the last of the steps. The first has its table, each other reads the one before it.

    A step is called `name` with its number.
    """
    first, *others = [*steps, query]
    made = [first]
    for number, step in enumerate(others):
        label = f"{name}_{number}"
        source: exp.Expr = made[-1].subquery(label, copy=False) if dialect.nested else exp.to_table(label)
        made.append(step.from_(source, copy=False))
    *earlier, last = made
    if not dialect.nested:
        for number, step in enumerate(earlier):
            last = last.with_(f"{name}_{number}", as_=step, materialized=dialect.fenced or None, copy=False)
    return last
