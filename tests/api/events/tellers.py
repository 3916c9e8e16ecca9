"""Policies that tell of further events: those of the page about events, put into a copy of what is shipped."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from any_time import at_any_time
from served import ROOT

_BLOCK = re.compile(r"^```yaml (policies/\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGE = (ROOT / "docs/events.md").read_text(encoding="utf-8")


def telling_policies(folder: Path) -> Path:
    """A folder of policies in `folder`, in which two services tell what the page says, and `plan-advice` more."""
    policies = Path(shutil.copytree(at_any_time(), folder / "policies"))
    services = (policies / "services.yaml").read_text(encoding="utf-8")
    for name, text in _BLOCK.findall(PAGE):
        if name == "policies/services.yaml":
            services = re.sub(
                r"^  retention:\n(    .*\n)+",
                lambda _, new=text: new.replace("    at: refused\n", ""),
                services,
                flags=re.MULTILINE,
            )
        else:
            file = folder / name
            file.parent.mkdir()
            file.write_text(text, encoding="utf-8")
    _write(policies, "advice-events", "usage_gb", "> 90", "usage.high", "usage.seen")
    for old, new in (
        ("price-law-in\n    gives", "price-law-in\n      - price-events\n    tells: [price_events]\n    gives"),
        ("[plan-advice]\n    gives", "[plan-advice, advice-events]\n    tells: [advice_events]\n    gives"),
    ):
        assert services.count(old) == 1, old
        services = services.replace(old, new)
    (policies / "services.yaml").write_text(services, encoding="utf-8")
    return policies


def _write(policies: Path, name: str, fact: str, test: str, high: str, always: str) -> None:
    (policies / name).mkdir()
    decision = name.replace("-", "_")
    (policies / name / "v1.yaml").write_text(
        f"policy: {name}\nversion: 1\nkind: decision\neffective: 2026-01-01\nowner: tests\npurpose: Events.\n"
        f"decides:\n  {decision}:\n    gives: text\n    hit policy: collect\n    rules:\n"
        f'      - {{id: high, when: {{{fact}: "{test}"}}, then: {high}, because: It is high.}}\n'
        f'      - {{id: high-too, when: {{{fact}: "{test}"}}, then: {high}, because: It is high.}}\n'
        f'      - {{id: any, when: {{{fact}: ">= 0"}}, then: {always}, because: It is there.}}\n'
        f"examples:\n  - given: {{{fact}: 95}}\n    expect: {{fired: [high, high-too, any]}}\n"
    )
