"""A backtest of what is on record: the same for the command and over HTTP, and its reading is on record first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from ordain.api.backtest.pair import Pair
from ordain.api.backtest.recorded_decisions import Redecider, recorded_pairs
from ordain.api.backtest.shadows import Shadows
from ordain.api.backtest.tally import Tally
from ordain.api.backtest.tried_versions import Chosen, chosen_facts
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.limits import LIMITS as AUDIT
from ordain.audit.records.export import places_with
from ordain.audit.records.query import Query
from ordain.audit.records.readings import Access, note_search
from ordain.audit.records.search import Looked, Progress, nothing_shown
from ordain.engine.policy.facts import Vocabulary

Json = dict[str, Any]
Added = Callable[[Pair, bool | None], None]
"""Called with each decision, and whether it changed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Facts that segments and groups are told by; without any, those that `chosen_facts` takes. `before` is how errors
    write the names of these options. With `shadow` what was tried beside is compared, and nothing decided again."""

    by: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    synthetic: bool = False
    before: str = "--"
    shadow: bool = False

    def tally(self, vocabulary: Vocabulary) -> Tally:
        """Raises MalformedRequest for a fact that there is not."""
        return Tally(*chosen_facts(vocabulary, self.by, self.groups, self.before))

    def result(self, tally: Tally, chosen: Chosen) -> Json:
        data = tally.data()
        unseen = [name for name in data["groups_not_seen"] if name in self.groups]
        return {
            "with": list(chosen.labels),
            "other_versions": {name: list(numbers) for name, numbers in chosen.others.items()},
            "synthetic": self.synthetic,
            **({"shadow": True} if self.shadow else {}),
            **data,
            "groups_not_seen": unseen,
        }


@dataclass(frozen=True, slots=True)
class OverRecord:
    """`by` reads, which is noted as an `action`; `file` is the name of what the decisions are written to, if any."""

    opened: OpenLedger
    vocabulary: Vocabulary
    chosen: Chosen
    by: Access
    wanted: Wanted
    action: str = "backtest"
    file: str | None = None

    def run(
        self,
        query: Query,
        check_found: Callable[[int, Query], None],
        most: int | None = None,
        added: Added | None = None,
        progress: Progress = nothing_shown,
    ) -> Json:
        """All that fits the query and was decided under one of the policies, or the first `most` of it.

        `check_found` is told how many there were. Raises what that and `progress` do, MalformedRequest, NotRecorded,
        LedgerUnavailable; then nothing may be shown.
        """
        reader, looked, chosen = self.opened.reader, Looked(), self.chosen
        if len(chosen.policies) == 1:  # of one the envelopes say what was decided under it, of several each is read
            query = replace(query, policy=next(iter(chosen.policies)))
        tally, ids, places = self.wanted.tally(self.vocabulary), list[str](), None
        kind = Shadows if self.wanted.shadow else Redecider
        redecider = kind(reader.past, chosen.policies, self.vocabulary.text)
        for record, pair in islice(recorded_pairs(reader, redecider, query, progress, looked), most):
            changed = tally.add(pair)
            if added is not None:
                added(pair, changed)
            places = places_with(places, record)
            if len(ids) < AUDIT.ids_named:
                ids.append(pair.name)
        check_found(tally.decisions + looked.unreadable, query)
        if tally.decisions:
            tried = {"policies": list(chosen.labels), "file": self.file}
            note_search(self.opened, self.action, self.by, query, ids, tally.decisions, places, **tried)
        asked = {key: value for key, value in query.as_json().items() if key in ("since", "until", "service")}
        return {"source": "ledger", **asked, **self.wanted.result(tally, chosen)}
