"""The tables of a version as grids, to be read, and as sheets, to be edited; and single rules of it checked at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ordain.api.cli.grids import as_data, grids_in
from ordain.api.lifecycle.texts import Found
from ordain.api.lifecycle.workbench import Workbench, of_version
from ordain.api.services import Services
from ordain.api.told_findings import cells_told
from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.catalog import Catalog, Texts, known_vocabulary
from ordain.engine.dmn.reading.policy_file import read_policy
from ordain.engine.errors import PolicyRefused
from ordain.engine.examples.coverage import measure
from ordain.engine.examples.run import decided
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.model import HitPolicy, Table
from ordain.engine.sheets.book import heading_of
from ordain.engine.sheets.cases.case_sheet import case_book, cases_of
from ordain.engine.sheets.edits import PathOf
from ordain.engine.sheets.row_edits import RowEdit, edited_row_issues
from ordain.engine.sheets.sections import FREE, Section, sections_of
from ordain.engine.uncollected import uncollected

Json = dict[str, Any]


def compiled_of(use: Services, bench: Workbench, policy: str, number: int, found: Found) -> CompiledPolicy:
    """A version as its text says it; from what is compiled already, where it is. Raises PolicyRefused, PolicyError."""
    with bench.versions(use) as (catalog, _):
        known = _in_catalog(catalog, policy, number, found)
    if known is not None:
        return known
    with of_version():
        if found.file.endswith(".dmn"):
            return compile_policy(read_policy(found.text, found.file, catalog.vocabulary))
        return compile_policy(load_policy(found.text, found.file, catalog.vocabulary, use.settings.zone))


def _in_catalog(catalog: Catalog, policy: str, number: int, found: Found) -> CompiledPolicy | None:
    for each in catalog.versions.get(policy, ()):
        if each.policy.version == number and each.policy.digest == found.digest:
            return each
    return None


def grids_told(compiled: CompiledPolicy) -> list[Json]:
    """As `ordain table --json` has them; none for a policy of formulas alone."""
    policy = compiled.policy
    has_tables = any(each.takes for each in policy.functions) or any(isinstance(d, Table) for d in policy.decisions)
    return [as_data(grid) for grid in grids_in(policy)] if has_tables else []


def sheets_told(found: Found, vocabulary: Vocabulary) -> list[Json]:
    """Each list of rules as a sheet: what it is, its headings, and its rows, of which each has a text for each heading.

    A heading has the declared `values` of its fact or output, and its `type`, `unit`, `range` and `meaning` where
    these are known, else "". None for what is no YAML. Raises PolicyRefused."""
    if found.file.endswith(".dmn"):
        return []
    with of_version():
        return [_sheet_told(section, vocabulary) for section in _sections(found.text)]


_HIT = {"promises": HitPolicy.FIRST}
"""Of lists that name no hit policy; of all others every rule counts."""


def _sheet_told(section: Section, vocabulary: Vocabulary) -> Json:
    headings = [heading_of(path) for path in section.columns]
    about = dict(section.about)
    return {
        "name": section.name,
        "about": about,
        "hit_policy": about.get("hit policy") or _HIT.get(str(section.path[-1]), HitPolicy.COLLECT),
        "free": list(section.free),
        "headings": [
            {"text": heading, "part": path[0], **_told_of(path, section, vocabulary)}
            for heading, path in zip(headings, section.columns, strict=True)
        ],
        "rows": [
            [*(row.cells.get(path, "") for path in section.columns[:-1]), row.comment] for row in section.rows
        ],
    }  # fmt: skip


def _told_of(path: PathOf, section: Section, vocabulary: Vocabulary) -> Json:
    """What may stand in a column."""
    told = {"values": list(section.values.get(path, ())), "type": section.types.get(path, ""), **_UNKNOWN}
    name = path[-1]
    if path[0] in FREE and name in vocabulary:
        fact = vocabulary[name]
        told |= {"values": list(fact.type.values), "type": str(fact.type), "unit": fact.type.unit}
        told |= {"range": "" if fact.limits is None else str(fact.limits), "meaning": fact.meaning}
    return told


_UNKNOWN = {"unit": "", "range": "", "meaning": ""}


@lru_cache(maxsize=4)
def _sections(text: bytes) -> tuple[Section, ...]:
    """Of large tables this takes long, and a cell is checked in no time."""
    with uncollected():
        return sections_of(text.decode("utf-8-sig"))


def rows_checked(texts: Texts, label: str, found: Found, edits: Sequence[RowEdit]) -> list[Json]:
    """What is wrong with edited rules by themselves. Raises MalformedRequest, PolicyRefused."""
    if found.file.endswith(".dmn"):
        raise PolicyRefused(f"`{found.file}` is a DMN file", "change it in your modeller")
    vocabulary, _ = known_vocabulary(texts)
    with of_version():
        sections = _sections(found.text)
        return cells_told(edited_row_issues(found.text.decode("utf-8-sig"), sections, edits, label, vocabulary))


def examples_told(compiled: CompiledPolicy) -> Json:
    """The examples of a version as a sheet, with what it decides; and which of them reach each rule.

    `headings` and `rows` of texts; none where there are none, as of a DMN file. `percent` of the rules fired in one.
    """
    policy = compiled.policy
    if policy.lenient:
        return {"headings": [], "rows": [], "rules": [], "percent": 100, "failed": 0}
    reached = measure(compiled)
    tried = zip(cases_of(policy), (decided(compiled, each) for each in policy.examples), strict=True)
    with of_version():
        (sheet,) = case_book(policy, list(tried)).sheets
    return {
        "headings": [cell.text for cell in sheet.headings],
        "rows": [[cell.text for cell in row] for row in sheet.rows],
        "rules": [
            {"table": each.table.name, "rule": each.rule.id, "examples": list(each.fired)} for each in reached.rules
        ],
        "percent": reached.rules_percent,
        "failed": len(reached.failed),
    }
