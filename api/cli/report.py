"""How a command tells an error."""

from __future__ import annotations

import json

import click
import uuid_utils

from ordain.api.problems import exit_code_of, shape_of
from ordain.engine.errors import OrdainError


def report(error: OrdainError, *, as_json: bool = False) -> int:
    """Shows an error on standard error, as text or in the HTTP service's shape; gives the exit code."""
    if as_json:
        click.echo(json.dumps(shape_of(error, str(uuid_utils.uuid7())), ensure_ascii=False), err=True)
    else:
        click.secho(error.code, err=True, fg="red", bold=True)
        for issue in error.issues:
            click.echo(str(issue), err=True)
            for line in str(issue.fields.get("diff", "")).splitlines():
                click.echo(f"    {line}", err=True)
    return exit_code_of(error)
