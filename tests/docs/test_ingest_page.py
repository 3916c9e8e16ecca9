"""The page about events that come in: its example runs as it says, its mapping is read, its answer has that form."""

from __future__ import annotations

import json
from contextlib import chdir
from pathlib import Path

from click.testing import CliRunner
from doc_fragments import ROOT, blocks
from jsonschema import Draft202012Validator

from ordain.api.cli.main import main
from ordain.api.contract.feature_operations import FEATURE_OPERATIONS
from ordain.models.ingest.column_mapping import column_mapping_from

PAGE = ROOT / "docs/ingest.md"


def first(kind: str) -> str:
    return next(each.text for each in blocks(PAGE) if each.kind == kind)


def test_the_example_says_what_it_says(tmp_path: Path) -> None:
    file, commands = first("sh").split("<<'END'\n")[1].split("END\n")
    (tmp_path / "events.csv").write_text(file, encoding="utf-8")
    environment = {
        "ORDAIN_FEATURES_URL": f"sqlite:///{tmp_path}/features.db",
        "ORDAIN_DATABASE_URL": f"sqlite:///{tmp_path}/ordain.db",
        "ORDAIN_KEYS": str(tmp_path / "keys"),
    }
    with chdir(tmp_path):
        for line in commands.splitlines():
            command, _, said = (part.strip() for part in line.partition("#"))
            done = CliRunner().invoke(main, command.split()[1:], env=environment)
            if "added" in said:
                counts = said.partition(";")[0].partition(":")[0]
                assert f"events.csv: {counts}" in done.output
                assert done.exit_code == 1
            else:
                assert (done.exit_code, len(done.output) > 50) == (0, True), done.output


def test_the_mapping_is_one() -> None:
    mapping = column_mapping_from(first("yaml").encode(), "page.yaml")
    assert (mapping.kind, mapping.ours["Usage (GB)"], mapping.decimal_comma) == ("usage", "gb", True)


def test_the_answer_has_the_form_of_the_contract() -> None:
    Draft202012Validator(FEATURE_OPERATIONS["POST", "/v1/events"].answer).validate(json.loads(first("json")))
