"""`ordain init`: a folder to start in, with a policy that decides something."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from rich.text import Text

from ordain.api.cli.terminal import OUT
from ordain.api.tenant_name import TENANT_NAME
from ordain.engine.errors import SettingsError, reason_of

_DEMO = "demo"
_TEMPLATE = Path(__file__).parent / "init_folder"
_CALLED = {"gitignore": ".gitignore"}
"""What the package keeps under another name, so that it does not count for the package itself."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
def init(folder: Path) -> None:
    """Make FOLDER, with settings and a first policy to change; the working directory if left out.

    A file that is there already is never touched: then nothing is written.

    Exit codes: 0 made, 2 one of its files is there already, or cannot be written.
    """
    files = {folder / name: text for name, text in _files(folder.resolve().name)}
    written: list[Path] = []
    try:
        if there := [file for file in files if os.path.lexists(file)]:
            names = ", ".join(f"`{file}`" for file in there)
            raise SettingsError(f"there already: {names}; nothing was written", "name another folder")
        if linked := [part for part in _below(folder, files) if part.is_symlink()]:
            raise SettingsError(f"`{linked[0]}` is a link: nothing was written", "name another folder")
        for file, text in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as out:
                written.append(file)
                out.write(text)
    except OSError as error:
        for file in written:
            file.unlink(missing_ok=True)
        raise SettingsError(
            f"`{folder}` cannot be made: {reason_of(error)}", "check the rights on its folder"
        ) from None
    for file in files:
        OUT.print(Text(f"written: {file}"))
    OUT.print("\nNext:")
    if folder.resolve() != Path.cwd():
        place = f"./{folder}" if str(folder).startswith("-") else str(folder)
        OUT.print(Text(f"  cd {shlex.quote(place)}"))
    OUT.print("  ordain check")
    OUT.print("  ordain decide delivery --subject C-1 --facts facts.json")


def _files(called: str) -> Iterator[tuple[str, bytes]]:
    """The files of a folder that is so called by their names in it, and what they hold.

    Its name is the tenant's, if it can be one: a folder of a server's `tenants` needs that.
    """
    tenant = called if TENANT_NAME.fullmatch(called) else _DEMO
    for file in sorted(_TEMPLATE.rglob("*")):
        if file.is_file():
            name = file.relative_to(_TEMPLATE).as_posix()
            text = file.read_bytes()
            if name == "config.yaml":
                text = text.replace(f"tenant: {_DEMO}\n".encode(), f"tenant: {tenant}\n".encode())
            yield _CALLED.get(name, name), text


def _below(folder: Path, files: Iterable[Path]) -> set[Path]:
    """The folders between `folder` and its files."""
    return {parent for file in files for parent in file.parents if folder in parent.parents}
