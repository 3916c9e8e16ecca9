"""`ordain prove`: what is true of every customer, or a customer of whom it is not."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from ordain.api.cli.finite import Finite
from ordain.api.cli.invocation import Invocation, json_option
from ordain.api.cli.progress import progress_bar
from ordain.api.cli.proving.proofs_shown import print_end, print_proof
from ordain.api.cli.terminal import OUT
from ordain.api.settings import load_settings
from ordain.engine.catalog import load_catalog, read_texts
from ordain.engine.late import late
from ordain.engine.limits import LIMITS

FALSE, OPEN = 1, 3
"""Exit codes: something is false; nothing is, but something is unknown or not covered."""


@click.command("prove")
@click.argument("names", nargs=-1, metavar="[POLICY|SERVICE]...")
@click.option(
    "--budget",
    type=Finite(0.1, 86_400),
    default=LIMITS.proof_seconds,
    show_default=True,
    metavar="SECONDS",
    help="How long one question may take; after that its answer is unknown.",
)
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of policies; else the setting `policies`.",
)
@json_option("Print the answers as JSON.")
@click.pass_obj
def prove(call: Invocation, names: tuple[str, ...], budget: float, directory: Path | None, as_json: bool) -> None:
    """Prove what policies say of every customer, or show a customer of whom it is not true.

    Asked is what stands under `prove:`, what each kind promises (a price within its limits, a promise that costs
    nobody more), and of services that everybody gets an outcome, that none depends on a protected fact, and that no
    two policies ask different things. Without names, all policies and services. Each customer that is shown was
    decided, too. What a proof does not cover is said, and never counts as proved. See docs/prove.md.

    Exit codes: 0 all is proved, 1 something is false, 2 bad input, policies or settings, or z3-solver is missing, 3
    nothing is false, but something is unknown or not covered.
    """
    settings = None if directory else load_settings(call.config)
    folder, zone = (settings.policies, settings.zone) if settings else (directory or Path(), dt.UTC)
    asking = late("ordain.engine.prove.proving:questions")
    catalog = load_catalog(read_texts(folder, zone), run_examples=False)
    questions = asking(catalog, names, dt.datetime.now(zone), budget)
    proofs: list[Any] = []
    before = ""
    with progress_bar("proving") as (bar, task):
        bar.update(task, total=len(questions))
        for of, _, answer in questions:
            proof = answer()
            proofs.append(proof)
            bar.advance(task)
            if as_json:
                continue
            if of != before:
                OUT.print(Text(of, style="bold"))
            before = of
            print_proof(proof)
    if as_json:
        as_data = late("ordain.engine.prove.proof:as_data")
        OUT.print(json.dumps({"proofs": [as_data(each) for each in proofs]}, ensure_ascii=False), markup=False)
    else:
        print_end(proofs)
    click.get_current_context().exit(exit_code(proofs))


def exit_code(proofs: list[Any]) -> int:
    """The exit code for answers (`engine.prove.proof.Proof`)."""
    found = {str(each.found) for each in proofs}
    return FALSE if "false" in found else OPEN if found & {"unknown", "not covered"} else 0
