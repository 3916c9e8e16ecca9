"""What is done to a version of a policy, and to its roll-out, is an event of its own type, and says nothing sealed."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fees import ASHA, BELA, CHEN, activate, settings_of, steps_in, write
from receiver import SECRET, Receiver

from ordain.api.events.courier import Courier
from ordain.api.events.endpoints import Endpoint
from ordain.api.events.event import TYPES, fitting, type_of
from ordain.api.events.event_pages import Wanted, page_of
from ordain.api.events.outbox import Outbox
from ordain.api.events.owner import this_process
from ordain.api.events.post import Post
from ordain.api.events.signing import secrets_in
from ordain.api.events.state import State
from ordain.api.ledger import open_for
from ordain.api.lifecycle.rolling import Asked, Rolling
from ordain.api.settings import Settings
from ordain.audit.entry.entry import Kind
from ordain.audit.ledger.open_ledger import OpenLedger
from ordain.engine.errors import MalformedRequest
from ordain.engine.lifecycle.rollout import Action
from ordain.models.registry.stages import Step

WHY = "a reason that is sealed"
SEALED = (WHY, "as agreed", *(person.name for person in (ASHA, BELA, CHEN)), "north", "operator")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A version that is active, one that was rolled out in every way and activated, and a rollback."""
    folder = tmp_path_factory.mktemp("lived")
    write(folder, 1)
    settings = settings_of(folder)
    with steps_in(settings) as steps:
        steps.adopt(CHEN, WHY)
    write(folder, 2)
    with (folder / "policies/facts.yaml").open("a") as facts:
        facts.write("  region: {type: text, values: [north, south], optional: true, meaning: where}\n")
    with steps_in(settings) as steps:
        steps.submit("fees@2", ASHA)
        rolling = Rolling(steps)
        rolling.start("fees@2", CHEN, Asked(shadow=True), WHY)
        rolling.revert("fees", CHEN, WHY)
        steps.approve("fees@2", BELA)
        rolling.start("fees@2", CHEN, Asked((100, 10_000), dt.timedelta(days=7), where={"region": ("north",)}), WHY)
        rolling.pause("fees", CHEN, WHY)
        rolling.resume("fees", CHEN, WHY)
        rolling.share("fees", 500, CHEN, WHY)
        rolling.step("fees", CHEN, {"why": WHY})
        steps.activate("fees@2", CHEN, None, WHY)
        steps.roll_back("fees", 1, CHEN, WHY)
    return settings


TOLD = [
    *("policy.activated", "policy.submitted", "rollout.shadowed", "rollout.reverted", "policy.approved"),
    *("rollout.started", "rollout.paused", "rollout.resumed", "rollout.grown", "rollout.stepped"),
    *("policy.activated", "policy.activated"),
]


def delivered(opened: OpenLedger, **asked: Any) -> list[dict[str, Any]]:
    """What a receiver on this machine has got, signed, when all was delivered once."""
    with Receiver() as receiver, closing(State(opened)) as state:
        endpoint = Endpoint("crm", receiver.url, private=True, secrets=secrets_in(SECRET), **asked)
        state.begin("crm", 0)
        state.replay("crm", 0)
        asyncio.run(Courier("crm", Outbox(opened, endpoint), state, Post(endpoint), this_process(), once=True).run())
        assert receiver.faults == []
        return [got.event for got in receiver.got]


def test_each_step_arrives_as_its_own_type_in_order(lived: Settings) -> None:
    with closing(open_for(lived)) as opened:
        opened.settle()
        events = delivered(opened, types=("ordain.policy.*", "ordain.rollout.*"))
        assert [event["type"] for event in events] == [f"ordain.{name}" for name in TOLD]
        back = events[-1]["data"]["about"]
        assert (back["policy"], back["version"], back["rollback"]) == ("fees", 1, True)
        assert events[-2]["data"]["about"]["version"] == 2
        assert events[5]["data"]["about"]["stages"][0][0] == 100
        assert not [text for text in SEALED if text in json.dumps(events)], "who, why and to whom is sealed"


def test_an_endpoint_takes_those_that_it_names_and_is_told_no_more_for_being_personal(lived: Settings) -> None:
    with closing(open_for(lived)) as opened:
        opened.settle()
        activated = delivered(opened, types=("ordain.policy.activated",))
        assert [event["data"]["about"]["version"] for event in activated] == [1, 2, 1]
        personal = delivered(opened, types=("ordain.*.reverted",), answer=True, subjects=True)
        (reverted,) = personal
        assert not [text for text in SEALED if text in json.dumps(reverted)]
        assert delivered(opened, types=("ordain.policy.*",), services=("quote",)) == [], "a version is no service's"
        page = page_of(opened, -1, Wanted(("ordain.rollout.paused",)))
        assert [event["data"]["about"]["action"] for event in page.events] == ["pause"]


def test_a_planned_activation_says_from_when_it_counts(tmp_path: Path) -> None:
    write(tmp_path, 1)
    settings = settings_of(tmp_path)
    activate(settings, 1, begins="2090-01-01")
    with closing(open_for(settings)) as opened:
        opened.settle()
        (event,) = page_of(opened, -1, Wanted(("ordain.policy.activated",))).events
        assert event["data"]["about"]["from"].startswith("2090-01-01")


def test_every_kind_of_entry_and_every_action_of_a_roll_out_or_a_model_has_a_type_that_can_be_asked_for() -> None:
    kinds = {value for name, value in vars(Kind).items() if not name.startswith("_")}
    made = {type_of({"kind": kind, "about": {}}) for kind in kinds - {Kind.ROLLOUT, Kind.ALERT, Kind.MODEL}}
    made |= {type_of({"kind": Kind.ROLLOUT, "about": {"action": str(action)}}) for action in Action}
    made |= {type_of({"kind": Kind.MODEL, "about": {"action": str(step)}}) for step in Step}
    assert {kind for kind in TYPES if not kind.startswith("ordain.alert.")} == made


@pytest.mark.parametrize("pattern", ["ordain.activation.recorded", "ordain.rollout.recorded", "rollout.paused"])
def test_a_type_that_is_called_otherwise_is_refused(pattern: str) -> None:
    with pytest.raises(MalformedRequest, match="there is no type"):
        fitting(pattern)
