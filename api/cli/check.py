"""`ordain check`: everything that can be known of policies before anything is decided."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.text import Text

from ordain.api.cli.findings import Lines, as_json, as_sarif, format_finding
from ordain.api.cli.invocation import Invocation
from ordain.api.cli.model_cards import models_on_file
from ordain.api.cli.terminal import OUT
from ordain.api.cli.whole_files import write_page
from ordain.api.settings import load_settings
from ordain.api.watching import changes, stamps
from ordain.engine.catalog import Texts, read_texts
from ordain.engine.check.codes import CHECKS, explained, page
from ordain.engine.check.findings import Findings, check_policies
from ordain.engine.errors import Issue, Level, PolicyError, did_you_mean
from ordain.engine.policy.facts import ModelCard
from ordain.engine.versions import Kept

_LEVELS = list(Level)


@click.command()
@click.argument("directory", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="For people, for programs, or for code hosts.",
)
@click.option("--json", "as_data", is_flag=True, help="The same as --format json.")
@click.option(
    "--level",
    type=click.Choice([str(level) for level in Level]),
    default=str(Level.WARNING),
    show_default=True,
    help="What to show and count: errors only, warnings too, or notes too.",
)
@click.option("--watch", is_flag=True, help="Check again whenever a file changes, until interrupted.")
@click.option("--explain", metavar="CODE", help="Show what a code means, and check nothing.")
@click.option(
    "--reference",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the page about all codes to this file, and check nothing.",
)
@click.option(
    "--pages",
    metavar="URL",
    default="",
    help="Where that page can be read, for links in --format sarif; without it the help is text only.",
)
@click.pass_obj
@click.pass_context
def check(
    context: click.Context,
    call: Invocation,
    directory: Path | None,
    form: str,
    as_data: bool,
    level: str,
    watch: bool,
    explain: str | None,
    reference: Path | None,
    pages: str,
) -> None:
    """Load all policies, run their examples, and show everything that is wrong with them or looks like it.

    It checks types and units, gaps and overlaps of tables, rules that never apply, and how policies fit together;
    `--explain CODE` says what a finding means. An error keeps a policy from being loaded or would fail a decision;
    warnings and notes stop nothing. In the policies directory of the settings, trained models are checked too.

    Exit codes: 0 nothing found at --level or above, 1 something found, 2 the directory or code does not exist.
    """
    form = "json" if as_data else form
    if watch and form != "text":
        raise click.UsageError("--watch shows text only")
    if explain is not None:
        _explain(explain)
    elif reference is not None:
        write_page(reference, page(), folders=False)
    else:
        settings = None if directory else load_settings(call.config)
        folder = settings.policies if settings else directory or Path()
        if not folder.is_dir():
            read_texts(folder)  # says that there is none
        models = models_on_file(settings.models) if settings else None
        if watch:
            _watch(folder, Level(level), models)
        else:
            context.exit(_once(folder, form, Level(level), models, pages))


def _explain(code: str) -> None:
    if code not in CHECKS:
        hint = did_you_mean(code, CHECKS)
        raise click.UsageError(f"there is no code `{code}`" + (f"; {hint}" if hint else ""))
    OUT.print(Text(explained(CHECKS[code])), end="")


def _once(
    folder: Path,
    form: str,
    level: Level,
    models: Sequence[ModelCard] | None,
    pages: str,
    kept: Kept | None = None,
) -> int:
    """Checks a directory and shows what was found; 1 when something was, else 0."""
    texts, findings = _read_and_check(folder, models, kept)
    counted = [issue for issue in findings.issues if _LEVELS.index(issue.level) <= _LEVELS.index(level)]
    lines = Lines(texts)
    if form == "json":
        OUT.print(json.dumps(as_json(counted, lines), indent=2, ensure_ascii=False), markup=False)
    elif form == "sarif":
        files = {name: _path(name, folder, texts.root) for name in lines.files}
        OUT.print(json.dumps(as_sarif(counted, lines, files, pages), indent=2, ensure_ascii=False), markup=False)
    else:
        for issue in counted:
            OUT.print(format_finding(issue, lines))
        _end(findings, counted)
    return 1 if counted else 0


def _read_and_check(folder: Path, models: Sequence[ModelCard] | None, kept: Kept | None) -> tuple[Texts, Findings]:
    """A file that is missing or cannot be read is a finding, and the only one."""
    try:
        texts = read_texts(folder)
    except PolicyError as error:
        issues = tuple(replace(issue, code=issue.code or "file") for issue in error.issues)
        return Texts(b"", b"", {}, folder.name), Findings(issues, (), ())
    return texts, check_policies(texts, models, dt.datetime.now(dt.UTC).date(), kept)


def _path(name: str, folder: Path, root: str) -> str:
    """Where a file stands as seen from the working directory, when it is below it."""
    path = os.path.relpath(folder / name.removeprefix(f"{root}/"))
    return name if path.startswith("..") else Path(path).as_posix()


def _end(findings: Findings, counted: Sequence[Issue]) -> None:
    """What is in order, and how much was found."""
    wrong = {issue.span.file for issue in counted if issue.span is not None}
    for policy in sorted(findings.policies, key=lambda policy: policy.label):
        if policy.span.file not in wrong:
            count = len(policy.examples)
            told = f"{count} example" if count == 1 else f"{count} examples"
            OUT.print(f"[green]ok[/] {policy.label}  {policy.kind}, from {policy.effective.start}, {told}")
    places = {issue.span for issue in counted}
    for service in findings.services:
        if service.span not in places:
            OUT.print(f"[green]ok[/] service {service.name}: {', '.join(service.policies)}")
    levels = Counter(issue.level for issue in counted)
    said = [f"{levels[level]} {level}{'s' * (levels[level] != 1)}" for level in Level if levels[level]]
    hidden = Counter(issue.level for issue in findings.issues)
    hidden.subtract(levels)
    more = [f"{hidden[level]} {level}{'s' * (hidden[level] != 1)}" for level in Level if hidden[level] > 0]
    last = ", ".join(said) or "nothing found"
    OUT.print(Text(last + (f" ({' and '.join(more)} not shown: --level note)" if more else "")))


def _watch(folder: Path, level: Level, models: Sequence[ModelCard] | None) -> None:
    kept = Kept()
    try:
        known = stamps(folder)
        _once(folder, "text", level, models, "", kept)
        OUT.print(Text(f"watching {folder}; Ctrl-C ends it"))
        for names in changes(folder, known):
            if OUT.is_terminal:
                OUT.clear()
            OUT.print(Text(f"changed: {', '.join(names)}"))
            _once(folder, "text", level, models, "", kept)
    except KeyboardInterrupt:
        OUT.print()
