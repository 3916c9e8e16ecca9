"""`ordain-client` writes types of the services that run, and mypy holds a program to them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from answers import QUOTE
from callers import keeper
from flask.testing import FlaskClient
from ordain_client.generate import main
from ordain_client.typed_source import source_of
from served import ROOT, Server, settings_in
from test_openapi_types import every_type

from ordain.api.http.app import app_for
from ordain.api.services import wire

GOOD = """
import asyncio
import datetime as dt
from decimal import Decimal

from pricing import AsyncClient, Client

DAY = dt.date(2026, 1, 1)


def ask(url: str) -> str:
    with Client(url) as client:
        advice = client.plan_advice.decide(subject="C-9", facts={"usage_gb": 95, "plan_gb": Decimal("100.0")})
        action: str = advice.outcome["advice"]["action"]
        offer = client.retention.dry_run(
            subject="C-1",
            facts={"churn_risk": 0.5, "clv_tier": "high", "offers_last_90_days": 0, "last_offer_on": DAY},
        )
        if offer.outcome is not None:
            action += offer.outcome["offer"]["channel"]
        for told in client.plan_advice.batch([{"subject": "C-1", "facts": {"usage_gb": 95, "plan_gb": 100}}]):
            assert not isinstance(told, Exception)
            action += told.outcome["advice"]["say"]
        return action


async def ask_in_a_loop(url: str) -> str:
    async with AsyncClient(url) as client:
        advice = await client.plan_advice.decide(subject="C-9", facts={"usage_gb": 95, "plan_gb": 100})
        return advice.outcome["advice"]["action"]


if __name__ == "__main__":
    import sys

    print(ask(sys.argv[1]), asyncio.run(ask_in_a_loop(sys.argv[1])))
