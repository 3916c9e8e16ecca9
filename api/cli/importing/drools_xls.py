"""`ordain import drools-xls`: a decision table of Drools, kept in a spreadsheet, as a policy with facts and service."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import click
from rich.text import Text

from ordain.api.cli.importing.new_folder import FORCE, TO, check_name, write_new
from ordain.api.cli.invocation import json_option
from ordain.api.cli.sheets.sheet_files import sheet_bytes
from ordain.api.cli.terminal import ERR, OUT
from ordain.engine.dmn.converting.yaml_text import yaml_text
from ordain.engine.errors import MalformedRequest, counted
from ordain.engine.jdm.policy_names import hyphened
from ordain.engine.sheets.engines.drools import rule_table
from ordain.engine.sheets.engines.drools_sheet import chosen_table
from ordain.engine.sheets.engines.table_policy import policy_of_table
from ordain.engine.sheets.foreign.columns import name_of
from ordain.engine.sheets.foreign.policy_text import Named
from ordain.engine.sheets.foreign.squares import read_foreign

_FIRST_DAY = dt.date(2000, 1, 1)


@click.command("drools-xls")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@TO
@click.option("--name", default="", help="The name of policy and service; the table's own, if left out.")
@click.option("--table", default="", metavar="NAME", help="Which table, as it stands after `RuleTable`.")
@click.option("--sheet", default="", metavar="TITLE", help="The sheet of that name; else the first.")
@FORCE
@json_option("Print what was written and each note as JSON.")
def drools_command(file: Path, folder: Path, name: str, table: str, sheet: str, force: bool, as_json: bool) -> None:
    """Import a decision table of Drools from FILE (.xlsx or .csv) as a policy, its facts and its service.

    Conditions that compare fields with values and actions that set outputs are taken. A rule that a policy has no words
    for is left out and listed, with row and column and what to write instead.

    Exit codes: 0 written, 1 written but a rule or an action was left out, 2 no such table, or a file exists already.
    """
    check_name(name)
    if file.suffix.lower() not in (".xlsx", ".csv"):
        hint = "save an .xls or .ods file as .xlsx first: `soffice --convert-to xlsx FILE` does so, or a spreadsheet"
        raise MalformedRequest(f"`{file.name}` is neither a .xlsx nor a .csv file", hint)
    squares = read_foreign(sheet_bytes(file), str(file), sheet, numbers=False)
    drools = chosen_table(squares, table)
    policy = name or hyphened(drools.name)
    taken = rule_table(drools, squares)
    rules = taken.table
    decision = name_of(policy)
    made = policy_of_table(rules, squares, None, Named(policy, _FIRST_DAY, "unknown", decision), dmn=False)
    service = {"purpose": f"What the table {drools.name} decides.", "policies": [policy], "gives": [decision]}
    files = {
        folder / policy / "v1.yaml": made.policy,
        folder / "facts.yaml": f"facts:\n{made.facts}",
        folder / "services.yaml": yaml_text({"services": {policy: service}}),
    }
    write_new(files, force)
    told = [*taken.notes, *made.notes]
    if as_json:
        data = {
            "policy": policy,
            "files": [str(path) for path in files],
            "rules": len(rules.rows),
            "left_out": len(drools.rows) - len(rules.rows),
            "notes": [str(note) for note in told],
        }
        OUT.print(json.dumps(data, ensure_ascii=False), markup=False)
    else:
        for path in files:
            OUT.print(Text(f"written: {path}"))
        for note in told:
            ERR.print(Text(str(note)))
        said = f"{counted(len(rules.rows), 'rule')} of {len(drools.rows)}"
        OUT.print(Text(f"{said}; read what is listed, then run `ordain check`"))
    click.get_current_context().exit(1 if taken.lost else 0)
