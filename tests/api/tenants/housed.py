"""A server with tenants, for tests: their folders, and texts by which what is one tenant's is known anywhere."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from answers import ADVICE
from any_time import at_any_time
from callers import a_key_for_each
from served import Reply, Server, edit

OURS, OTHER = "acme", "zzbeta"
"""Two tenants. Whatever is the other's alone has its name in it."""
OVERALL_KEY = "the-installations-own-key-for-its-numbers"
"""No tenant's."""


def plain_environment(**more: str) -> dict[str, str]:
    """Without any setting: what there is stands in files."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ORDAIN_")} | more


def make_tenant(server: Path, name: str, policies: Path | None = None, **settings: object) -> Path:
    """Its folder, with settings; without `policies` the shipped ones. None leaves a setting out."""
    home = server / "tenants" / name
    home.mkdir(parents=True)
    chosen: dict[str, object] = {
        "tenant": name,
        "policies": policies or at_any_time(),
        "keys": "keys",
        "busy_seconds": 0.2,
        **settings,
    }
    lines = [f"{key}: {value}" for key, value in chosen.items() if value is not None]
    (home / "config.yaml").write_text("\n".join(lines) + "\n")
    return home


def make_server(folder: Path, **settings: object) -> Path:
    """The server's own settings."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = {"tenants": "tenants", "rate_of_wrong_keys": "none", "log_format": "json", **settings}
    (folder / "config.yaml").write_text("".join(f"{key}: {value}\n" for key, value in chosen.items()))
    return folder


def marked_policies(home: Path) -> Path:
    """The shipped ones, in which every sentence of `plan-advice`, and a service more, has the other's name."""
    policies = Path(shutil.copytree(at_any_time(), home / "policies"))
    advice = policies / "plan-advice/v1.yaml"
    advice.write_text(advice.read_text().replace("because: ", f"because: {OTHER} says. "))
    edit(advice, "owner: products", f"owner: {OTHER}-products")
    edit(
        policies / "services.yaml",
        "  plan-advice:\n",
        f"  {OTHER}-advice:\n    purpose: What {OTHER} alone has.\n    policies: [plan-advice]\n    gives: [advice]\n"
        "  plan-advice:\n",
    )
    return policies


class House(Server):
    """`ordain serve` for the tenants in `folder`; its settings stand in files alone."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._environment = plain_environment(ORDAIN_PORT=str(self.port))

    def lines(self) -> list[dict[str, Any]]:
        """The lines of its log, as far as they are JSON."""
        return [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]

    def decided(self, headers: dict[str, str], subject: str = "C-1", **more: object) -> Reply:
        """A decision of `plan-advice`."""
        body = json.dumps({"subject": subject, "facts": ADVICE, **more}).encode()
        return self.ask("POST", "/v1/decisions/plan-advice", body, headers)


def house_of_two(folder: Path, **settings: object) -> dict[str, dict[str, dict[str, str]]]:
    """The folders of a server with two tenants; by tenant the headers of its callers."""
    make_server(folder, **settings)
    ours, other = make_tenant(folder, OURS), folder / "tenants" / OTHER
    make_tenant(folder, OTHER, other / "policies")
    marked_policies(other)
    return {OURS: a_key_for_each(ours), OTHER: a_key_for_each(other)}


@dataclass(frozen=True, slots=True)
class Two:
    """`headers` are by tenant and caller; `decision_id` is one of the other's, and `marks` are its alone.

    `subject` is one of its customers; so is `untouched`, about whom nobody of ours decides anything.
    """

    server: House
    headers: dict[str, dict[str, dict[str, str]]]
    decision_id: str
    subject: str
    untouched: str
    marks: tuple[bytes, ...]
