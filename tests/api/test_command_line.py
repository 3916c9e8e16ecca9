"""The command `ordain`, run as people run it."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID

import jsonschema
import pytest
import yaml
from answers import ADVICE, NOON, QUOTE, RETENTION, error_in, tells
from click.testing import CliRunner
from served import ROOT, ordain, ordain_here

from ordain.api.cli.main import main
from ordain.engine.policy.kinds import KINDS

POLICIES = sorted((ROOT / "policies").glob("*/v*.yaml"))


def _decide(folder: Path, service: str, facts: str, *more: str, **variables: str) -> tuple[int, str, str]:
    done = ordain_here(folder, "decide", service, "--subject", "C-1", "--facts", facts, *more, **variables)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def _decided(folder: Path, service: str, facts: dict[str, object], *more: str) -> str:
    (folder / "facts.json").write_text(json.dumps(facts))
    code, out, err = _decide(folder, service, "facts.json", "--json", *more)
    assert code == 0, err
    return str(json.loads(out)["decision_id"])


# --- decide -----------------------------------------------------------------------------------------------------


def test_a_decision_is_shown_readably_with_its_reasons(tmp_path: Path) -> None:
    (tmp_path / "facts.yaml").write_text("usage_gb: 95\nplan_gb: 100\n")
    done = ordain(tmp_path, "decide", "plan-advice", "--subject", "C-1", "--facts", "facts.yaml")
    out = done.stdout
    assert (done.returncode, done.stderr) == (0, "")
    assert out.startswith("plan-advice for C-1\n")
    assert "action plan up, say The next plan up fits your usage better." in out
    assert "More than 90 percent of the plan is used.  [nearly-full]" in out
    assert "plan-advice@1" in out
    assert ", leaf hash " in out


def test_yaml_and_json_facts_give_the_same_json_at_the_time_that_was_asked(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text(json.dumps(QUOTE))
    lines = [f"{name}: {json.dumps(value)}" for name, value in QUOTE.items()]
    (tmp_path / "facts.yaml").write_text("\n".join(lines))
    answers = []
    for file in ("facts.json", "facts.yaml"):
        code, out, _ = _decide(tmp_path, "price-quote", file, "--json", "--at", "2026-06-01T06:30:00Z")
        assert code == 0
        answers.append(json.loads(out))
    assert answers[0]["at"] == NOON
    assert answers[0]["outcome"]["price"] == {"amount": "525.00", "currency": "INR"}
    same = ("service", "at", "outcome", "verdict", "reasons", "obligations", "policies")
    assert {name: answers[0][name] for name in same} == {name: answers[1][name] for name in same}


BAD = [
    ("retentoin", '{"churn_risk": 0.85}', "UnknownService", "there is no service `retentoin`"),
    (
        "plan-advice",
        '{"usage_gb": 95}',
        "CustomerDataIncomplete",
        "`used_percent` of plan-advice@1 needs `plan_gb`, which is missing",
    ),
    ("plan-advice", '{"usage_gb": "much", "plan_gb": 100}', "DataQualityIssue", '`usage_gb`: the text `"much"` is not'),
    ("plan-advice", '{"usage_gb": 95,', "MalformedRequest", "`facts.json` is not JSON"),
    ("plan-advice", "[95]", "MalformedRequest", "`facts.json` must hold an object of facts, not a list"),
]


@pytest.mark.parametrize(("service", "facts", "code", "message"), BAD)
def test_bad_input_exits_with_2_and_says_why(tmp_path: Path, service: str, facts: str, code: str, message: str) -> None:
    (tmp_path / "facts.json").write_text(facts)
    exit_code, out, err = _decide(tmp_path, service, "facts.json")
    assert (exit_code, out) == (2, "")
    assert err.startswith(f"{code}\n")
    assert message in err
    exit_code, out, err = _decide(tmp_path, service, "facts.json", "--json")
    assert (exit_code, out) == (2, "")
    assert error_in(err)["code"] == code
    assert error_in(err)["message"].startswith(message)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("none.json", None, "`none.json` cannot be read: no such file or directory"),
        ("facts.yaml", b"usage_gb: 95\nusage_gb: 96\n", "facts.yaml:2:1: `usage_gb` appears twice; first in line 1"),
        ("facts.yaml", b"usage_gb: [95\n", "facts.yaml:1:11: the `[` is never closed"),
        ("facts.yaml", b"- 95\n", "`facts.yaml` must hold an object of facts, not a list"),
        ("facts.yaml", b"", "facts.yaml:1:1: the file is empty"),
        ("facts.yaml", b"\xff", "facts.yaml:1:1: the file is not UTF-8 text"),
    ],
)
def test_a_facts_file_that_cannot_be_used_is_named(tmp_path: Path, file: str, text: bytes | None, message: str) -> None:
    if text is not None:
        (tmp_path / file).write_bytes(text)
    code, out, err = _decide(tmp_path, "plan-advice", file)
    assert (code, out) == (2, "")
    assert err.startswith(f"MalformedRequest\n{message}")


def test_a_bad_time_exits_with_2(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text(json.dumps(ADVICE))
    code, out, err = _decide(tmp_path, "plan-advice", "facts.json", "--at", "2026-06-01T08:00:00")
    assert (code, out) == (2, "")
    assert err.startswith("MalformedRequest\n`at`: `2026-06-01T08:00:00` is not a date and time with offset")
    code, out, err = _decide(tmp_path, "plan-advice", "facts.json", "--at", "2026-02-30")
    assert (code, out) == (2, "")
    assert err.startswith("MalformedRequest\n`at`: `2026-02-30` is not a date")


def test_a_day_alone_is_its_noon_as_in_an_example(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text(json.dumps(ADVICE))
    code, out, err = _decide(tmp_path, "plan-advice", "facts.json", "--at", "2026-06-01", "--dry-run", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["at"] == "2026-06-01T12:00:00+05:30", "the setting is Asia/Kolkata"


def test_a_denied_quote_exits_with_2_and_is_on_record(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text(json.dumps({**QUOTE, "personal_data_inputs": ["race"]}))
    code, out, err = _decide(tmp_path, "price-quote", "facts.json", "--at", NOON)
    assert (code, out) == (2, "")
    assert err.startswith("ComplianceViolation\n`house-protected-inputs` denies it")
    assert not tells(err, 525)
    decision_id = err.split("on record as decision ")[1].split()[0]
    assert ordain_here(tmp_path, "replay", decision_id).returncode == 0


# --- audit verify and replay ------------------------------------------------------------------------------------


def test_one_changed_byte_in_the_database_is_found_and_its_entry_named(tmp_path: Path) -> None:
    ids = [_decided(tmp_path, "plan-advice", {**ADVICE, "usage_gb": usage}) for usage in (95, 50, 20)]
    holds = ordain(tmp_path, "audit", "verify", "--open")
    assert holds.returncode == 0, holds.stdout
    assert holds.stdout.startswith("holds: 4 of 4 entries, ")
    for column, code, name in (("envelope", 12, "tree"), ("sealed", 11, "payload")):
        with _changed(tmp_path / "ordain.db", ids[1], column):
            broken = ordain(tmp_path, "audit", "verify")
            assert broken.returncode == code
            assert f"{name}: entry 2" in broken.stdout
            assert "does not hold" in broken.stdout
            told = ordain(tmp_path, "audit", "verify", "--json")
            evidence = json.loads(told.stdout)
            assert (evidence["holds"], evidence["entries"], evidence["first_bad"]) == (False, 4, 2)
    assert ordain_here(tmp_path, "audit", "verify").returncode == 0


@contextmanager
def _changed(database: Path, decision_id: str, column: str) -> Iterator[None]:
    """One byte of an entry's stored bytes is another one until the block ends."""
    key = UUID(decision_id).bytes
    with closing(sqlite3.connect(database)) as connection:
        (stored,) = connection.execute(f"SELECT {column} FROM entry WHERE id = ?", (key,)).fetchone()
        changed = stored[:-20] + bytes([stored[-20] ^ 1]) + stored[-19:]
        for data in (changed, stored):
            connection.execute(f"UPDATE entry SET {column} = ? WHERE id = ?", (data, key))
            connection.commit()
            if data is changed:
                yield


