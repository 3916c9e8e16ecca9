"""Where an import writes: policy, facts and service into a folder, all of them or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from ordain.api.cli.whole_files import write_together
from ordain.engine.errors import ExportFailed, MalformedRequest
from ordain.engine.jdm.policy_names import hyphened

TO = click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write to: NAME/v1.yaml, facts.yaml and services.yaml.",
)
FORCE = click.option("--force", is_flag=True, help="Replace files that exist.")


def check_name(name: str) -> None:
    """An empty name is one that is yet to be found. Raises MalformedRequest for what no policy can be called."""
    if name and hyphened(name) != name:
        raise MalformedRequest(f"`{name}` cannot be the name of a policy", f"write it as `{hyphened(name)}`")


def write_new(files: Mapping[Path, str], force: bool) -> None:
    """Raises ExportFailed when one of them exists already, unless it is to be replaced."""
    there = [path for path in files if path.exists()]
    if there and not force:
        raise ExportFailed(f"`{there[0]}` exists already", "choose another folder with --to, or --force")
    write_together(files)
