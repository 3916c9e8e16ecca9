"""`GET .../tables`, `POST .../tables`, `GET .../examples`: a version as grids and sheets; its rules edited as rows."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from ordain.api.ask import is_encodable
from ordain.api.http.forms.policy_texts import let_texts_in
from ordain.api.http.routes.policies.policy_asking import (
    PREFIX,
    at_once,
    bench,
    examiner,
    labelled,
    refuse_some_services,
    text_of,
)
from ordain.api.http.routes.policies.policy_reading import found_of
from ordain.api.http.routes.reading import fields_sent, in_use, shown_json
from ordain.api.lifecycle.tables import compiled_of, examples_told, grids_told, rows_checked, sheets_told
from ordain.api.lifecycle.texts import FILE, Found
from ordain.api.lifecycle.workbench import texts_of
from ordain.api.limits import LIMITS
from ordain.engine.errors import EditedMeanwhile, Issue, MalformedRequest, did_you_mean, quoted
from ordain.engine.sheets.book import LONGEST
from ordain.engine.sheets.row_edits import RowEdit
from ordain.engine.values.types import format_raw

ROUTES = Blueprint("policy_tables", __name__, url_prefix=PREFIX)
ROUTES.before_request(refuse_some_services)

GRIDS, SHEETS = "grids", "sheets"
ROWS, ALL, NOTHING = "rows", "all", "nothing"
_FIELDS = ("table", "rule", "after", "cells", "drop", "move")


@ROUTES.get("/<policy>/versions/<version>/tables")
def tables(policy: str, version: str) -> Response:
    """Grids as people read them; or, `form=sheets`, what `ordain table --out` writes, to be edited."""
    _, number = labelled(policy, version)
    form = request.args.get("form", GRIDS)
    if form not in (GRIDS, SHEETS):
        raise MalformedRequest(f"`form` is {quoted(form[:60])}", did_you_mean(form, (GRIDS, SHEETS)))
    found = found_of(policy, version, request.args.get("of", FILE))
    with at_once():
        use = in_use()
        compiled = compiled_of(use, bench(), policy, number, found)
        told = grids_told(compiled) if form == GRIDS else sheets_told(found, use.catalog.vocabulary)
    return shown_json({"policy": policy, "version": number, "digest": found.digest, "form": form, "tables": told})


@ROUTES.get("/<policy>/versions/<version>/examples")
def examples(policy: str, version: str) -> Response:
    """As `ordain cases` and `ordain test` tell them."""
    _, number = labelled(policy, version)
    found = found_of(policy, version, request.args.get("of", FILE))
    with at_once():
        compiled = compiled_of(in_use(), bench(), policy, number, found)
    return shown_json({"policy": policy, "version": number, "digest": found.digest, **examples_told(compiled)})


@ROUTES.post("/<policy>/versions/<version>/tables")
def edit_tables(policy: str, version: str) -> Response:
    """The text of a version with rules edited as rows of a sheet, and its findings by cell. Nothing is stored."""
    label, number = labelled(policy, version)
    use = in_use()
    let_texts_in(use.settings, request)
    found = found_of(policy, version, FILE)
    data = fields_sent("edits", "digest", "check")
    edits = _edits(data.get("edits"))
    check = data.get("check", ALL)
    if check not in (ROWS, ALL, NOTHING):
        raise MalformedRequest(f"`check` is {format_raw(check)}", did_you_mean(str(check), (ROWS, ALL, NOTHING)))
    _refuse_another(data, label, policy, number, found)
    if check == ROWS:
        findings = rows_checked(texts_of(use), label, found, edits)
        return shown_json({"digest": found.digest, "text": None, "counts": None, "findings": findings})
    with at_once():
        told = examiner().edited(label, f"{policy}/v{number}.yaml", found.text, edits, whole=check == ALL)
    text = None if told["text"] is None else told["text"].decode("utf-8", "surrogatepass")
    return shown_json({"digest": found.digest, "text": text, "counts": told["counts"], "findings": told["findings"]})


def _refuse_another(data: dict[str, Any], label: str, policy: str, number: int, found: Found) -> None:
    """Edits are of the text that was read. Raises EditedMeanwhile."""
    digest = text_of(data, "digest", LIMITS.subject_characters)
    if digest is not None and digest != found.digest:
        said = f"`{label}` is not what it was when you read it: its digest is `{found.digest}` now"
        fields = {"policy": policy, "version": number, "digest": found.digest}
        raise EditedMeanwhile(Issue(said, "read it again, and make your change to that", fields=fields))


def _edits(given: Any) -> list[RowEdit]:
    """Raises MalformedRequest."""
    if not isinstance(given, list) or len(given) > LIMITS.row_edits:
        raise MalformedRequest(
            f"`edits` is {format_raw(given)}", f"it is a list of {LIMITS.row_edits:,} edited rules or fewer"
        )
    return [_edit(each, f"edits[{number}]") for number, each in enumerate(given)]


def _edit(given: Any, at: str) -> RowEdit:
    if not isinstance(given, dict):
        raise MalformedRequest(f"`{at}` is {format_raw(given)}", f"it is an object of {', '.join(_FIELDS)}")
    for name in given:
        if name not in _FIELDS:
            raise MalformedRequest(f"`{at}` has the unknown field {quoted(name)}", did_you_mean(name, _FIELDS))
    table, rule, after = (_text(given.get(name, ""), f"{at}.{name}") for name in ("table", "rule", "after"))
    cells = given.get("cells", {})
    drop, move = (_flag(given.get(name, False), f"{at}.{name}") for name in ("drop", "move"))
    if not isinstance(cells, dict) or len(cells) > LIMITS.edited_cells:
        hint = f"texts by heading, {LIMITS.edited_cells} or fewer: when: plan"
        raise MalformedRequest(f"`{at}.cells` is {format_raw(cells)}", hint)
    texts = {_text(name, f"{at}.cells"): _text(text, f"{at}.cells.{name}") for name, text in cells.items()}
    return RowEdit(table, rule, after, texts, drop, move)


def _flag(given: Any, at: str) -> bool:
    if not isinstance(given, bool):
        raise MalformedRequest(f"`{at}` is {format_raw(given)}", "it is true or false")
    return given


def _text(given: Any, at: str) -> str:
    if not isinstance(given, str) or len(given) > LONGEST or not is_encodable(given):
        raise MalformedRequest(f"`{at}` is {format_raw(given)}", f"it is a text of up to {LONGEST:,} characters")
    return given
