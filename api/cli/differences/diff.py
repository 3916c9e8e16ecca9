"""`ordain diff`: what differs between two versions of a policy, by meaning."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import click
from rich.text import Text

from ordain.api.cli.differences.chosen import two_sides
from ordain.api.cli.differences.shown import print_differences
from ordain.api.cli.finite import Finite
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.proving.proofs_shown import print_end, print_proof
from ordain.api.cli.proving.prove_command import exit_code
from ordain.api.cli.terminal import OUT
from ordain.api.differences.told_difference import ARROW, as_data
from ordain.api.settings import load_settings
from ordain.engine.compare.difference import differences
from ordain.engine.late import late
from ordain.engine.limits import LIMITS


@click.command("diff")
@click.argument("first")
@click.argument("second", required=False, default="")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of policies; else the setting `policies`.",
)
@click.option(
    "--prove",
    is_flag=True,
    help="Prove that both decide every customer alike, or show one whom they do not.",
)
@click.option(
    "--budget",
    type=Finite(0.1, 86_400),
    default=LIMITS.proof_seconds,
    show_default=True,
    metavar="SECONDS",
    help="With --prove: how long that may take.",
)
@json_option("Print what differs, as JSON.")
@click.pass_obj
def diff(
    call: Invocation, first: str, second: str, directory: Path | None, prove: bool, budget: float, as_json: bool
) -> None:
    """Show what differs between two versions of a policy, and which customers would be decided otherwise.

    FIRST and SECOND are POLICY@VERSION (of the second `@VERSION` is enough) or files; POLICY alone stands for its two
    newest versions. Customers are told as regions of the facts, exactly, each with an example that both versions have
    decided; what cannot be told exactly is named, and then customers are tried. See docs/differences.md.

    With --prove only what is decided counts, not how it is written: the solver shows that no customer is decided
    otherwise, formulas and chained tables included, or gives one who is. See docs/prove.md.

    Exit codes: 0 nothing differs, 1 something does, 2 bad input, policies or settings, 3 with --prove: unknown or not
    covered.
    """
    settings = None if directory else load_settings(call.config)
    folder, zone = (settings.policies, settings.zone) if settings else (directory or Path(), dt.UTC)
    old, new, vocabulary = two_sides(folder, zone, first, second)
    if prove:
        proof = late("ordain.engine.prove.equivalence:equivalent")(old.compiled, new.compiled, vocabulary, budget)
        if as_json:
            data = late("ordain.engine.prove.proof:as_data")(proof)
            OUT.print(json.dumps(data, ensure_ascii=False), markup=False)
        else:
            OUT.print(Text(f"{old.shown}{ARROW}{new.shown}", style="bold"))
            print_proof(proof)
            print_end([proof])
        click.get_current_context().exit(exit_code([proof]))
    found = differences(old.compiled, new.compiled, vocabulary)
    if as_json:
        OUT.print(json.dumps(as_data(found, old.shown, new.shown), ensure_ascii=False), markup=False)
    else:
        print_differences(found, old.shown, new.shown)
    click.get_current_context().exit(0 if found.same else 1)
