"""What one call of `ordain` was told before its command: which settings, and whether a program reads the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(slots=True)
class Invocation:
    """`config` is the settings file named by --config; None leaves it to `load_settings`.

    With `as_json`, which a command's `--json` sets, errors too are shown as the HTTP service gives them.
    """

    config: Path | None = None
    as_json: bool = False


def json_option(meaning: str, parameter: str = "as_json") -> Callable[[Command], Command]:
    """`--json` of a command, given to it as `parameter`; errors follow it."""
    return click.option("--json", parameter, is_flag=True, callback=_remember, help=meaning)


def _remember(context: click.Context, _option: click.Parameter, chosen: bool) -> bool:
    if isinstance(context.obj, Invocation):
        context.obj.as_json = chosen
    return chosen
