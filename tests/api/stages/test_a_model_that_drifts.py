"""One story, with real parts and SYNTHETIC customers: a supplier turns the sign of a column, the live model gets worse,
a candidate is trained, tried beside it in a running server, made live, gets worse in its turn, and is taken back.

Whoever follows it in the ledger finds every step there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from answers import RETENTION
from served import SECONDS, Server, ordain_here, settings_in

from ordain.api.ledger import open_for
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.reader import Record
from ordain.audit.records.replay import Replayer
from ordain.audit.verifier.check import verify
from ordain.models.data.synthetic import customers

FEATURES = ("usage_gb", "usage_decline_percent", "days_since_login", "payment_failures", "tickets", "contract_months")
ROWS = 4_000
JSON = {"Content-Type": "application/json"}
Asked = dict[str, Any]


def write_table(folder: Path, name: str, seed: int, *, turned: bool = False) -> None:
    """SYNTHETIC customers; `turned`: their supplier writes a decline of usage as growth."""
    table = customers(ROWS, seed)
    if turned:
        table["usage_decline_percent"] = -table["usage_decline_percent"]
    table.to_csv(folder / name, index=False)


def commanded(folder: Path, *command: str, code: int = 0) -> Asked:
    done = ordain_here(folder, *command, "--as", "asha", "--json")
    assert done.returncode == code, done.stdout + done.stderr
    told: Asked = json.loads(done.stdout.splitlines()[-1])
    return told


def records(folder: Path) -> Iterator[Record]:
    opened = open_for(settings_in(folder), make=False)
    try:
        yield from opened.reader.records()
        yield from (found for entry in opened.reader.waiting() if (found := opened.reader.record(entry.id)) is not None)
    finally:
        opened.close()


def decide(server: Server, row: Asked) -> Asked:
    facts = {name: value for name, value in RETENTION.items() if name != "churn_risk"}
    facts |= {name: row[name] for name in FEATURES}
    answer = server.decide("retention", row["subject"], facts)
    assert answer.status == 200, answer.body
    told: Asked = answer.json()
    return told


def until(server: Server, row: Asked, wanted: Callable[[Asked], bool]) -> None:
    """Asks until an answer is as it is wanted: a server follows the ledger within seconds."""
    deadline = time.monotonic() + SECONDS
    while not wanted(answer := decide(server, row)):
        assert time.monotonic() < deadline, server.get(f"/v1/decisions/{answer['decision_id']}").body
        time.sleep(0.1)


def rows_of(folder: Path, seed: int, count: int) -> list[Asked]:
    table = customers(ROWS, seed).head(count)
    found: list[Asked] = json.loads(table.to_json(orient="records"))
    return found


def story_in(folder: Path) -> dict[str, Any]:
    """All of it: what the commands told, what the server answered, and the folder."""
    write_table(folder, "march.csv", 1)
    write_table(folder, "april.csv", 2, turned=True)
    write_table(folder, "may.csv", 3)
    told: dict[str, Any] = {"folder": folder}
    train = ("train", "churn", "--data", "march.csv", "--mapping", "synthetic", "--promote")
    told["first"] = commanded(folder, *train)
    told["calm"] = commanded(folder, "models", "watch", "churn", "--data", "march.csv")
    told["alarm"] = commanded(folder, "models", "watch", "churn", "--data", "april.csv", code=1)
    rows = [{**row, "usage_decline_percent": -row["usage_decline_percent"]} for row in rows_of(folder, 2, 40)]
    with Server(folder) as server:
        told["retrained"] = commanded(folder, "models", "retrain", "churn", "--data", "april.csv")
        told["again"] = commanded(folder, "models", "retrain", "churn", "--data", "april.csv")
        until(server, rows[0], lambda answer: bool(shadow_scores(server, answer)))
        told["tried"] = [decide(server, row)["decision_id"] for row in rows]
        told["beside"] = commanded_plainly(folder, "models", "compare", "churn", "--json")
        told["promoted"] = commanded(folder, "models", "promote", "churn", "2")
        until(server, rows[0], lambda answer: version_of(answer) == 2)
        told["worse"] = commanded(folder, "models", "watch", "churn", "--data", "may.csv", code=1)
        told["back"] = commanded(folder, "models", "rollback", "churn", "--because", "the sign is turned back")
        until(server, rows[0], lambda answer: version_of(answer) == 1)
    return told


def commanded_plainly(folder: Path, *command: str) -> Asked:
    done = ordain_here(folder, *command)
    assert done.returncode == 0, done.stderr
    told: Asked = json.loads(done.stdout)
    return told


def version_of(answer: Asked) -> int:
    version: int = answer["models"][0]["version"]
    return version


def shadow_scores(server: Server, answer: Asked) -> list[Asked]:
    """Those that are scores, not reasons why there is none."""
    record = server.get(f"/v1/decisions/{answer['decision_id']}").json()
    return [each for each in record.get("shadow_scores", ()) if "score" in each]


def test_a_model_that_drifts_is_replaced_and_taken_back_by_steps_that_are_all_on_record(tmp_path: Path) -> None:
    story = story_in(tmp_path)
    check_watching_is_calm_on_what_it_learned_from_and_alarms_at_what_shifted(story)
    check_the_candidate_beats_the_live_version_on_the_same_rows_and_becomes_a_shadow(story)
    check_a_table_that_a_candidate_has_learned_from_is_not_trained_on_again(story)
    check_while_it_is_tried_the_live_version_decides_and_both_scores_are_on_record(story)
    check_the_policy_compares_what_was_measured_on_the_same_rows(story)
    check_a_version_that_was_worse_than_its_card_is_not_promoted_again(story)
    check_every_step_is_in_the_ledger_and_each_that_needs_one_names_its_decision(story)


def check_watching_is_calm_on_what_it_learned_from_and_alarms_at_what_shifted(story: dict[str, Any]) -> None:
    assert story["calm"]["alarms"] == []
    (drop,) = [each for each in story["alarm"]["alarms"] if each["measure"] == "drop"]
    assert drop["value"] > 0.05
    assert story["alarm"]["drift"]["verdict"] != "none"
    assert "usage_decline_percent" in {each["of"] for each in story["alarm"]["drift"]["findings"][:2]}


def check_the_candidate_beats_the_live_version_on_the_same_rows_and_becomes_a_shadow(story: dict[str, Any]) -> None:
    came = story["retrained"]
    newer, live = came["compared"]["AUC"]
    assert newer > live
    assert (came["trained"], came["verdict"], came["stage"]) == (2, "permit", "shadow")


def check_a_table_that_a_candidate_has_learned_from_is_not_trained_on_again(story: dict[str, Any]) -> None:
    assert (story["again"]["trained"], story["again"]["trained_before"]) == (None, 2)


def check_while_it_is_tried_the_live_version_decides_and_both_scores_are_on_record(story: dict[str, Any]) -> None:
    opened = open_for(settings_in(story["folder"]), make=False)
    try:
        replayer = Replayer(opened.reader)
        differ = 0
        for decision in story["tried"]:
            record = opened.reader.record(UUID(decision))
            assert record is not None
            assert record.private is not None
            (model,) = record.private["models"]
            (beside,) = record.private["shadow_scores"]
            assert (model["version"], beside["model"]["version"]) == ("1", "2")
            risk = record.private["facts"]["churn_risk"]
            assert risk["source"] == "churn@1"
            assert abs(float(risk["value"]) - float(model["score"])) < 0.001  # as precise as the fact is declared
            differ += "score" in beside and beside["score"] != model["score"]
            assert replayer.replay(record)
        assert differ >= len(story["tried"]) - 2  # a busy machine may leave one or two out, and says why
    finally:
        opened.close()
    (beside,) = story["beside"]["beside"]
    assert (story["beside"]["live"], beside["version"]) == (1, 2)
    assert beside["rows"] == beside["differ"] > 0


def check_the_policy_compares_what_was_measured_on_the_same_rows(story: dict[str, Any]) -> None:
    facts, same = story["promoted"]["facts"], story["retrained"]["compared"]
    assert story["promoted"]["compared"] is True
    assert [float(facts[name]) for name in ("model_auc", "model_live_auc")] == pytest.approx(same["AUC"], abs=1e-5)
    assert facts["model_stage"] == "shadow"


def check_a_version_that_was_worse_than_its_card_is_not_promoted_again(story: dict[str, Any]) -> None:
    done = ordain_here(story["folder"], "models", "promote", "churn", "2", "--dry-run")
    assert done.returncode == 1
    assert "`as-good-as-its-card`" in done.stdout


def check_every_step_is_in_the_ledger_and_each_that_needs_one_names_its_decision(story: dict[str, Any]) -> None:
    found = list(records(story["folder"]))
    steps = [each for each in found if each.envelope["kind"] == Kind.MODEL]
    assert [(each.envelope["about"]["action"], each.envelope["about"]["version"]) for each in steps] == [
        *(("trained", 1), ("promoted", 1)),
        *(("watched", 1), ("watched", 1), ("watched", 1)),
        *(("trained", 2), ("compared", 2), ("shadowed", 2), ("watched", 1), ("promoted", 2)),
        *(("watched", 2), ("rolled back", 1)),
    ]
    watched = [each.envelope["about"]["found"] for each in steps if each.envelope["about"]["action"] == "watched"]
    assert [each["alarm"] for each in watched] == [False, True, True, True, True]
    decisions = {str(each.entry.id): each for each in found if each.envelope["kind"] == Kind.DECISION}
    taken = ("promoted", "shadowed", "rolled back")
    for each in steps:
        about = each.envelope["about"]
        if about["action"] in taken:
            assert decisions[about["decision"]].envelope["service"] == "model-promotion"
    asked = decisions[story["retrained"]["entries"]["decision"]]
    assert asked.private is not None
    assert asked.private["facts"]["model_compared"]["value"] is True
    assert verify(story["folder"] / "ordain.db")