"""
WRONG = {
    'client.plan_advice.decide(subject="C", facts={"usage_gb": 95})': "Missing key",
    'client.plan_advice.decide(subject="C", facts={"usage_gb": 95, "plan_gb": [1]})': "Incompatible types",
    'client.plan_advice.decide(subject="C", facts={"usage_gb": 95, "plan_gb": 1, "plna": 2})': "Extra key",
    'client.plan_advice.decide(subject=7, facts={"usage_gb": 95, "plan_gb": 1})': '"subject"',
    'client.plan_advise.decide(subject="C", facts={})': "plan_advise",
    'client.plan_advice.decide(subject="C", facts={"usage_gb": 9, "plan_gb": 1}).outcome["advise"]': "advise",
    'client.access.decide(subject="C", facts={"access_role": "boss", "access_right": "hold"})': "Literal",
    'client.price_quote.decide(subject="C", facts=quote).outcome["price"]': "None",  # it may be withheld
}


@pytest.fixture(scope="module")
def written(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("typed")
    assert main([f"http://127.0.0.1:{server.port}", "--out", str(folder / "pricing.py")]) == 0
    return folder


def mypy(folder: Path, *files: str) -> str:
    path = os.pathsep.join((str(folder), str(ROOT / "clients/python")))
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--cache-dir", os.devnull]
    done = subprocess.run(
        [*command, *files],
        cwd=folder,
        env={**os.environ, "MYPYPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def test_a_program_with_the_types_is_checked_and_runs(server: Server, written: Path) -> None:
    (written / "program.py").write_text(GOOD, encoding="utf-8")
    lines = "\n".join(f"    {line}" for line in WRONG)
    head = "from typing import Any\nfrom pricing import Client\n\n\ndef wrong(client: Client, quote: Any) -> None:\n"
    (written / "wrong.py").write_text(f"{head}{lines}\n", encoding="utf-8")
    said = mypy(written, "pricing.py", "program.py", "wrong.py").splitlines()
    assert [line for line in said if not line.startswith("wrong.py") and "error" in line][:-1] == []
    for number, (line, reason) in enumerate(WRONG.items(), 6):
        found = [each for each in said if each.startswith(f"wrong.py:{number}: error")]
        assert any(reason in each for each in found), (line, said)
    run = [sys.executable, "program.py", f"http://127.0.0.1:{server.port}"]
    path = os.pathsep.join((str(written), str(ROOT / "clients/python")))
    done = subprocess.run(
        run, cwd=written, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.stdout.startswith("plan up")) == ("", True)


def test_a_module_that_is_not_of_these_services_any_more_is_told(server: Server, written: Path, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{server.port}"
    assert main([url, "--out", str(written / "pricing.py"), "--check"]) == 0
    assert main([url, "--out", str(tmp_path / "other.py"), "--check"]) == 1
    assert list(tmp_path.iterdir()) == []


def test_it_reads_a_file_too_and_says_what_it_cannot_read(
    shared_client: FlaskClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "openapi.json").write_bytes(shared_client.get("/openapi.json").data)
    out = ["--out", str(tmp_path / "x.py")]
    assert main([str(tmp_path / "openapi.json"), *out]) == 0
    for text in ("{", "{}", "[]"):
        (tmp_path / "bad.json").write_text(text)
        assert main([str(tmp_path / "bad.json"), *out]) == 2
    assert main([str(tmp_path / "none.json"), *out]) == 2
    assert main(["http://127.0.0.1:9", *out, "--key-variable", "NO_SUCH_VARIABLE"]) == 2
    assert "NO_SUCH_VARIABLE" in capsys.readouterr().err


def test_the_key_that_it_may_need_comes_from_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("A_KEY", keeper(tmp_path).make("shop", ["app"]).text)
    with Server(tmp_path) as server:
        command = [f"http://127.0.0.1:{server.port}", "--out", str(tmp_path / "x.py")]
        assert main(command) == 2
        assert "Unauthenticated" in capsys.readouterr().err
        assert main([*command, "--key-variable", "A_KEY"]) == 0


def test_the_package_can_be_built_and_has_its_types_and_its_command(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "wheel", str(ROOT / "clients/python"), "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--no-index", "-q", "-w", str(tmp_path)], check=True, timeout=120)
    (wheel,) = tmp_path.glob("ordain_client-*.whl")
    with zipfile.ZipFile(wheel) as file:
        names = {name for name in file.namelist() if ".dist-info/" not in name}
        commands = next(file.read(name).decode() for name in file.namelist() if name.endswith("entry_points.txt"))
    assert {name.split("/")[0] for name in names} == {"ordain_client"}
    assert names >= {"ordain_client/py.typed", "ordain_client/typed_source.py"}
    assert "ordain-client = ordain_client.generate:main" in commands


def document_of(folder: Path, service: str) -> dict[str, Any]:
    use = wire(settings_in(folder, policies=every_type(folder / "own", service)))
    try:
        return dict(app_for(use).test_client().get("/openapi.json").get_json())
    finally:
        use.close()


@pytest.mark.parametrize("service", ["odd & ünusual", "2nd line", "batch", "client", 'x"); import os; ("'])
def test_each_type_and_each_name_becomes_python(tmp_path: Path, service: str) -> None:
    text = source_of(document_of(tmp_path, service))
    space: dict[str, Any] = {"__name__": "typed"}
    exec(compile(text, "typed.py", "exec"), space)  # noqa: S102 - is what is tested
    (name,) = [name for name in vars(space["Client"]) if not name.startswith("__")]
    client = space["Client"]("http://127.0.0.1:9")
    assert getattr(client, name)._name == service
    assert "os" not in space
    facts = next(each for key, each in space.items() if key.endswith("Facts"))
    assert facts.__required_keys__ >= {"an_amount", "a_number"}
    assert "maybe" in facts.__optional_keys__


def test_what_is_said_of_a_fact_cannot_become_code(shared_client: FlaskClient) -> None:
    document = json.loads(shared_client.get("/openapi.json").data)
    facts = document["components"]["schemas"]["price-quote.request"]["properties"]["facts"]["properties"]
    assert facts.keys() >= QUOTE.keys()
    facts["demand"]["description"] = "a\nraise SystemExit\r\nraise SystemExit\x0craise SystemExit\u2028raise SystemExit"
    exec(compile(source_of(document), "typed.py", "exec"), {"__name__": "typed"})  # noqa: S102
