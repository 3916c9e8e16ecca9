"""The conditions of a query that no envelope can settle, on records that were opened."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ordain.audit.ledger.reader import Reader, Record
from ordain.audit.ledger.restoring import NOT_RESTORED
from ordain.audit.records.by_envelope import EnvelopeTest
from ordain.audit.records.follow_ups import settlements
from ordain.audit.records.older_forms import in_todays_form
from ordain.audit.records.query import OPEN, Query
from ordain.audit.records.where import Where
from ordain.engine.policy.model import Verdict

Json = dict[str, Any]


class PrivateTest:
    """Each set of policies is looked at once for a FEEL condition. For one thread."""

    def __init__(self, query: Query, reader: Reader) -> None:
        """Raises MalformedRequest for a `where` that is no expression."""
        self._query, self._reader, self._of_envelope = query, reader, EnvelopeTest(query)
        self._settled = settlements(reader).keys() if query.review is not None else frozenset()
        self._wheres = [Where(text) for text in query.where]

    def fits(self, record: Record) -> bool | None:
        """None when the record no longer says what is asked. Raises MalformedRequest."""
        query, private = self._query, record.private
        if not query.asks_of_decisions:
            return True
        if private is None:
            return None
        told = [self._review(record), self._at(private), self._outcome(private), self._rules(private)]
        told.append(not query.fell_back or bool(private.get("fallbacks")))
        told += [where.holds(record, self._reader.past) for where in self._wheres]
        if False in told:
            return False
        return None if None in told else True

    def check(self) -> None:
        """Raises MalformedRequest when a `where` asks for what no decision of this ledger can have."""
        for where in self._wheres:
            where.check(self._reader, self._query.service)

    def _review(self, record: Record) -> bool:
        if self._query.review is None:
            return True
        is_open = str(record.entry.id) not in self._settled
        return is_open is (self._query.review == OPEN) and record.envelope["outcome_class"] == Verdict.REVIEW

    def _at(self, private: Json) -> bool | None:
        since, until = self._query.at_since, self._query.at_until
        if since is None and until is None:
            return True
        if "at" not in private:
            return None
        at = dt.datetime.fromisoformat(private["at"])
        return (since is None or at >= since) and (until is None or at < until)

    def _outcome(self, private: Json) -> bool | None:
        if not self._query.outcome:
            return True
        if "outcome" not in private:
            return None
        return all(condition.holds(private["outcome"]) for condition in self._query.outcome)

    def _rules(self, private: Json) -> bool | None:
        """Whether a rule of the wanted decision fired, the wanted rule if one is; whether a rule itself denied it."""
        query = self._query
        if query.decision is None and query.denied_by is None:
            return True
        if NOT_RESTORED in private:
            return None
        reasons = [reason for reason in in_todays_form(private).get("reasons") or () if reason.get("rule")]
        here = [reason for reason in reasons if query.decision in (None, reason.get("decision"))]
        fired = not query.rule or any(self._is(query.rule, reason) for reason in here)
        denied = query.denied_by is None or any(
            reason.get("verdict") == Verdict.DENY and self._is(query.denied_by, reason) for reason in here
        )
        return bool(here) and fired and denied

    def _is(self, rule: str, reason: Json) -> bool:
        return self._of_envelope.is_rule(rule, f"{reason['policy']}/{reason['rule']}")
