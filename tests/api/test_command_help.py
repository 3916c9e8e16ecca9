"""Every command says what it is for, and with which codes it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from served import ordain

from ordain.api.cli.main import main

COMMANDS = [
    *(
        [name]
        for name in (
            "alerts",
            "audit",
            "batch",
            "backtest",
            "cases",
            "check",
            "decide",
            "demo",
            "diff",
            "dmn",
            "events",
            "facts",
            "prove",
            "quality",
            "feel",
            "fmt",
            "hooks",
            "import",
            "ingest",
            "init",
            "keys",
            "lsp",
            "models",
            "policy",
            "rename",
            "replay",
            "rollout",
            "schema",
            "serve",
            "service",
            "sql",
            "table",
            "test",
            "train",
            "uses",
            "witness",
        )
    ),
    ["alerts", "watch"],
    ["alerts", "list"],
    ["alerts", "ack"],
    ["audit", "explain"],
    ["audit", "package"],
    ["audit", "register"],
    ["audit", "verify"],
    ["audit", "search"],
    ["audit", "report"],
    ["audit", "text"],
    ["audit", "settle"],
    ["audit", "rows"],
    *(["audit", "rows", name] for name in ("verify", "prove", "erase")),
    ["dmn", "bundle"],
    *(
        ["models", name]
        for name in (
            "list",
            "show",
            "drift",
            "watch",
            "retrain",
            "at-risk",
            "compare",
            "promote",
            "shadow",
            "rollback",
            "retire",
        )
    ),
    *(["rollout", name] for name in ("start", "shadow", "show", "share", "pause", "resume", "revert")),
    ["dmn", "tck"],
    ["rename", "fact"],
    ["events", "deliver"],
    ["events", "list"],
    ["events", "dead"],
    ["events", "replay"],
    ["events", "test"],
    ["feel", "eval"],
    ["hooks", "list"],
    ["hooks", "test"],
    ["import", "drools-xls"],
    ["import", "jdm"],
    ["keys", "new"],
    ["keys", "list"],
    ["keys", "rotate"],
    ["keys", "revoke"],
    ["models", "list"],
    *(
        ["policy", name]
        for name in (
            *("new", "list", "history", "text", "submit", "message"),
            *("approve", "signature", "activate", "rollback", "adopt"),
        )
    ),
    ["service", "list"],
    ["service", "show"],
    ["service", "stop"],
    ["service", "start"],
    ["witness", "key"],
    ["witness", "serve"],
    ["witness", "conflicts"],
]


def test_every_command_has_its_help_tested_here() -> None:
    listed = [[name] for name in main.list_commands(None)]  # type: ignore[arg-type] - the context is not looked at
    assert sorted(command for command in COMMANDS if len(command) == 1) == sorted(listed)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: list[str]) -> None:
    done = CliRunner().invoke(main, [*command, "--help"])
    assert done.exit_code == 0
    usage, explained = done.output.split("\n\n")[:2]
    assert usage.startswith(f"Usage: main {' '.join(command)} ")
    assert len(explained.split()) > 1


def test_the_command_lists_its_commands_and_exit_codes(tmp_path: Path) -> None:
    done = ordain(tmp_path, "--help")
    assert done.returncode == 0
    for name, *more in COMMANDS:
        assert more or f"\n  {name} " in done.stdout
    told = "Exit codes: 0 done, 1 a check found something, 2 bad input or settings, 3 not recorded, 130 interrupted."
    assert told in " ".join(done.stdout.split())
