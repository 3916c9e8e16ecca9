"""`ordain rename`: a fact called otherwise, by new versions of all policies that read it."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from ordain.api.access.role_rights import RIGHT, ROLE
from ordain.api.cli.checking.against_ledger import used_in
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.policy.at_hand import day_of, now_of, steps_of
from ordain.api.cli.terminal import ERR, OUT
from ordain.api.cli.whole_files import write_together
from ordain.api.ledger import has_ledger
from ordain.api.lifecycle.changed_lines import diff_lines
from ordain.api.lsp.folder import Folder
from ordain.api.lsp.renamed_fact import NewText, RenamedFact, as_it_stands, renamed_fact
from ordain.api.settings import Settings, load_settings
from ordain.engine.catalog import Catalog, Texts, load_catalog, read_texts
from ordain.engine.errors import ExportFailed, MalformedRequest, counted
from ordain.engine.lifecycle.turns import NO_TURNS, Turns
from ordain.engine.versions import Kept

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}
_OWN = re.compile(rf"{ROLE}|{RIGHT}|(?:alert|guard)_\w+")
"""Facts that Ordain itself sends, by these names."""
_BOM = "\ufeff"


@click.group()
def rename() -> None:
    """A name changed everywhere, with what has decided left as it is."""


@rename.command("fact")
@click.argument("old")
@click.argument("new")
@click.option(
    "--from",
    "first_day",
    metavar="DAY",
    help="The first day of the new name; else today, or the day after the newest version that reads the fact begins.",
)
@click.option(
    "--write", is_flag=True, help="Write it: all files, or none. Without it, only what would change is shown."
)
@json_option("Print the files, their diffs and what is left to do as JSON.")
@click.pass_obj
def fact_command(call: Invocation, old: str, new: str, first_day: str | None, write: bool, as_json: bool) -> None:
    """Call the fact OLD by the name NEW: a new version of each policy that reads it, and facts.yaml, services.yaml.

    OLD stays declared, with its last day, for the versions of before: what has decided is never changed. So both names
    are there, and until the day comes apps send OLD.

    Exit codes: 0 shown or written, 2 bad input, policies or settings, or it cannot be written.
    """
    settings = load_settings(call.config)
    if _OWN.fullmatch(old):
        raise MalformedRequest(
            f"`{old}` is what Ordain itself sends, by that name", "see docs/access.md, docs/alerts.md"
        )
    path = settings.policies.resolve()
    texts = read_texts(path, settings.zone)
    kept = Kept()
    catalog = load_catalog(texts, run_examples=False, kept=kept, turns=_turns(settings))
    folder = as_it_stands(path, settings.models, texts)
    found = renamed_fact(folder, texts, catalog, old, new, day_of(first_day), now_of(settings), kept)
    _refuse_gone(found, texts, call.config, settings)
    _refuse_rolling(found, catalog, now_of(settings))
    if write:
        _write(found, texts, folder)
    left = list(_left(found, catalog, folder, settings))
    if as_json:
        OUT.print(json.dumps(_as_json(found, left, write), ensure_ascii=False), markup=False)
    else:
        _show(found, left, write)


def _turns(settings: Settings) -> Turns | None:
    """Which versions decide, where that is on record."""
    if settings.approvals == "none":
        return None
    if not has_ledger(settings):
        return NO_TURNS
    with steps_of(settings) as steps:
        return steps.life.turns


def _refuse_gone(found: RenamedFact, texts: Texts, config: Path | None, settings: Settings) -> None:
    """Raises MalformedRequest where the next number of a policy is that of a version whose file is gone."""
    names = {policy.name: max(texts.versions()[policy.name]) for policy in found.replaced}
    for name, number in sorted(used_in(config, settings.policies)):
        if number > names.get(name, number):
            raise MalformedRequest(
                f"`{name}@{number}` is on record, and its file is gone: the new version would take its number",
                f"put it back first: ordain audit text {name}@{number} > {settings.policies / name}/v{number}.yaml",
            )


def _refuse_rolling(found: RenamedFact, catalog: Catalog, now: dt.datetime) -> None:
    """Raises MalformedRequest where another version is rolled out: the new ones are copies of what decides for the
    others, and would be without its change."""
    for policy in found.replaced:
        on = None if catalog.turns is None else catalog.turns.rolling(policy.name, now)
        if on is not None:
            raise MalformedRequest(
                f"`{on.text.label}` is rolled out, and the new version would be a copy of the one before it",
                f"activate it or end it first: ordain rollout show {policy.name}",
            )


def _write(found: RenamedFact, texts: Texts, folder: Folder) -> None:
    """All files, or none; facts.yaml first, so that what is loaded in between loads. Raises ExportFailed."""
    files = {}
    for text in reversed(found.texts):
        path = folder.path_of(text.file)
        there = path.read_bytes() if path.exists() else None
        if there != (None if text.of else _now(texts, text.file)):
            raise ExportFailed(f"`{text.file}` has changed meanwhile", "try again")
        mark = _BOM if _now(texts, text.of or text.file).startswith(_BOM.encode()) else ""
        files[path] = mark + text.after
    write_together(files)


def _now(texts: Texts, file: str) -> bytes:
    named = {f"{texts.root}/facts.yaml": texts.vocabulary, f"{texts.root}/services.yaml": texts.services}
    return named[file] if file in named else texts.policies[file]


def _left(found: RenamedFact, catalog: Catalog, folder: Folder, settings: Settings) -> Iterator[str]:
    """What the renaming does not do, in sentences."""
    old, new, day = found.old, found.new, found.day
    if settings.approvals != "none":
        for label in found.versions:
            yield f"let `{label}` be approved: ordain policy submit {label}, and activate it with --from {day}"
    names = {policy.name for policy in found.replaced}
    asking = sorted(each.name for each in catalog.services.by_name.values() if names & set(each.policies))
    if asking and old in catalog.vocabulary.inputs:
        yield (
            f"apps that ask {', '.join(asking)} send `{new}` from {day} on, and `{old}` until then; let them send both "
            f"before that, as what is not read is ignored (with `may_be_unknown`, where `{new}` is not declared yet)"
        )
        if catalog.vocabulary[old].optional or catalog.vocabulary[old].default is not None:
            yield (
                f"`{old}` may be left out, so who sends that alone from {day} on is not refused, but decided about "
                "as if nothing had been sent"
            )
    for model in folder.models() or ():
        if any(feature.name == old for feature in model.reads):
            label = f"{model.name}@{model.version}"
            yield f"the model {label} reads `{old}`: send that, too, until it is trained with `{new}`"
    if settings.jurisdiction_fact == old:
        yield f"the setting `jurisdiction_fact` is `{old}`: let it be `{new}` from {day} on"
    if settings.hooks is not None and _names(settings.hooks, old):
        yield f"`{settings.hooks}` names `{old}`: let it give `{new}`, too"


def _names(file: Path, word: str) -> bool:
    with suppress(OSError, UnicodeDecodeError):
        return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", file.read_text(encoding="utf-8")) is not None
    return False


def _diff(text: NewText) -> list[str]:
    said = f"a copy of {text.of}" if text.of else "as it is"
    return diff_lines(text.before.encode(), text.after.encode(), text.file, said)


def _as_json(found: RenamedFact, left: Sequence[str], written: bool) -> dict[str, Any]:
    files = [{"file": text.file, "copy_of": text.of or None, "diff": "\n".join(_diff(text))} for text in found.texts]
    return {
        "old": found.old,
        "new": found.new,
        "from": found.day.isoformat(),
        "versions": list(found.versions),
        "files": files,
        "written": written,
        "found_then": [str(issue) for issue in found.findings],
        "left_to_do": list(left),
    }


def _show(found: RenamedFact, left: Sequence[str], written: bool) -> None:
    for text in found.texts:
        for line in _diff(text) if not written else ():
            OUT.print(Text(line, style=_COLOURS.get(line[:1], "")))
    for text in found.texts if written else ():
        OUT.print(f"written: {text.file}", markup=False)
    for issue in found.findings:
        OUT.print(f"ordain check finds then: {issue}", markup=False)
    for each in left:
        OUT.print(f"left to do: {each}", markup=False)
    if not written:
        ERR.print(Text(f"{counted(len(found.texts), 'file')} would change; nothing is written without --write"))
