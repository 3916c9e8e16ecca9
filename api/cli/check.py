"""`ordain check`: everything that can be known of policies before anything is decided."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click
from rich.text import Text

from ordain.api.cli.checking.against_ledger import used_issues
from ordain.api.cli.checking.ending_soon import show_endings
from ordain.api.cli.checking.proved import claim_issues
from ordain.api.cli.findings import as_sarif, format_finding
from ordain.api.cli.invocation import Invocation
from ordain.api.cli.model_cards import models_on_file
from ordain.api.cli.terminal import OUT
from ordain.api.cli.whole_files import write_page
from ordain.api.settings import load_settings
from ordain.api.told_findings import Lines, as_json
from ordain.api.watching import changes, stamps
from ordain.engine.catalog import Texts, read_texts
from ordain.engine.check.codes import CHECKS, explained, page
from ordain.engine.check.findings import Findings, check_policies
from ordain.engine.errors import Issue, Level, PolicyError, did_you_mean
from ordain.engine.late import late
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
@click.option(
    "--ledger/--no-ledger",
    default=None,
    help="Compare with the versions that have decided, or do not; if left out, with those of a ledger in a file here.",
)
@click.option(
    "--ending",
    metavar="DAYS",
    type=click.IntRange(0, 36_500),
    help="Show instead which versions and promises have their last day within so many days.",
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
    ledger: bool | None,
    ending: int | None,
    watch: bool,
    explain: str | None,
    reference: Path | None,
    pages: str,
) -> None:
    """Load all policies, run their examples, and show everything that is wrong with them or looks like it.

    It checks types and units, gaps and overlaps of tables, rules that never apply, and how policies fit together;
    `--explain CODE` says what a finding means. An error keeps a policy from being loaded or would fail a decision;
    warnings and notes stop nothing. In the policies directory of the settings, trained models are checked too, and
    versions that have decided, which the ledger knows: none of them may be edited or deleted. What stands under
    `prove:`, and what a kind promises, is proved too where that takes no second and z3-solver is installed.

    Exit codes: 0 nothing found at --level or above, or nothing ends, 1 something found, 2 the directory or code does
    not exist, 3 the ledger cannot be read that --ledger asks for.
    """
    form = "json" if as_data else form
    if watch and form != "text":
        raise click.UsageError("--watch shows text only")
    if explain is not None:
        _explain(explain)
    elif reference is not None:
        write_page(reference, page(), folders=False)
    else:
        settings = None if directory and not ledger else load_settings(call.config)
        folder = directory or (settings.policies if settings else Path())
        if not folder.is_dir():
            read_texts(folder)  # says that there is none
        models = None
        if settings and not directory:
            live = late("ordain.api.stages.live_versions:live_versions")(settings) if settings.models.is_dir() else {}
            models = models_on_file(settings.models, live)
        zone = settings.zone if settings and not directory else dt.UTC
        used = None if settings is None or ledger is False else partial(used_issues, settings, asked=bool(ledger))
        looked = _Looked(folder, models, zone, used)
        if ending is not None:
            if watch or form == "sarif":
                raise click.UsageError("--ending shows text or JSON, once")
            context.exit(show_endings(looked.read_and_check(None)[1].policies, ending, zone, as_json=form == "json"))
        elif watch:
            _watch(looked, Level(level))
        else:
            context.exit(_once(looked, form, Level(level), pages))


def _explain(code: str) -> None:
    if code not in CHECKS:
        hint = did_you_mean(code, CHECKS)
        raise click.UsageError(f"there is no code `{code}`" + (f"; {hint}" if hint else ""))
    OUT.print(Text(explained(CHECKS[code])), end="")


@dataclass(frozen=True, slots=True)
class _Looked:
    """What is looked at. `used` finds versions that have decided and are not what they were; None where none may be."""

    folder: Path
    models: Sequence[ModelCard] | None
    zone: dt.tzinfo
    used: Callable[[Texts], list[Issue]] | None

    def read_and_check(self, kept: Kept | None) -> tuple[Texts, Findings]:
        """A file that is missing or cannot be read is a finding, and the only one."""
        try:
            texts = read_texts(self.folder, self.zone)
        except PolicyError as error:
            issues = tuple(replace(issue, code=issue.code or "file") for issue in error.issues)
            return Texts(b"", b"", {}, self.folder.name), Findings(issues, (), ())
        findings = check_policies(texts, self.models, dt.datetime.now(self.zone).date(), kept)
        used = self.used(texts) if self.used is not None else []
        claims = claim_issues(texts, findings.policies)
        return texts, replace(findings, issues=(*findings.issues, *used, *claims))


def _once(looked: _Looked, form: str, level: Level, pages: str, kept: Kept | None = None) -> int:
    """Checks a directory and shows what was found; 1 when something was, else 0."""
    texts, findings = looked.read_and_check(kept)
    counted = [issue for issue in findings.issues if _LEVELS.index(issue.level) <= _LEVELS.index(level)]
    lines = Lines(texts)
    if form == "json":
        OUT.print(json.dumps(as_json(counted, lines), indent=2, ensure_ascii=False), markup=False)
    elif form == "sarif":
        files = {name: _path(name, looked.folder, texts.root) for name in lines.files}
        OUT.print(json.dumps(as_sarif(counted, lines, files, pages), indent=2, ensure_ascii=False), markup=False)
    else:
        for issue in counted:
            OUT.print(format_finding(issue, lines))
        _end(findings, counted)
    return 1 if counted else 0


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


def _watch(looked: _Looked, level: Level) -> None:
    kept = Kept()
    try:
        known = stamps(looked.folder)
        _once(looked, "text", level, "", kept)
        OUT.print(Text(f"watching {looked.folder}; Ctrl-C ends it"))
        for names in changes(looked.folder, known):
            if OUT.is_terminal:
                OUT.clear()
            OUT.print(Text(f"changed: {', '.join(names)}"))
            _once(looked, "text", level, "", kept)
    except KeyboardInterrupt:
        OUT.print()
