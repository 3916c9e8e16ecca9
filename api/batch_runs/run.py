"""A run from beginning to end: its parts decided and sealed, the output made, the run put on record, the files named.

Nobody sees an outcome before the run is on record. A run that was stopped anywhere is gone on with: parts that are done
are not made again, and one that is on record already is not recorded again.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from typing import Any
from uuid import UUID

import orjson

from ordain.api.ask import Ask
from ordain.api.batch_runs.counted_outcomes import summary_of
from ordain.api.batch_runs.deciding import Decided, Deciding, columns_in
from ordain.api.batch_runs.input_rows import InputRows
from ordain.api.batch_runs.on_spark import Spark
from ordain.api.batch_runs.output_files import OutputFiles
from ordain.api.batch_runs.part_facts import Asked, PartFacts
from ordain.api.batch_runs.run_folder import RunFolder
from ordain.api.batch_runs.summary_page import page_of
from ordain.api.decide import time_of
from ordain.api.limits import LIMITS
from ordain.api.outliving import end_with
from ordain.api.services import Services
from ordain.audit.entry.entry import new_id
from ordain.audit.rows import proof_file
from ordain.audit.rows.run_entry import RunTold, entry_of
from ordain.audit.rows.sealed_part import PART_ROWS, SealedPart, root_of, seal_part
from ordain.engine.errors import MalformedRequest, ModelDegradationDetected
from ordain.engine.values.temporal import fixed_offset

Json = dict[str, Any]
Look = Callable[[int], None]
"""Told how many rows are done; may raise to stop the run."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run over `rows` into `output`, for `caller`, who is put on record. `folder` is held while it goes on."""

    asked: Asked
    rows: InputRows
    output: OutputFiles
    folder: RunFolder
    use: Services
    caller: str
    synthetic: bool = False
    spark: Spark | None = None

    def go(self, look: Look, *, resume: bool) -> Json:
        """Decides everything and puts it on record; gives the summary (`batch_runs.counted_outcomes`).

        Raises MalformedRequest for a table, an output or a run to be resumed that does not fit, PolicyError for what
        cannot be said in SQL, ServiceStopped, NotRecorded and LedgerUnavailable, ExportFailed.
        """
        self._check_started()
        run = self._begun(resume)
        deciding = Deciding(PartFacts(run.rows, run.asked, self.use), self.spark)
        run._check_unchanged(deciding)
        parts, counts = run._parts(deciding, look)
        return run._finished(deciding, parts, counts)

    def _check_started(self) -> None:
        """Raises ServiceStopped, and MalformedRequest where another service is asked in its place."""
        asked = self.use.stopped.asked(Ask(self.asked.service, "", {})).service
        if asked != self.asked.service:
            raise MalformedRequest(
                f"the service `{self.asked.service}` is stopped, and `{asked}` answers in its place",
                f"decide the table by that one: ordain batch {asked} ...",
            )

    # -- what it sets out to do

    def _begun(self, resume: bool) -> Run:
        """This run at its moment, which is that of its beginning. Raises MalformedRequest."""
        takes_time = self.use.catalog.service(self.asked.service).takes_time
        if not resume:
            return replace(self, asked=replace(self.asked, at=self._moment(takes_time)))
        at = dt.datetime.fromisoformat(self.folder.manifest["at"])
        late = self.use.now() - at > dt.timedelta(seconds=LIMITS.batch_resumed)
        if late and not takes_time and "entry" not in self.folder.manifest:
            raise MalformedRequest(
                f"`{self.asked.service}` decides for the moment it is asked, and this run began at {at:%Y-%m-%d %H:%M}",
                f"delete the folder `{self.folder.path}`, and run it from the beginning",
            )
        return replace(self, asked=replace(self.asked, at=at))

    def _moment(self, takes_time: bool) -> dt.datetime:
        now = self.use.now()
        if self.asked.at is None:
            return now
        if not takes_time:
            raise MalformedRequest(
                f"the service `{self.asked.service}` takes no `at`: it decides for the moment it is asked",
                "leave --at out",
            )
        return time_of(Ask(self.asked.service, "", {}, self.asked.at), now, self.use.settings)

    def _intent(self, deciding: Deciding) -> Json:
        """What decides, and what is decided: the same for a run that is gone on with."""
        asked = self.asked
        models = {
            name: f"{model.version} {model.digest}"
            for name, model in self.use.models.items()
            if deciding.facts.gathers and not isinstance(model, ModelDegradationDetected)
        }
        return {
            "service": asked.service,
            "at": asked.moment.isoformat(),
            "input": self.rows.digest,
            "rows": self.rows.rows,
            "subject": asked.subject,
            "keep": list(asked.keep),
            "ignored": sorted(asked.ignored),
            "explained": asked.explained,
            "engine": "duckdb" if self.spark is None else "spark",
            "plans": [self.use.forms.of(plan).digest.decode() for plan in deciding.facts.plans],
            "models": models,
        }

    def _check_unchanged(self, deciding: Deciding) -> None:
        """Begins, or sees that what was begun is still this. Raises MalformedRequest."""
        intent = self._intent(deciding)
        if not self.folder.exists:
            self.folder.begin({"run": str(uuid.uuid4()), **intent})
            return
        for name, value in intent.items():
            if self.folder.manifest.get(name) != value:
                raise MalformedRequest(
                    f"{_CHANGED[name]} since the run in `{self.folder.path}` was begun, so it cannot be gone on with",
                    "delete that folder, and run it from the beginning",
                )

    # -- its parts

    def _parts(self, deciding: Deciding, look: Look) -> tuple[list[SealedPart], Json]:
        """All parts, those that are done already as they are."""
        count = -(-self.rows.rows // PART_ROWS)
        done = [self.folder.kept(number) for number in range(count)]
        waiting = [number for number in range(count) if done[number] is None]
        ready = sum(found[0].rows for found in done if found is not None)
        look(ready)
        with _sealing(len(waiting)) as seal:
            sealing: deque[tuple[Decided, Future[SealedPart] | SealedPart]] = deque()

            def keep(most: int) -> None:
                nonlocal ready
                while len(sealing) > most:
                    decided, coming = sealing.popleft()
                    sealed = coming.result() if isinstance(coming, Future) else coming
                    number = decided.first // PART_ROWS
                    counts = {"decided": decided.decided, "rejected": decided.rejected}
                    self.folder.keep(number, sealed, counts)
                    done[number] = (sealed, counts)
                    ready += sealed.rows
                    look(ready)

            for first, rows in _strides(waiting, deciding.stride, self.rows.rows):
                for decided in deciding.decide(self.folder, first, rows):
                    sealing.append((replace(decided, texts=[]), seal(decided.texts, decided.first)))
                    look(ready)
                    keep(LIMITS.batch_parts_sealing)
            keep(0)
        found = [each for each in done if each is not None]
        totals = {name: sum(counts[name] for _, counts in found) for name in ("decided", "rejected")}
        return [sealed for sealed, _ in found], totals

    # -- its end

    def _finished(self, deciding: Deciding, parts: list[SealedPart], counts: Json) -> Json:
        """The files made, the run on record, the files named."""
        folder, output, asked = self.folder, self.output, self.asked
        decided, rejected = output.made_in(folder)
        made = {
            output.path: decided,
            output.files.rejects: rejected,
            output.files.proof: folder.path / "rows.proof",
            output.summary: folder.path / "summary.html",
        }
        if "entry" not in folder.manifest:
            if not parts:  # a table without rows has an output without rows
                list(deciding.decide(folder, 0, 0))
            columns, rejects = (columns_in(file) for file in folder.part_files(0))
            output_digest, rejects_digest = output.make(
                folder, max(len(parts), 1), columns, rejects, counts["rejected"]
            )
            about = {
                "run": folder.manifest["run"],
                "key": asked.subject,
                "columns": [list(each) for each in columns],
                "reject_columns": [list(each) for each in rejects],
            }
            proof_file.write(made[output.files.proof], about, parts)
            summary = summary_of(folder, len(parts), columns, deciding.facts.kept, counts)
            summary |= {"service": asked.service, "at": asked.moment.isoformat(), "input": self.rows.told}
            labels = dict.fromkeys(each.policy.label for plan in deciding.facts.plans for each in plan.policies)
            summary |= {"run": folder.manifest["run"], "synthetic": self.synthetic, "versions": list(labels)}
            now = self.use.now()
            folder.note(
                entry=str(new_id(now)),
                recorded=now.isoformat(),
                output=output_digest,
                rejects=rejects_digest,
                counts=counts,
                summary=summary,
                about=about,
            )
        entry_id = UUID(folder.manifest["entry"])
        if self.use.ledger.reader.entry(entry_id) is None:
            self._record(deciding, entry_id, root_of(parts))
        summary = {**folder.manifest["summary"], "entry_id": str(entry_id), "output": str(output.path)}
        summary["rejects"] = str(output.files.rejects) if counts["rejected"] else None
        made[output.summary].write_text(page_of(summary), encoding="utf-8")
        output.take_place(made)
        folder.remove()
        return summary

    def _record(self, deciding: Deciding, entry_id: UUID, root: bytes) -> None:
        """Raises NotRecorded, LedgerUnavailable."""
        folder, asked = self.folder, self.asked
        manifest = folder.manifest
        self.use.stopped.look()
        self._check_started()
        forms = [self.use.forms.of(plan) for plan in deciding.facts.plans]
        now = fixed_offset(dt.datetime.fromisoformat(manifest["recorded"]))
        told = RunTold(
            run=manifest["run"],
            rows=self.rows.rows,
            decided=manifest["counts"]["decided"],
            rejected=manifest["counts"]["rejected"],
            root=root,
            input=self.rows.digest,
            output=manifest["output"],
            rejects=manifest["rejects"],
            at=asked.moment,
        )
        private = {
            "asked_by": self.caller,
            "files": {"input": self.rows.told, "output": str(self.output.path)},
            "columns": manifest["about"],
            "outcomes": manifest["summary"]["outcomes"],
        }
        policies = {orjson.dumps(each): each for form in forms for each in orjson.loads(form.policies)}
        models = (
            {name: model for form in forms for name, model in form.models.items()} if deciding.facts.gathers else {}
        )
        documents = {each.kind: each.reference.digest for form in forms for each in form.texts if each.kind in _NAMED}
        entry = entry_of(
            told,
            now,
            asked.service,
            private,
            policies=list(policies.values()),
            documents=documents,
            models=list(models.values()),
            entry_id=entry_id,
        )
        self.use.ledger.ledger.append(entry, [text for form in forms for text in form.texts])


_NAMED = ("vocabulary", "services")
_CHANGED = {
    "service": "another service was asked for",
    "at": "the moment changed",
    "input": "the input changed",
    "rows": "the input changed",
    "subject": "another --subject-column was named",
    "keep": "other columns to --keep were named",
    "ignored": "other columns to ignore were named",
    "explained": "--plain was chosen otherwise",
    "engine": "another --engine was named",
    "plans": "other versions of policies decide, or their texts changed,",
    "models": "other versions of models score",
}


def _strides(parts: Sequence[int], most: int, rows: int) -> Iterator[tuple[int, int]]:
    """Parts that follow on each other taken together, at most so many: the first row, and how many there are."""
    together: list[int] = []
    for number in [*parts, -1]:
        if together and (number != together[-1] + 1 or len(together) == most):
            first = together[0] * PART_ROWS
            yield first, min(len(together) * PART_ROWS, rows - first)
            together = []
        together.append(number)


def _begin_sealing(parent: int) -> None:
    """A sealing process ends with the run, however that ends, and leaves the keyboard to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(parent, LIMITS.helper_looks, partial(os._exit, 1))


@contextmanager
def _sealing(parts: int) -> Iterator[Callable[[list[str], int], Future[SealedPart] | SealedPart]]:
    """What seals a part: another process, where there are several, so that the next part is decided meanwhile."""
    if parts <= 1:
        yield seal_part
        return
    pool = ProcessPoolExecutor(
        LIMITS.batch_sealers, mp_context=get_context("spawn"), initializer=_begin_sealing, initargs=(os.getpid(),)
    )
    try:
        yield lambda texts, first: pool.submit(seal_part, texts, first)
    finally:
        pool.shutdown(cancel_futures=True)
