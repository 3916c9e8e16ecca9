"""Groups of commands that import a command when it is called: scoring and table libraries take a second to load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from ordain.engine.late import late


class LazyGroup(click.Group):
    """`lazy` has, by name, where each command is (`module:object`) and its line in the list.

    To print the list, none of them is imported. Listed in the order given. A command that needs a package of an
    extra which is not installed raises SettingsError when it is asked for.
    """

    def __init__(self, *args: Any, lazy: Mapping[str, tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy:
            return None
        command: click.Command = late(self.lazy[cmd_name][0])
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.lazy.items()])
