"""The README lists every setting, command, route and error code as they are, and its first decision comes out so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from doc_fragments import ROOT, blocks
from flask.testing import FlaskClient

from ordain.api.cli.main import main
from ordain.api.http.app import app_for
from ordain.api.problems import status_of
from ordain.api.services import wire
from ordain.api.settings import CONFIG, SETTINGS, Settings
from ordain.engine.errors import DataError, DecisionError, OrdainError

README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
LINES = TEXT.splitlines()
MADE_ANEW = ("decision_id", "at", "receipt", "timestamp", "requestId")
"""What each answer has of its own."""


def settings(folder: Path) -> Settings:
    chosen: dict[str, Any] = {
        "database_url": f"sqlite:///{folder}/ledger.db",
        "policies": ROOT / "policies",
        "models": folder / "models",
        "keys": folder / "keys",
        "time_zone": "Asia/Kolkata",
    }
    return Settings(**chosen)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    use = wire(settings(tmp_path_factory.mktemp("readme")))
    yield app_for(use).test_client()
    use.close()


def codes(of: type[OrdainError] = OrdainError) -> list[type[OrdainError]]:
    """The errors that can be raised: all but the branches that only group others."""
    below = [code for child in of.__subclasses__() for code in codes(child)]
    return below if of in (OrdainError, DataError, DecisionError) else [of, *below]


def commands(group: click.Command, path: str = "ordain") -> Iterator[tuple[str, click.Command]]:
    if not isinstance(group, click.Group):
        yield path, group
        return
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield from commands(command, f"{path} {name}")


def block(kind: str) -> str:
    (text,) = (each.text for each in blocks(README) if each.kind == kind)
    return text


def lasting(value: Any) -> Any:
    """JSON data without what each answer has of its own, and without the order of its keys."""
    if isinstance(value, dict):
        return {key: lasting(part) for key, part in value.items() if key not in MADE_ANEW}
    return [lasting(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", SETTINGS)
def test_the_readme_has_the_row_of_each_setting(name: str) -> None:
    field = SETTINGS[name]
    assert f"| `{name}` | `ORDAIN_{name.upper()}` | `{field.default}` | {field.metadata['meaning']} |" in LINES


def test_the_readme_names_the_variable_of_the_settings_file() -> None:
    assert f"`{CONFIG}`" in TEXT


def test_the_readme_has_no_row_of_a_setting_that_there_is_not() -> None:
    listed = [line.split("`")[1] for line in LINES if "` | `ORDAIN_" in line]
    assert listed == list(SETTINGS)


@pytest.mark.parametrize("error", codes(), ids=lambda error: error.__name__)
def test_the_readme_has_the_code_status_and_severity_of_each_error(error: type[OrdainError]) -> None:
    row = f"| `{error.__name__}` | {status_of(error('x'))} | {error.severity} | "
    assert sum(line.startswith(row) for line in LINES) == 1


@pytest.mark.parametrize(("path", "command"), [pytest.param(*each, id=each[0]) for each in commands(main)])
def test_the_readme_has_a_row_of_each_command_with_its_options(path: str, command: click.Command) -> None:
    rows = [line for line in LINES if line.startswith(f"| `{path}`") or line.startswith(f"| `{path} ")]
    assert len(rows) == 1
    options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
    assert [option for option in options if option not in rows[0]] == []


def test_the_readme_lists_the_routes_that_there_are(client: FlaskClient) -> None:
    rows = tuple(f"| `{method} /" for method in ("GET", "POST", "PUT"))
    listed = {tuple(line.split("`")[1].split(" ")) for line in LINES if line.startswith(rows)}
    there = {
        (method, rule.rule)
        for rule in client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert listed == there


def test_the_first_decision_over_http_comes_out_as_the_readme_shows(client: FlaskClient) -> None:
    (body,) = (line.split("-d '")[1].rstrip("'") for line in LINES if line.startswith("  -d '"))
    answer = client.post("/v1/decisions/plan-advice", data=body)
    shown = json.loads(block("json answer"))
    assert answer.json is not None
    assert list(answer.json) == list(shown)
    assert lasting(answer.json) == lasting(shown)


def test_an_error_has_the_shape_that_the_readme_shows(client: FlaskClient) -> None:
    body = {"subject": "C-9", "facts": {"usage_gb": "much", "plan_gb": 100}}
    answer = client.post("/v1/decisions/plan-advice", json=body)
    shown = json.loads(block("json error"))
    assert answer.json is not None
    assert list(answer.json["error"]) == list(shown["error"])
    assert lasting(answer.json) == lasting(shown)


def test_the_first_decision_of_the_command_comes_out_as_the_readme_shows(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text('{"usage_gb": 95, "plan_gb": 100}', encoding="utf-8")
    (tmp_path / "config.yaml").write_text(f"policies: {ROOT / 'policies'}\n", encoding="utf-8")
    asked = ["--config", str(tmp_path / "config.yaml"), "decide", "plan-advice", "--subject", "C-9"]
    done = CliRunner().invoke(main, [*asked, "--facts", str(tmp_path / "facts.json")])
    assert done.exit_code == 0
    # Ids and hashes are new each time, and the width of the terminal breaks lines.
    said, shown = (text.split("on record")[0].split() for text in (done.output, block("text decide")))
    assert said == shown
