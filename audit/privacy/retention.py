"""Retention by age: the private parts of old entries are removed. Their envelopes stay, and every proof with them.

What is about nobody stays, too, what a legal hold protects, and what no checkpoint covers yet. Each private part is
held to the key that it names before it goes: it may be that of somebody who is held, under another name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ordain.audit.entry.canonical import canonical
from ordain.audit.entry.entry import VERIFY, Entry, Kind, first_id, id_text, new_id, utc
from ordain.audit.entry.keys import OPERATION
from ordain.audit.ledger.genuine import Forged, Genuine
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.audit.limits import LIMITS
from ordain.audit.privacy.on_record import on_record
from ordain.audit.store.private_parts import Only, Stored
from ordain.audit.store.rows import CHECKPOINT, SUBJECT_KEY
from ordain.engine.errors import LedgerUnavailable, MalformedRequest, NotRecorded, OrdainError


@dataclass(frozen=True, slots=True)
class Retained:
    """`payloads` were removed, or would be, `erased` of them had lost their key already; `partitions` were dropped
    whole.
    """

    payloads: int
    erased: int
    partitions: int = 0


def retain(
    opened: OpenLedger,
    before: dt.datetime,
    *,
    private: dict[str, object],
    keep: dt.timedelta = dt.timedelta(0),
    service: str | None = None,
    jurisdiction: str | None = None,
    dry_run: bool = False,
) -> Retained:
    """Removes the payloads of entries made before `before`, in steps, each recorded with what it removed.

    `keep` is how long the law has every record kept. With `service`, or `jurisdiction`, only decisions of it. By the
    second private parts are opened, as envelopes no longer tell it; those that nothing opens, of erased persons, stay
    until their age alone removes them. With `dry_run` it only says what would be removed.

    Decisions go on meanwhile. Raises MalformedRequest for a time since which records are to be kept; NotRecorded, and
    LedgerUnavailable when somebody changed what is to be removed: what earlier steps removed is on record then.
    """
    if keep and before > (earliest := opened.now() - keep):
        raise MalformedRequest(
            f"records are kept for {keep.days} days (`keep_days`), and those made since {earliest:%Y-%m-%d %H:%M} UTC"
            f" are younger; this asks for all before {before:%Y-%m-%d %H:%M}",
            f"give `--days {keep.days}` or more, or a day before {earliest:%Y-%m-%d}",
        )
    with suppress(OrdainError):  # what cannot be signed stays
        opened.settle()
    removal = _Removal(opened, before, {"service": service, "jurisdiction": jurisdiction})
    if dry_run:
        return removal.counted()
    try:
        return removal.carried_out(private)
    except opened.store.failures as error:
        raise NotRecorded(opened.store.explain(error)) from error


class _Removal:
    def __init__(self, opened: OpenLedger, before: dt.datetime, only: dict[str, str | None]) -> None:
        self.opened, self.before = opened, before
        self.only = {name: value for name, value in sorted(only.items()) if value is not None}
        of_service = {name: value for name, value in self.only.items() if name == "service"}
        self.law = self.only.get("jurisdiction")
        self.marks: Only = tuple(canonical({name: value})[1:-1] for name, value in of_service.items())
        if self.only:
            self.marks += (b'"kind":"decision"',)
        today = opened.now().date()
        with opened.store.reading() as connection:
            self.signed = connection.execute(sa.select(sa.func.max(CHECKPOINT.c.size))).scalar() or 0
            record = on_record(opened, connection)
        self.genuine = Genuine(opened.keyring)
        self.held = record.stays(today)
        self.secrets = [self.genuine.secret(record.of_key[key][-1]) for key in sorted(self.held)]
        columns, house = SUBJECT_KEY.c, (opened.keyring.tag(None), opened.keyring.tag(OPERATION))
        told = sa.or_(
            columns.hold.is_not(None), columns.erase_not_before > today.isoformat(), columns.tag.in_(house)
        )  # whoever was held since this began is in the table
        few = [columns.key.in_(some) for some in _chunks(sorted(self.held))]
        self.stays = sa.select(columns.key).where(sa.or_(told, *few))

    def counted(self) -> Retained:
        of, private = (first_id(self.before), self.stays, self.marks, self.signed), self.opened.store.private
        if self.law is None:
            with self.opened.store.reading() as connection:
                return Retained(*private.count_old(connection, *of))
        total, after, some = Retained(0, 0), b"", [b""]
        while some:
            with self.opened.store.reading() as connection:
                rows = private.old(connection, after, *of, LIMITS.payloads_at_once)
            some = [row.id for row in rows]
            after = some[-1] if some else after
            wanted = self._of_law(rows)
            total = Retained(total.payloads + len(wanted), total.erased + sum(row.named is None for row in wanted))
        return total

    def carried_out(self, private: dict[str, object]) -> Retained:
        store = self.opened.store
        total, after = Retained(0, 0), b""
        months = [] if self.marks else store.whole_months(self.before.date())
        while True:
            month = months.pop(0) if months else None
            with store.transaction() as connection:
                store.lock_housekeeping(connection)
                store.take_any_time(connection)
                began = after
                if month is None:
                    removed, after = self._step(connection, after)
                else:
                    removed = self._month(connection, month)
                if removed.payloads:
                    store.private.forget_unused(connection, first_id(self.before), self.stays)
                    self._note(connection, removed, private)
            total = Retained(
                total.payloads + removed.payloads, total.erased + removed.erased, total.partitions + removed.partitions
            )
            if month is None and after == began:
                break
        if total.payloads:
            store.empty_log()
        return total

    def _step(self, connection: sa.Connection, after: bytes) -> tuple[Retained, bytes]:
        """What was removed, and the id that the next step goes on after: the same where there was no more."""
        private, most = self.opened.store.private, LIMITS.payloads_at_once
        rows = private.old(connection, after, first_id(self.before), self.stays, self.marks, self.signed, most)
        if not rows:
            return Retained(0, 0), after
        going = self._of_law(rows)
        self._check(going)
        removed = private.remove(connection, [row.id for row in going])
        return Retained(removed, sum(row.named is None for row in going)), rows[-1].id

    def _of_law(self, rows: list[Stored]) -> list[Stored]:
        """Those of the wanted jurisdiction, by the envelope or else by the private part."""
        return [row for row in rows if self.law is None or self._law_of(row) == self.law]

    def _law_of(self, row: Stored) -> str | None:
        law: str | None = self.opened.reader.told_of_stored(row).envelope["jurisdiction"]
        return law

    def _month(self, connection: sa.Connection, month: str) -> Retained:
        """Drops the partition of a month, unless something of it is not to go: then it goes step by step."""
        store = self.opened.store
        after, last = store.month_bounds(month)
        going = 0
        while rows := store.private.old(connection, after, last, self.stays, (), self.signed, LIMITS.payloads_at_once):
            self._check(rows)
            going, after = going + len(rows), rows[-1].id
        if going != store.count_month(connection, month, self.stays):
            return Retained(0, 0)
        payloads, erased = store.drop_month(connection, month, self.stays)
        return Retained(payloads, erased, 1)

    def _check(self, rows: Iterable[Stored]) -> None:
        """Raises LedgerUnavailable for what is not under the key that it names, or is of somebody who is held."""
        for row in rows:
            try:
                if row.named is not None:
                    right = self.genuine.is_under(row, self.genuine.secret(row))
                else:
                    right = not any(self.genuine.is_under(row, secret) for secret in self.secrets)
            except Forged:
                right = False
            if not right:
                raise LedgerUnavailable(
                    f"which key opens the entry `{id_text(row.id)}` was changed: it stays, and what is younger",
                    VERIFY,
                )

    def _note(self, connection: sa.Connection, removed: Retained, private: dict[str, object]) -> None:
        about: dict[str, Any] = {"before": utc(self.before), "payloads": removed.payloads, "erased": removed.erased}
        now = self.opened.now()
        entry = Entry(new_id(now), now, Kind.RETENTION, private, about=about | self.only)
        self.opened.store.add(connection, self.opened.ledger.prepare(entry))


def _chunks(keys: list[bytes]) -> list[list[bytes]]:
    return [keys[start : start + LIMITS.names_at_once] for start in range(0, len(keys), LIMITS.names_at_once)]
