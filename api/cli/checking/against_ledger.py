"""Versions of policies that have decided, held against the files: which were edited or deleted since."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from rich.text import Text

from ordain.api.cli.terminal import ERR
from ordain.api.lifecycle.changed_lines import diff_lines, shown
from ordain.api.settings import Settings, load_settings
from ordain.audit.records.used_policies import NO_LEDGER, PolicyVersion, UsedVersion, used_policies
from ordain.audit.verifier.source import path_of
from ordain.engine.catalog import Texts
from ordain.engine.errors import ExportFailed, Issue, LedgerUnavailable, Level, SettingsError, Span


def used_issues(settings: Settings, texts: Texts, *, asked: bool) -> list[Issue]:
    """`used-edited` and `used-deleted`, of a ledger that is read and not written to.

    Where it was not `asked` for, only a ledger in a file that is there is looked at, and what keeps it from being read
    is said and no more. Raises SettingsError, LedgerUnavailable.
    """
    if not asked and not _lies_here(settings):
        return []
    files = _files(texts)
    try:
        used = used_policies(settings.database_url, {key: texts.text(file) for key, file in files.items()})
    except (SettingsError, LedgerUnavailable) as error:
        if error.issues[0].code == NO_LEDGER:
            ERR.print(Text(f"{error.issues[0].message}, so there are no used versions to compare with"))
            return []
        if asked:
            raise
        ERR.print(Text(f"used versions are not compared: {error.issues[0].message}"))
        return []
    return [
        _edited(each, files[each.name, each.version], texts)
        if each.now is not None
        else _deleted(each, f"{texts.root}/{each.name}/v{each.version}", settings)
        for each in used
        if not each.unchanged
    ]


def refuse_used(used: frozenset[PolicyVersion], version: PolicyVersion, instead: str) -> None:
    """Raises ExportFailed for a version that has decided: its file stays as it is."""
    if version in used:
        name, number = version
        raise ExportFailed(f"version {number} of `{name}` has decided, so its file stays as it is", instead)


def used_in(config: Path | None, folder: Path) -> frozenset[PolicyVersion]:
    """The versions in `folder` that have decided; none where it is no part of an installation with a ledger.

    Raises SettingsError, LedgerUnavailable when a ledger is there and cannot be read.
    """
    settings = None
    with suppress(SettingsError):
        settings = load_settings(config)
    if settings is None or folder.resolve() != settings.policies.resolve():
        return frozenset()
    try:
        return frozenset((each.name, each.version) for each in used_policies(settings.database_url, {}))
    except SettingsError as error:
        if error.issues[0].code == NO_LEDGER:
            return frozenset()
        raise


def _lies_here(settings: Settings) -> bool:
    if not settings.database_url.startswith("sqlite"):
        return False
    path = path_of(settings.database_url)
    return path is not None and path.is_file() and path.stat().st_size > 0


def _files(texts: Texts) -> dict[PolicyVersion, str]:
    return {(name, number): file for name, files in texts.kept_versions().items() for number, file in files.items()}


def _edited(used: UsedVersion, file: str, texts: Texts) -> Issue:
    stands = texts.text(file)
    now = stands.decode("utf-8-sig", errors="replace")
    diff, number = _difference(used, stands, file)
    line = (now.splitlines() or [""])[number - 1]
    message = (
        f"`{used.name}` version {used.version} was edited or overwritten after it had decided or been activated: used "
        f"with digest `{used.digest}`, now `{used.now}`"
    )
    hint = f"`ordain audit text {used.label}` prints it as it was: put that back, and make the change a new version"
    span = Span(file, number, len(line) - len(line.lstrip()) + 1, line.strip())
    fields = {"policy": used.name, "version": used.version, "used": used.digest, "now": used.now, "diff": diff}
    return Issue(message, hint, span, code="used-edited", fields=fields)


def _difference(used: UsedVersion, now: bytes, file: str) -> tuple[str, int]:
    """What changed, as a diff, and the first line of the file that did."""
    if used.text is None:
        return "the ledger's own copy is not what it was: run `ordain audit verify`", 1
    lines = diff_lines(used.text, now, file, "used")
    return shown(lines), min(_first_changed(lines), max(1, len(now.splitlines()))) if lines else 1


def _first_changed(lines: Iterable[str]) -> int:
    """The number, in the new text, of the first line of a unified diff that was added or stands after one taken out."""
    number = 1
    for line in lines:
        if line.startswith("@@"):
            number = max(1, int(line.split("+")[1].partition(" ")[0].partition(",")[0]))
        elif line.startswith(" "):
            number += 1
        elif line[:1] in "+-" and not line.startswith(("+++", "---")):
            return number
    return number


def _deleted(used: UsedVersion, file: str, settings: Settings) -> Issue:
    """Where versions are activated, the ledger's text goes on deciding."""
    message = f"`{used.label}` has decided, and its file is gone: nothing is decided by it any more"
    if settings.approvals != "none":
        message = f"the file of `{used.label}` is gone: where it is active, it decides by the text in the ledger"
    hint = f"`ordain audit text {used.label} > {file}.yaml` gives it back"
    fields = {"policy": used.name, "version": used.version, "used": used.digest, "now": None}
    return Issue(message, hint, code="used-deleted", level=Level.WARNING, fields=fields)
