"""A served process is held to its own document by schemathesis: no 5xx, and no answer outside of what is written.

The gate tries some hundred cases. ORDAIN_OPENAPI_CASES=5000 tries so many, with the systematic ones for each
parameter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from answers import NOON, QUOTE, error_in
from callers import bearer, keeper
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from served import Server

from ordain.api.access.rights import ROLES

CASES = int(os.environ.get("ORDAIN_OPENAPI_CASES", "100"))
WITH_COVERAGE = 3000
"""The systematic cases alone are more than this."""
HERE = Path(__file__).parent
LONG_AGO = {"ORDAIN_AT_BACK_DAYS": "365000", "ORDAIN_AT_AHEAD_DAYS": "365000"}


def held_to_its_document(server: Server, folder: Path, headers: dict[str, str]) -> dict[str, Any]:
    """What schemathesis reports of the server's document, and of the server."""
    reply = server.ask("GET", "/openapi.json", headers=headers)
    assert reply.status == 200
    document, report = folder / "openapi.json", folder / "report.json"
    document.write_bytes(reply.body)
    phases = "examples,fuzzing,stateful" + (",coverage" if CASES >= WITH_COVERAGE else "")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run"]
    told = ["--url", f"http://127.0.0.1:{server.port}", "--seed", "20261130", "--phases", phases]
    told += ["--max-examples", str(CASES // (33 if CASES < WITH_COVERAGE else 80)), "--continue-on-failure"]
    told += ["--report", "json", "--report-json-path", str(report), "--generation-database", "none", "--no-color"]
    told += [part for name, value in headers.items() for part in ("--header", f"{name}: {value}")]
    done = subprocess.run(
        [*command, str(document), *told],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(HERE), "SCHEMATHESIS_HOOKS": "ndjson_hooks"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    return dict(json.loads(report.read_text(encoding="utf-8")))


@pytest.mark.parametrize("who", ["nobody is known", "one who may do all asks"])
def test_no_answer_is_outside_of_the_document(tmp_path: Path, who: str) -> None:
    known = who == "one who may do all asks"
    headers = bearer(keeper(tmp_path).make("all", ROLES).text) if known else {}
    with Server(tmp_path, **LONG_AGO) as server:
        report = held_to_its_document(server, tmp_path, headers)
        assert server.get("/readyz").status == 200
    said = report["test_cases"]
    print(who, said, report["running_time"])  # shown with -s
    assert (said["with_failures"], report["errors"]) == (0, [])
    assert said["generated"] >= CASES
    assert report["operations"]["tested"] == report["operations"]["total"] - 2, "all but the stream, and stopping"


def test_without_a_key_each_route_answers_within_the_document_too(tmp_path: Path) -> None:
    keeper(tmp_path).make("admin", ["admin"])
    key = bearer(keeper(tmp_path).make("reader", ["admin"]).text)
    with Server(tmp_path) as server:
        document = server.ask("GET", "/openapi.json", headers=key).json()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                answer = server.ask(method.upper(), path.replace("{", "").replace("}", ""), b"{}" * (method == "post"))
                if path == "/price/{token}":  # a page for people; of this token there is nothing to be told
                    assert (answer.status, answer.headers["content-type"].split(";")[0]) == (404, "text/html")
                    continue
                open_to_all = {} in operation.get("security", [])
                is_log_in = path in ("/login", "/login/callback", "/logout")  # no provider is named
                is_signed = operation.get("security") == []  # and this request is not, and of no source that there is
                is_not_there = is_log_in or is_signed
                assert answer.status == (404 if is_not_there else 200 if open_to_all else 401), path
                content = operation["responses"][str(answer.status)]["content"]
                schema = {**content[answer.headers["content-type"]]["schema"], "components": document["components"]}
                Draft202012Validator(schema).validate(answer.json())


# --- the stream, which never ends -------------------------------------------------------------------------------

VALUES = st.one_of(
    st.text(max_size=20), st.sampled_from(["0", "9999999999999999", "01a229cf-fe3f-7bca-b931-9605f3244deb"])
)
QUERIES = st.lists(st.tuples(st.sampled_from(["after", "type", "service", "limit", "other"]), VALUES), max_size=4)


@pytest.fixture(scope="module")
def told(server: Server) -> dict[str, Any]:
    """What the document says of the stream's answers."""
    return dict(server.get("/openapi.json").json()["paths"]["/v1/events/stream"]["get"]["responses"])


@settings(max_examples=60, deadline=None)
@given(query=QUERIES)
def test_a_stream_begins_or_is_refused_as_the_document_says(
    server: Server, told: dict[str, Any], query: list[tuple[str, str]]
) -> None:
    connection = server.connection()
    try:
        connection.request("GET", f"/v1/events/stream?{urlencode(query)}")
        answer = connection.getresponse()
        content = told[str(answer.status)]["content"]
        media = (answer.getheader("content-type") or "").partition(";")[0]
        assert media in content
        if answer.status == 200:
            assert answer.readline() == b"retry: 1000\n"
        else:
            error_in(answer.read())
    finally:
        connection.close()


def test_a_decision_leads_to_what_can_be_read_of_it(server: Server) -> None:
    document = server.get("/openapi.json").json()
    ids = {each["operationId"]: path for path, methods in document["paths"].items() for each in methods.values()}
    links = document["paths"]["/v1/decisions/price-quote"]["post"]["responses"]["200"]["links"]
    assert len(links) == 7
    decided = server.decide("price-quote", "C-1", QUOTE, at=NOON).json()
    for link in links.values():
        assert link["parameters"] == {"decision_id": "$response.body#/decision_id"}
        path = ids[link["operationId"]].replace("{decision_id}", decided["decision_id"])
        assert server.get(path).status in (200, 409), "409: not in the signed log yet"
