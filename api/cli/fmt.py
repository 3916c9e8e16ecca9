"""`ordain fmt`: policy files in one style."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

import click
from rich.text import Text

from ordain.api.cli.checking.against_ledger import used_in
from ordain.api.cli.invocation import Invocation
from ordain.api.cli.terminal import OUT
from ordain.api.cli.whole_files import write_whole
from ordain.api.settings import load_settings
from ordain.audit.records.used_policies import PolicyVersion
from ordain.engine.errors import Issue, OrdainError, PolicyError
from ordain.engine.policy.fmt import formatted
from ordain.engine.policy.shared import FOLDER
from ordain.engine.text.source import read_file

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; name the files that would change, and exit with 1.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("--stdout", is_flag=True, help="Write nothing; print the formatted text.")
@click.pass_obj
def fmt(call: Invocation, files: tuple[Path, ...], check: bool, diff: bool, stdout: bool) -> None:
    """Format policies, facts.yaml and services.yaml: FILES, folders of them, or the policies directory.

    Sections are put in the order of the guide, one-line rules in columns, and quotes that are not needed are removed.
    Every comment stays. A file that would change its meaning, or is not YAML, is left as it is, with the reason.

    A version that has decided anything, as the ledger of the settings knows, is left as it is: the service does not
    start with a used version that was changed in any way. Format a version before its first use.

    Exit codes: 0 done, 1 --check found files that would change, 2 a file cannot be read, formatted or written.
    """
    if stdout and (check or diff):
        raise click.UsageError("--stdout prints the text; --check and --diff do not go with it")
    named = files or (load_settings(call.config).policies,)
    changed, count = 0, 0
    is_used = _Used(call.config)
    issues: list[Issue] = []
    for file in dict.fromkeys(_found(named)):
        count += 1
        try:
            before = read_file(file, str(file))
            after = formatted(before, str(file))
            if stdout:
                click.echo(after, nl=False)  # as bytes: the console would spread tabs
            elif before != after and is_used(file):
                OUT.print(f"left as it is, for it has decided: {file}", markup=False)
            elif before != after:
                changed += 1
                _one(file, before, after, check, diff)
        except OrdainError as error:
            issues.extend(error.issues)
    if issues:
        raise PolicyError(issues)
    if not stdout:
        verb = "would change" if check or diff else "formatted"
        OUT.print(f"{count} {'file' if count == 1 else 'files'}, {changed} {verb}")
    click.get_current_context().exit(1 if check and changed else 0)


class _Used:
    """Whether the file of a policy holds a version that has decided; the ledger is asked once, where it matters."""

    def __init__(self, config: Path | None) -> None:
        self._config = config
        self._known: dict[Path, frozenset[PolicyVersion]] = {}

    def __call__(self, file: Path) -> bool:
        home, number = file.resolve().parent, file.stem.removeprefix("v")
        is_shared = home.parent.name == FOLDER
        folder, name = (home.parent.parent, f"{FOLDER}/{home.name}") if is_shared else (home.parent, home.name)
        if not (number.isascii() and number.isdecimal()):
            return False
        if folder not in self._known:
            self._known[folder] = used_in(self._config, folder)
        return (name, int(number)) in self._known[folder]


def _found(named: tuple[Path, ...]) -> Iterator[Path]:
    """The files that are meant: of a folder all that a policies directory holds. Raises PolicyError."""
    for path in named:
        if not path.is_dir():
            yield path
            continue
        inside = sorted([*path.glob("*.yaml"), *path.glob("*/*.yaml"), *path.glob(f"{FOLDER}/*/*.yaml")])
        if not inside:
            raise PolicyError(f"`{path}` holds no policies", "name files, or a folder with *.yaml or */*.yaml")
        yield from inside


def _one(file: Path, before: bytes, after: bytes, check: bool, diff: bool) -> None:
    if diff:
        old, new = (text.decode("utf-8-sig").splitlines() for text in (before, after))
        for line in difflib.unified_diff(old, new, str(file), f"{file} (formatted)", lineterm=""):
            OUT.print(Text(line, style=_COLOURS.get(line[:1], "")))
        return
    if not check:
        write_whole(file, after)
    OUT.print(f"{'would change' if check else 'formatted'} {file}", markup=False)
