"""What the documents of the project hold: their fenced blocks, and policies out of them, loaded as shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ordain.engine.backends.python.policy import compile_policy
from ordain.engine.errors import PolicyError
from ordain.engine.examples.run import example_issues
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.load import load_policy
from ordain.engine.policy.load_facts import load_vocabulary
from ordain.engine.policy.load_shared import with_shared

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_COUNTS = b"""
  offers_last_30_days_by_channel: {type: list of context, fields: {channel: text, offers: number}, meaning: offers}
  interventions_last_30_days: {type: number, meaning: offers and surveys}
  lines: {type: list of context, fields: {name: text, gb: number, plan: text}, meaning: the lines of a contract}
"""
"""Facts of limits and lists that the guide explains and no shipped policy has."""
_VOCABULARY = load_vocabulary((ROOT / "policies/facts.yaml").read_bytes() + _COUNTS, "facts.yaml")
# What a fragment leaves out is added below it, so that the lines that errors name are those of the fragment.
_REST = {
    "policy": "sample",
    "version": "1",
    "kind": "decision",
    "effective": "2026-01-01",
    "owner": "docs",
    "purpose": "A fragment.",
    "examples": "[{given: {}, refused: PolicyError}]",
}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: `kind` is what stands after the fence, `line` the first line of its text."""

    kind: str
    text: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def blocks(file: Path) -> list[Block]:
    content = file.read_text(encoding="utf-8")
    shown = str(file.relative_to(ROOT))
    return [
        Block(match["kind"].strip(), match["text"], shown, content.count("\n", 0, match.start("text")) + 1)
        for match in _FENCE.finditer(content)
    ]


def all_blocks(kind: str) -> list[Block]:
    return [block for file in DOCUMENTS for block in blocks(file) if block.kind == kind]


def _known() -> Vocabulary:
    """The shipped facts, and what the documents show as shared. Raises PolicyError."""
    shown = {
        f"shared/{re.findall('shared: (.*)', each.text)[0].split()[0]}/v1.yaml": each
        for each in all_blocks("yaml shared")
    }
    known, issues = with_shared(_VOCABULARY, {file: block.text.encode() for file, block in shown.items()})
    if issues:
        raise PolicyError(issues)
    return known


def load_fragment(text: str) -> None:
    """Loads a policy or a part of one, and runs its examples. Raises PolicyError."""
    missing = [f"{key}: {value}\n" for key, value in _REST.items() if not re.search(rf"^{key}:", text, re.MULTILINE)]
    policy = load_policy((text + "".join(missing)).encode(), "v1.yaml", _known())
    if issues := example_issues(compile_policy(policy)):
        raise PolicyError(issues)
