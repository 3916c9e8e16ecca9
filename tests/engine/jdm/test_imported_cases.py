"""The graphs of tests/cases/jdm: each is a policy that loads, and each of its tests passes or is explained."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import Any

import pytest
import yaml
import zen
from graphs import CASES, from_file, whys

from ordain.engine.catalog import Texts, load_catalog
from ordain.engine.jdm import imported as importing
from ordain.engine.jdm.graph import Case
from ordain.engine.jdm.result import trials

FILES = sorted(file.name for file in CASES.glob("*.json"))
EXPLAINED = {
    "odd-inputs.json": {trials.TYPES},
    "per-head.json": {trials.NO_NUMBER, trials.ROUNDING},
    "remainders.json": {trials.REST},
    "same-list.json": {trials.LISTS},
    "scripted-score.json": {trials.UNSAID},
}
"""Why tests differ, for the graphs that are about such differences; in every other graph each test passes."""


def test_there_are_twenty_graphs_and_more() -> None:
    assert len(FILES) >= 20
    assert all(json.loads((CASES / name).read_bytes())["tests"] for name in FILES)


@pytest.mark.parametrize("name", FILES)
def test_each_test_of_a_graph_passes_or_its_difference_is_explained(name: str) -> None:
    done = from_file(name)
    assert len(done.trials) == len(json.loads((CASES / name).read_bytes())["tests"])
    assert whys(done) == EXPLAINED.get(name, set())
    assert all(trial.passed for trial in done.trials) == (name not in EXPLAINED)


@pytest.mark.parametrize("name", FILES)
def test_what_is_written_loads_with_its_facts_service_and_examples(name: str) -> None:
    done = from_file(name)
    files = {path: text.encode() for path, text in done.files.items()}
    facts, services = files.pop("facts.yaml"), files.pop("services.yaml")
    catalog = load_catalog(Texts(facts, services, {f"policies/{path}": text for path, text in files.items()}))
    (policy,) = catalog.policies()
    kept = sum(trial.example is not None for trial in done.trials)
    assert (policy.name, len(policy.examples)) == (name.removesuffix(".json"), kept)


@pytest.mark.parametrize("name", FILES)
def test_other_inputs_give_what_zen_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are exchanged between a graph's tests, and left out: ZEN itself says what must come."""
    benches = []
    make = importing._Import.bench

    def kept(self: Any, answer: Any) -> Any:
        benches.append(make(self, answer))
        return benches[-1]

    monkeypatch.setattr(importing._Import, "bench", kept)
    from_file(name)
    raw = json.loads((CASES / name).read_bytes())
    engine = zen.ZenEngine({"loader": lambda key: (CASES / key).read_text()})
    decision = engine.create_decision(json.dumps({key: part for key, part in raw.items() if key != "tests"}))
    chance = random.Random(name)  # noqa: S311 - no secret
    inputs = [test["input"] for test in raw["tests"]]
    for _ in range(40):
        given = {key: chance.choice(inputs).get(key) for key in chance.choice(inputs)}
        given = {key: value for key, value in given.items() if value is not None}
        try:
            output = decision.evaluate(given)["result"]
        except RuntimeError:
            continue  # ZEN refuses it
        trial = benches[0].tried(Case(1, exact(given), exact(output)))
        unexplained = [difference for difference in trial.differences if not difference.why]
        assert not unexplained, (given, output)


def exact(data: Any) -> Any:
    return json.loads(json.dumps(data), parse_float=Decimal, parse_int=Decimal)


def test_the_policy_of_a_table_reads_as_a_person_would_write_it() -> None:
    policy = yaml.safe_load(from_file("plan-tier.json").files["plan-tier/v1.yaml"])
    (name, section), *more = policy["decides"].items()
    assert (name, more) == ("choose_tier", [])
    assert section["gives"] == {"tier": "text", "monthly_price": "number"}
    assert section["rules"][1] == {
        "id": "row-2",
        "when": {"usage_gb": "[20..100)", "plan": '"basic", "plus"'},
        "then": {"tier": "middle", "monthly_price": 499},
        "because": "Most of our customers.",
    }
    assert section["otherwise"] == {"tier": "heavy", "monthly_price": 799}


def test_a_switch_becomes_flags_and_what_its_branches_give_one_formula() -> None:
    decides = yaml.safe_load(from_file("credit-paths.json").files["credit-paths/v1.yaml"])["decides"]
    assert decides["goes_to_second_look"]["formula"] == "not(goes_to_accept) and load < 0.6"
    assert decides["decision"]["formula"] == (
        'if goes_to_accept then "accept" else if goes_to_reduced then "reduced" else if goes_to_backed then "backed" '
        'else "refuse"'
    )
