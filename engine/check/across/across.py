"""Checks that look at several policies, services and the vocabulary at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

from ordain.engine.catalog import Catalog
from ordain.engine.check.across.fit import cycles, given_twice, unfed_facts, unknown_outputs
from ordain.engine.check.across.held import Parts, parts
from ordain.engine.check.across.promises import promises
from ordain.engine.check.across.protected_paths import protected_paths
from ordain.engine.check.across.rules_at_odds import rules_at_odds
from ordain.engine.check.across.shared_parts import calendars_ending, older_shared, unused_shared
from ordain.engine.check.across.unused import unread_facts, unused_names, unused_outputs, unused_policies
from ordain.engine.check.across.validity import (
    never_in_force,
    retired_facts,
    validity_gaps,
    validity_overlaps,
    versions_cross,
)
from ordain.engine.errors import Issue, Level
from ordain.engine.policy.facts import ModelCard

CHECKS: tuple[Callable[[Parts], Iterator[Issue]], ...] = (
    unfed_facts,
    unknown_outputs,
    given_twice,
    cycles,
    protected_paths,
    rules_at_odds,
    promises,
    versions_cross,
    validity_gaps,
    validity_overlaps,
    never_in_force,
    retired_facts,
    unread_facts,
    unused_policies,
    unused_outputs,
    unused_names,
    unused_shared,
    older_shared,
    calendars_ending,
)
_LEVELS = list(Level)


def across(catalog: Catalog, models: Sequence[ModelCard] | None = None, today: dt.date | None = None) -> list[Issue]:
    """All findings across the policies of a catalog, errors first, then by place.

    `models` are the usable ones; None when it is not known which there are. With `today`, versions that another one has
    replaced by then are not looked at. A catalog that `load_catalog` made has no errors left to find but those through
    models.
    """
    looked_at = parts(catalog, models, today)
    findings = list(dict.fromkeys(issue for check in CHECKS for issue in check(looked_at)))
    return sorted(findings, key=_order)


def _order(issue: Issue) -> tuple[int, str, int, int, str]:
    span = issue.span
    place = (span.file, span.line, span.column) if span is not None else ("", 0, 0)
    return (_LEVELS.index(issue.level), *place, issue.message)
