"""The flow of a service, as its sheet tells it: what reads what, drawn as a flowchart and as a picture."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from served import ROOT, edit, ordain_here, settings_in

from ordain.api.cli.model_cards import OnFile
from ordain.api.contract.flow_layout import layout_of
from ordain.api.contract.flow_mermaid import mermaid
from ordain.api.contract.flow_svg import svg
from ordain.api.contract.service_flow import Box, Flow, Shape, flow_of
from ordain.api.http.app import app_for
from ordain.api.late_model import LateModel
from ordain.api.services import Services, wire

SERVICES = ("access", "alerts", "plan-advice", "price-quote", "retention")
Sheet = dict[str, Any]


def sheet_of(client: FlaskClient, service: str, query: str = "") -> Sheet:
    answer = client.get(f"/v1/services/{service}{query}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    sheet: Sheet = answer.get_json()
    return sheet


def reached(flow: Flow) -> dict[str, set[str]]:
    """All boxes that lead to each box, over others too."""
    before: dict[str, set[str]] = defaultdict(set)
    for source, target in flow.arrows:
        before[target].add(source)
    found: dict[str, set[str]] = {}

    def of(name: str) -> set[str]:
        if name not in found:
            found[name] = set().union(*({each} | of(each) for each in before[name]))
        return found[name]

    return {name: of(name) for name in flow.boxes}


@pytest.mark.parametrize("service", SERVICES)
def test_every_fact_of_a_service_is_drawn_and_leads_to_what_reads_it(shared_client: FlaskClient, service: str) -> None:
    sheet = sheet_of(shared_client, service)
    flow = flow_of(sheet)
    drawn = {line: name for name, box in flow.boxes.items() if box.shape is Shape.FACTS for line in box.lines}
    given_inside = {part["decision"] for policy in sheet["policies"] for part in policy["decides"]}
    for fact in sheet["facts"]:
        name = fact["fact"]
        reading = {
            f"{policy['policy']}@{policy['version']}"
            for policy in sheet["policies"]
            if any(name in part["reads"] for part in (*policy["decides"], *policy["must_hold"]))
        }
        assert reading <= set(fact["read_by"])  # a rule that is not in force reads too, and decides nothing
        if reading and name not in given_inside:
            readers = {flow.boxes[target].group for source, target in flow.arrows if source == drawn[name]}
            assert readers == reading, name
    before = reached(flow)
    for output in [*sheet["gives"], *(["verdict"] if sheet["gives_verdict"] else [])]:
        assert any(flow.boxes[name].shape is Shape.FACTS for name in before[f"output {output}"]), output


def test_decisions_stand_in_their_order_and_read_those_before_them(shared_client: FlaskClient) -> None:
    flow = flow_of(sheet_of(shared_client, "price-quote"))
    names = list(flow.boxes)
    decisions = {name for name in names if flow.boxes[name].shape is Shape.DECISION}
    inner = [(source, target) for source, target in flow.arrows if {source, target} <= decisions]
    assert all(names.index(source) < names.index(target) for source, target in inner)
    lines = {(flow.boxes[source].lines[0], flow.boxes[target].lines[0]) for source, target in inner}
    assert {("proposed_price", "bounded_price"), ("bounded_price", "promise"), ("promise", "price")} <= lines


def test_a_model_stands_between_its_inputs_and_the_fact_that_it_scores(shared_use: Services) -> None:
    inputs = tuple(shared_use.vocabulary[name] for name in ("usage_gb", "tenure_months", "marketing_objection"))
    model = LateModel(OnFile("churn", "7", inputs), lambda: pytest.fail("nobody asks for a score"))
    flow = flow_of(sheet_of(app_for(replace(shared_use, models={"churn": model})).test_client(), "retention"))
    before = reached(flow)
    scored = next(name for name, box in flow.boxes.items() if "churn_risk" in box.lines)
    assert "model churn" in before[scored]
    assert flow.boxes["model churn"].lines[0] == "churn@7"
    assert {line for name in before["model churn"] for line in flow.boxes[name].lines} >= {each.name for each in inputs}


def test_what_must_hold_reads_its_facts(shared_client: FlaskClient) -> None:
    flow = flow_of(sheet_of(shared_client, "price-quote"))
    (held,) = (name for name, box in flow.boxes.items() if box.shape is Shape.HELD and "price-bounds" in box.group)
    assert "floor-below-ceiling" in flow.boxes[held].lines
    read = {line for source, target in flow.arrows if target == held for line in flow.boxes[source].lines}
    assert {"plan_min_price", "plan_max_price"} <= read


def test_which_version_comes_next_is_told_by_the_days_of_the_files(policies: Path, tmp_path: Path) -> None:
    for number, days in (
        (2, "2030-01-01"),
        (3, "{from: 2030-03-01, until: 2030-03-31, then: back}"),
        (4, "{from: 2031-01-01, until: 2031-12-31}"),
    ):
        file = policies / f"plan-advice/v{number}.yaml"
        shutil.copy(policies / "plan-advice/v1.yaml", file)
        edit(file, "version: 1", f"version: {number}")
        edit(file, "effective: 2026-01-01", f"effective: {days}")
    use = wire(settings_in(tmp_path, policies=policies))
    try:
        client = app_for(use).test_client()
        told = {}
        for at in ("2026-06-01", "2030-01-01", "2030-03-15", "2030-04-01", "2031-06-01"):
            coming = sheet_of(client, "plan-advice", f"?at={at}")["policies"][0]["next"]
            told[at] = coming and (coming["version"], coming["from"])
    finally:
        use.close()
    assert told == {
        "2026-06-01": (2, "2030-01-01T00:00:00+05:30"),
        "2030-01-01": (3, "2030-03-01T00:00:00+05:30"),
        "2030-03-15": (2, "2030-04-01T00:00:00+05:30"),
        "2030-04-01": (4, "2031-01-01T00:00:00+05:30"),
        "2031-06-01": (None, "2032-01-01T00:00:00+05:30"),
    }


# --- the drawings -------------------------------------------------------------------------------------------------

_texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)


@st.composite
def _flows(draw: st.DrawFn) -> Flow:
    """Any boxes, each of which may read those before it."""
    flow = Flow(draw(_texts))
    shapes = st.sampled_from([Shape.FACTS, Shape.DECISION, Shape.MODEL, Shape.HELD, Shape.OUTPUT])
    for number in range(draw(st.integers(0, 12))):
        box = Box(
            draw(shapes), tuple(draw(st.lists(_texts, min_size=1, max_size=3))), draw(st.sampled_from(["", "p@1"]))
        )
        flow.boxes[f"box {number}"] = box
        for earlier in range(number):
            if flow.boxes[f"box {earlier}"].shape is not Shape.OUTPUT and draw(st.integers(0, 3)) == 0:
                flow.arrows[f"box {earlier}", f"box {number}"] = None
    return flow


@given(_flows())
def test_no_box_lies_on_another_and_arrows_lead_to_the_right(flow: Flow) -> None:
    laid = layout_of(flow)
    boxes = list(laid.boxes.values())
    for number, one in enumerate(boxes):
        assert one.x >= 0
        assert one.x + one.width <= laid.width
        assert one.y >= 0
        assert one.y + one.height <= laid.height
        for other in boxes[:number]:
            beside = one.x + one.width <= other.x or other.x + other.width <= one.x
            assert beside or one.y + one.height <= other.y or other.y + other.height <= one.y
    for (source, target), run in laid.runs.items():
        assert run[0] == (laid.boxes[source].x + laid.boxes[source].width, pytest.approx(_middle(laid.boxes[source])))
        assert run[-1] == (laid.boxes[target].x, pytest.approx(_middle(laid.boxes[target])))
        assert [x for x, _ in run] == sorted(x for x, _ in run)


def _middle(box: Any) -> float:
    return float(box.y + box.height / 2)


@given(_flows())
def test_a_picture_is_xml_whatever_is_written_in_it(flow: Flow) -> None:
    root = ElementTree.fromstring(svg(flow))  # noqa: S314 - of our own making
    names = {each.tag.rpartition("}")[2] for each in root.iter()}
    assert names <= {"svg", "title", "rect", "g", "path", "polygon", "text"}
    written = [each.text or "" for each in root.iter() if each.tag.endswith("}text")]
    lines = [line for box in flow.boxes.values() for line in (*box.lines, *([box.group] if box.group else []))]
    assert written == ["".join(sign for sign in line if sign.isprintable()) for line in lines]


@given(_flows())
def test_a_flowchart_has_nothing_in_it_that_mermaid_could_take_for_its_own(flow: Flow) -> None:
    lines = mermaid(flow).splitlines()
    assert lines[0] == "flowchart LR"
    assert lines[1].startswith("    %% ")
    boxes = [line for line in lines if re.match(r" +n\d+\W", line) and "-->" not in line]
    assert len(boxes) == len(flow.boxes)
    for line in boxes:
        label = re.fullmatch(r' +n\d+(?:\[\[|\(\[|\{\{|\[|\()"([^"]*)"(?:\]\]|\]\)|\}\}|\]|\))', line)
        assert label is not None, line
        assert not set(re.sub(r"#\d+;|<br/>", "", label[1])) & set("<>#\"'`;[]{}&|\\")
    assert sum("-->" in line for line in lines) == len(flow.arrows)


def test_the_flow_of_the_guide_is_that_of_the_shipped_service(shared_client: FlaskClient) -> None:
    guide = (ROOT / "docs/http.md").read_text(encoding="utf-8")
    shown = guide.partition("```mermaid\n")[2].partition("```")[0]
    assert mermaid(flow_of(sheet_of(shared_client, "plan-advice"))) == shown


def test_the_command_prints_and_draws_the_flow_and_nothing_else(tmp_path: Path) -> None:
    printed = ordain_here(tmp_path, "service", "show", "plan-advice", "--mermaid")
    assert (printed.returncode, printed.stdout.splitlines()[0], printed.stderr) == (0, "flowchart LR", "")
    drawn = ordain_here(tmp_path, "service", "show", "price-quote", "--svg", "flow.svg")
    assert (drawn.returncode, drawn.stdout) == (0, "flow.svg is a picture of price-quote\n")
    picture = (tmp_path / "flow.svg").read_text(encoding="utf-8")
    assert ">bounded_price</text>" in picture
    assert ">churn_risk</text>" in picture
    assert not (tmp_path / "ordain.db").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["plan-advise", "--mermaid"], "did you mean `plan-advice`?"),
        (["plan-advice", "--mermaid", "--json"], "choose one"),
        (["plan-advice", "--svg", "."], "is a directory"),
    ],
)
def test_the_command_says_what_it_cannot_draw(tmp_path: Path, arguments: list[str], told: str) -> None:
    done = ordain_here(tmp_path, "service", "show", *arguments)
    assert done.returncode == 2
    assert told in done.stderr + done.stdout


def test_people_are_told_what_comes_next_and_what_each_decision_gives(policies: Path, tmp_path: Path) -> None:
    shutil.copy(policies / "plan-advice/v1.yaml", policies / "plan-advice/v2.yaml")
    edit(policies / "plan-advice/v2.yaml", "version: 1", "version: 2")
    edit(policies / "plan-advice/v2.yaml", "effective: 2026-01-01", "effective: 2999-01-01")
    environment = {"ORDAIN_POLICIES": str(policies)}
    shown = ordain_here(tmp_path, "service", "show", "plan-advice", **environment).stdout.splitlines()
    assert "      from 2999-01-01 on version 2 decides" in shown
    assert any(line.startswith("      used_percent: number") for line in shown)
    offer = ordain_here(tmp_path, "service", "show", "retention", **environment).stdout
    assert "where marketing_objection != null and marketing_objection, it makes and reads no score: churn_risk" in offer
