"""Columns by their names: no two that a database would take for one, and none kept under a name of the result.

Most databases do not tell `Fee` from `fee` among the columns of a table, so nothing here does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ordain.engine.backends.sql.dialects import Dialect
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.errors import Issue, MalformedRequest

_BYTES_OF_NAME = 63
"""What PostgreSQL keeps of a name."""


def distinct(names: Iterable[str], dialect: Dialect) -> None:
    """Raises Unsupported where two of the names are one column for a database."""
    seen: dict[str, str] = {}
    for name in names:
        key = name.casefold()
        if dialect.name == "postgres":
            key = key.encode()[:_BYTES_OF_NAME].decode(errors="ignore")
        if key in seen:
            raise Unsupported(
                f"a database takes `{seen[key]}` and `{name}` for one column", "give one of them another name"
            )
        seen[key] = name


def kept_columns(keep: Sequence[str], taken: Collection[str], there: Collection[str] | None) -> list[str]:
    """The columns that are handed on, each once. `taken` are the names of the result, `there` those of the table.

    Raises MalformedRequest for one that the result has a column of its own for, and for one that the table lacks.
    """
    result = {name.casefold() for name in taken}
    issues: list[Issue] = []
    kept: dict[str, str] = {}
    for name in keep:
        if not name.strip() or "\0" in name:
            issues.append(Issue("`--keep` needs the name of a column", "for example --keep customer_id"))
        elif name.casefold() in result:
            hint = "hand it on under another name, from a view of the table that calls it otherwise"
            issues.append(Issue(f"`{name}` cannot be kept: the result has a column of this name", hint))
        elif there is not None and name.casefold() not in {each.casefold() for each in there}:
            issues.append(Issue(f"`{name}` cannot be kept: the table has no such column", f"it has {_some(there)}"))
        else:
            kept.setdefault(name.casefold(), name)
    if issues:
        raise MalformedRequest(issues)
    return list(kept.values())


def _some(names: Collection[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in sorted(names)[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown or "none"
