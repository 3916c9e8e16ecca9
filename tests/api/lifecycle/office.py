"""An office: people with keys who take the steps of versions over HTTP, in this process."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from callers import bearer, keeper
from fees import CHEN, fees, settings_of, steps_in
from flask.testing import FlaskClient
from served import ROOT, edit
from werkzeug.test import TestResponse

from ordain.api.http.app import app_for
from ordain.api.services import Services, wire
from ordain.api.settings import Settings

BEGUN = ROOT / "api/cli/init_folder/policies"
PEOPLE = {
    **{"asha": "editor", "eddy": "editor", "bela": "approver", "dina": "approver"},
    **{"rita": "reviewer", "chen": "operator", "app": "app"},
}
YAML = {"Content-Type": "application/yaml"}


def furnished(folder: Path, *versions: int) -> Path:
    """The folder that `ordain init` makes, with `fees` in these versions and a service that asks it; its policies."""
    policies = Path(shutil.copytree(BEGUN, folder / "policies"))
    edit(policies / "facts.yaml", "facts:\n", "facts:\n  base: {type: number, meaning: what it is of}\n")
    edit(
        policies / "services.yaml",
        "services:\n",
        "services:\n  quote: {purpose: A fee., policies: [fees], gives: [fee]}\n",
    )
    (policies / "fees").mkdir()
    for version in versions or (1,):
        (policies / f"fees/v{version}.yaml").write_text(fees(version))
    return policies


def adopted(folder: Path, **more: object) -> Settings:
    """What decides by its dates is on record as activated."""
    settings = settings_of(folder, **more)
    with steps_in(settings) as steps:
        steps.adopt(CHEN, "approvals begin")
    return settings


def keys_in(folder: Path) -> dict[str, dict[str, str]]:
    """By name, the headers of each of PEOPLE, of one of some services, and of nobody."""
    made = keeper(folder)
    headers = {name: bearer(made.make(name, [role]).text) for name, role in PEOPLE.items()}
    headers["quoting"] = bearer(made.make("quoting", ["editor", "approver", "operator"], ["quote"]).text)
    return headers | {"": {}}


class Office:
    """`ask` is a request in somebody's name; `use` is what answers, whose turns only change when it is told to look."""

    def __init__(self, use: Services, headers: dict[str, dict[str, str]]) -> None:
        self.use, self.headers = use, headers
        self.client: FlaskClient = app_for(use).test_client()
        self.policies = use.settings.policies

    def ask(self, who: str, method: str, path: str, **sent: Any) -> TestResponse:
        headers = {**self.headers[who], **sent.pop("headers", {})}
        return self.client.open(f"/v1/policies{path}", method=method, headers=headers, **sent)

    def get(self, who: str, path: str) -> Any:
        """What is answered with 200."""
        told = self.ask(who, "GET", path)
        assert told.status_code == 200, told.data
        return told.get_json() if told.mimetype == "application/json" else told.data

    def post(self, who: str, path: str, **body: Any) -> Any:
        told = self.ask(who, "POST", path, json=body)
        assert told.status_code == 200, told.data
        return told.get_json()

    def refused(self, who: str, path: str, status: int, method: str = "POST", **sent: Any) -> Any:
        """The error of what is answered with that status."""
        told = self.ask(who, method, path, **(sent or {"json": {}}))
        assert told.status_code == status, told.data
        return told.get_json()["error"]

    def write(self, who: str, version: int, *effective: str) -> Any:
        """The draft of that version, over HTTP."""
        told = self.ask(who, "POST", "/fees/versions", data=fees(version, *effective), headers=YAML)
        assert told.status_code == 200, told.data
        return told.get_json()

    def approved(self, version: int) -> None:
        """Submitted by asha and approved by bela."""
        self.post("asha", f"/fees/versions/{version}/submit")
        self.post("bela", f"/fees/versions/{version}/approve")

    def states(self) -> dict[int, str]:
        return {each["version"]: each["state"] for each in self.get("rita", "/fees")["versions"]}


@contextmanager
def office_in(folder: Path, **more: object) -> Iterator[Office]:
    """Version 1 is active, and everybody has a key."""
    furnished(folder)
    headers, settings = keys_in(folder), adopted(folder, **more)
    use = wire(settings)
    try:
        yield Office(use, headers)
    finally:
        use.close()