def test_verify_exits_with_2_without_a_ledger(tmp_path: Path) -> None:
    done = ordain(tmp_path, "audit", "verify")
    assert (done.returncode, done.stdout) == (2, "")
    assert "SettingsError\nthere is no ledger at" in done.stderr
    assert "the first `ordain decide` makes one" in done.stderr
    assert not (tmp_path / "ordain.db").exists()


def test_a_replay_agrees_after_the_policies_are_gone_from_the_disk(tmp_path: Path) -> None:
    policies = shutil.copytree(ROOT / "policies", tmp_path / "policies")
    (tmp_path / "facts.json").write_text(json.dumps(QUOTE))
    named = ("--json", "--at", NOON)
    code, out, _ = _decide(tmp_path, "price-quote", "facts.json", *named, ORDAIN_POLICIES=str(policies))
    assert code == 0
    decision_id = json.loads(out)["decision_id"]
    _decided(tmp_path, "retention", RETENTION)
    shutil.rmtree(policies)
    for arguments in (("replay", decision_id), ("replay", "--all")):
        done = ordain(tmp_path, *arguments, ORDAIN_POLICIES=str(policies))
        assert done.returncode == 0, done.stdout
        assert done.stdout.endswith(" replayed, all agree\n")


def test_a_changed_record_is_not_replayed_as_if_it_were_the_decision(tmp_path: Path) -> None:
    decision_id = _decided(tmp_path, "plan-advice", ADVICE)
    with _changed(tmp_path / "ordain.db", decision_id, "sealed"):
        for arguments in (("replay", decision_id), ("replay", "--all")):
            done = ordain_here(tmp_path, *arguments)
            assert done.returncode == 1
            assert decision_id in done.stdout
            assert "is damaged" in done.stdout


