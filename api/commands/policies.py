"""`ordain check` and `ordain schema`: policies, before anything is decided."""

from __future__ import annotations

import json
from pathlib import Path

import click

from api.console import OUT
from api.settings import load_settings
from engine.catalog import load_catalog, read_texts
from engine.kinds import KINDS
from engine.load import policy_schema
from engine.load_facts import VOCABULARY
from engine.service import SERVICES


@click.command()
@click.argument("directory", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.pass_obj
def check(obj: dict[str, object], directory: Path | None) -> None:
    """Load all policies and run their examples; show every issue with its place.

    Exit codes: 0 nothing found, 2 something found.
    """
    config = obj["config"]
    folder = directory or load_settings(config if isinstance(config, Path) else None).policies
    catalog = load_catalog(read_texts(folder))
    for policy in sorted(catalog.policies(), key=lambda policy: policy.label):
        count = len(policy.examples)
        OUT.print(f"[green]ok[/] {policy.label}  {policy.kind}, from {policy.effective.start}, {count} examples")
    for service in catalog.services.by_name.values():
        OUT.print(f"[green]ok[/] service {service.name}: {', '.join(service.policies)}")


@click.command()
@click.argument("what", type=click.Choice([*KINDS, "facts", "services"]))
def schema(what: str) -> None:
    """Print the JSON Schema of a kind of policy, of facts.yaml or of services.yaml, for editors."""
    found = {"facts": VOCABULARY, "services": SERVICES}.get(what) or policy_schema(what)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"Ordain: {what}"}
    OUT.print(json.dumps({**head, **found}, indent=2, ensure_ascii=False), markup=False)
