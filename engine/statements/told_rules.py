"""Which rules fired, and why, in the order in which a decision tells of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from ordain.engine.backends.sql.scope_in_sql import Fired
from ordain.engine.backends.sql.sql_terms import Term, case, text


@dataclass(slots=True)
class Told:
    """Terms of texts, each null where its rule did not fire: `policy@version/decision/rule`, and the reasons."""

    fired: list[Term] = field(default_factory=list)
    reasons: list[Term] = field(default_factory=list)

    def rules(self, label: str, found: Fired) -> None:
        """Adds the rules of a table of the policy `label`."""
        for rule, when, reason in zip(found.table.rules, found.rules, found.reasons, strict=True):
            self.fired.append(case([(when, text(f"{label}/{found.table.name}/{rule.id}"))]))
            if reason is not None:
                self.reasons.append(case([(when, reason)]))