def test_a_ledger_that_is_not_what_its_anchors_say_is_not_opened(tmp_path: Path) -> None:
    decision_id = _decided(tmp_path, "plan-advice", ADVICE)
    with _changed(tmp_path / "ordain.db", decision_id, "envelope"):
        done = ordain_here(tmp_path, "replay", decision_id)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("LedgerRolledBack\nthe first 2 entries are not those of the checkpoint in ")


def test_a_ledger_that_is_not_there_is_not_made_by_a_replay(tmp_path: Path) -> None:
    done = ordain_here(tmp_path, "replay", "--all")
    assert done.returncode == 2
    assert not (tmp_path / "ordain.db").exists()


def test_a_replay_of_an_unknown_decision_exits_with_2(tmp_path: Path) -> None:
    _decided(tmp_path, "plan-advice", ADVICE)
    done = ordain_here(tmp_path, "replay", "01a1fc20-0000-7000-8000-000000000000")
    assert done.returncode == 2
    assert done.stderr.startswith("UnknownDecision\nthere is no decision `01a1fc20-0000-7000-8000-000000000000`")


@pytest.mark.parametrize("arguments", [(), ("some-id", "--all")])
def test_replay_takes_one_decision_or_all(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main, ["replay", *arguments])
    assert done.exit_code == 2
    assert "name one decision, or say --all, or --from and --to" in done.stderr


# --- check, schema, help ----------------------------------------------------------------------------------------


def test_check_names_every_policy_and_service(tmp_path: Path) -> None:
    done = ordain(tmp_path, "check")
    assert (done.returncode, done.stderr) == (0, "")
    for file in POLICIES:
        assert f"ok {file.parent.name}@1  " in done.stdout
    assert "ok service plan-advice: plan-advice\n" in done.stdout


def test_check_of_a_folder_that_is_none_exits_with_2(tmp_path: Path) -> None:
    done = ordain(tmp_path, "check", "nowhere")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "nowhere" in done.stderr


class _AsWritten(yaml.SafeLoader):
    """As an editor reads YAML for JSON Schema: a date stays the text that stands there."""


_AsWritten.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.mark.parametrize("what", [*KINDS, "facts", "services"])
def test_a_schema_is_json_schema_and_takes_the_shipped_files(tmp_path: Path, what: str) -> None:
    done = ordain(tmp_path, "schema", what)
    assert (done.returncode, done.stderr) == (0, "")
    schema = json.loads(done.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    files = [ROOT / f"policies/{what}.yaml"] if what in ("facts", "services") else POLICIES
    shipped = [yaml.load(file.read_bytes(), _AsWritten) for file in files]  # noqa: S506 - a SafeLoader
    ours = [data for data in shipped if what in ("facts", "services") or data["kind"] == what]
    assert ours
    for data in ours:
        validator.validate(data)
    for data in (data for data in shipped if data not in ours):
        assert not validator.is_valid(data)
    assert not validator.is_valid({**ours[0], "colour": "red"})


def test_a_port_that_is_taken_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = ordain(tmp_path, "serve", "--port", port)
    assert done.returncode == 2
    assert done.stderr.startswith(f"SettingsError\ncannot listen on 127.0.0.1:{port}: address already in use")


def test_a_training_is_on_record(tmp_path: Path) -> None:
    done = ordain_here(tmp_path, "train", "churn", "--customers", "300")
    assert done.returncode == 0, done.stderr
    searched = ordain_here(tmp_path, "audit", "search", "--kind", "model", "--json")
    [line] = searched.stdout.splitlines()
    about = json.loads(line)["about"]
    assert (about["action"], about["model"], about["version"]) == ("trained", "churn", 1)
    assert ordain_here(tmp_path, "audit", "verify").returncode == 0


def test_a_model_that_the_ledger_does_not_take_is_not_live(tmp_path: Path) -> None:
    assert ordain_here(tmp_path, "train", "churn", "--customers", "300").returncode == 0
    with closing(sqlite3.connect(tmp_path / "ordain.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # another program keeps the ledger from being written
        done = ordain_here(tmp_path, "train", "churn", "--customers", "300", ORDAIN_BUSY_SECONDS="0.2")
        other.execute("ROLLBACK")
    assert done.returncode == 3, done.stderr
    assert [path.name for path in (tmp_path / "models" / "churn").iterdir()] == ["1"]
    assert ordain_here(tmp_path, "train", "churn", "--customers", "300").returncode == 0
    found = ordain_here(tmp_path, "audit", "search", "--kind", "model", "--json")
    assert [json.loads(line)["about"]["version"] for line in found.stdout.splitlines()] == [2, 1]


def test_a_ledger_of_this_version_needs_no_upgrade(tmp_path: Path) -> None:
    assert ordain_here(tmp_path, "audit", "upgrade").returncode == 2
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps(ADVICE))
    assert _decide(tmp_path, "plan-advice", "facts.json")[0] == 0
    upgraded = ordain_here(tmp_path, "audit", "upgrade")
    assert (upgraded.returncode, upgraded.stdout) == (0, "This ledger already has the newest version (0004).\n")
    assert ordain_here(tmp_path, "audit", "verify").returncode == 0
