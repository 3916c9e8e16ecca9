"""The guide for policies is right: its fragments load, its mistakes say what they say, and nothing is left out."""

from __future__ import annotations

from itertools import pairwise

import pytest
from doc_fragments import ROOT, Block, all_blocks, blocks, load_fragment

from ordain.engine.errors import PolicyError
from ordain.engine.policy.kinds import KINDS
from ordain.engine.policy.model import HitPolicy

GUIDE = ROOT / "docs/policies.md"
TEXT = GUIDE.read_text(encoding="utf-8")


def mistakes() -> list[tuple[Block, Block]]:
    """Each mistake with the block after it, which says what comes of it."""
    fragments = blocks(GUIDE)
    return [(one, after) for one, after in pairwise(fragments) if one.kind == "yaml mistake"]


@pytest.mark.parametrize("block", all_blocks("yaml policy"), ids=str)
def test_a_policy_in_the_documents_loads_and_its_examples_come_out(block: Block) -> None:
    load_fragment(block.text)


@pytest.mark.parametrize(("mistake", "said"), mistakes(), ids=str)
def test_a_mistake_in_the_guide_says_what_the_guide_says(mistake: Block, said: Block) -> None:
    with pytest.raises(PolicyError) as caught:
        load_fragment(mistake.text)
    assert said.kind == "text"
    assert str(caught.value) == said.text.rstrip("\n")


def test_the_guide_shows_policies_and_mistakes() -> None:
    assert len(mistakes()) >= 10
    assert {f"kind: {kind}" for kind in KINDS} <= {
        line for block in blocks(GUIDE) if block.kind == "yaml policy" for line in block.text.splitlines()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_guide_has_a_row_and_a_section_for_each_kind(kind: str) -> None:
    (row,) = (line for line in TEXT.splitlines() if line.startswith(f"| `{kind}` | "))
    assert KINDS[kind].meaning in row
    assert all(f"`{section}`" in row for section in KINDS[kind].sections)
    assert f"### {kind}" in TEXT.splitlines()


@pytest.mark.parametrize("hit_policy", HitPolicy)
def test_the_guide_explains_each_hit_policy(hit_policy: HitPolicy) -> None:
    table = TEXT.split("| hit policy | ")[1].split("\n\n")[0]
    assert f"\n| `{hit_policy}` " in table
