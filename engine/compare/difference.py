"""What differs between two versions of a policy, by meaning: what their texts say, and who is decided otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from ordain.engine.backends.python.policy import CompiledPolicy, compile_policy
from ordain.engine.check.tables.box_search import Box, Budget, TooIntertwined
from ordain.engine.check.tables.regions import Region
from ordain.engine.compare.changes import Change, changes
from ordain.engine.compare.deciding import Difference, compared, decide
from ordain.engine.compare.dimensions import Space, space_of
from ordain.engine.compare.example_customers import Customer, Finder, Pair
from ordain.engine.compare.following import follows
from ordain.engine.compare.restated import Restated, Term, Uncovered, restated
from ordain.engine.compare.sampled import Sampled, sampled
from ordain.engine.compare.splitting import Splitting
from ordain.engine.limits import LIMITS
from ordain.engine.policy.facts import Vocabulary
from ordain.engine.policy.model import Policy, Requirement

MOST_SHOWN, MOST_BOXES = LIMITS.compared_regions, LIMITS.compared_boxes


@dataclass(frozen=True, slots=True)
class DifferentRegion:
    """Customers who are all decided otherwise in the same way. `box` are its pieces of the space's regions; `customer`
    is one of them, really decided, or None when none was found: then there may be nobody in it."""

    box: Box
    difference: Difference
    customer: Customer | None


@dataclass(frozen=True, slots=True)
class Regions:
    """Everybody who is decided otherwise. `count`: how many regions there are, of which the largest are `found`.

    `terms` are the computed parts that hold or do not hold in them; `ignored` are the requirements whose refusals are
    not among them, each with the version that has it.
    """

    space: tuple[Region, ...]
    found: tuple[DifferentRegion, ...]
    count: int
    terms: tuple[str, ...]
    ignored: tuple[tuple[Policy, Requirement], ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """`regions` is None where `uncovered` keeps them from being told exactly; then `sampled` says what trying found.

    `names` are the decisions that both versions give; those of one alone are among the `changes`.
    """

    old: Policy
    new: Policy
    names: tuple[str, ...]
    changes: tuple[Change, ...]
    regions: Regions | None
    uncovered: tuple[Uncovered, ...]
    sampled: Sampled | None

    @property
    def same(self) -> bool:
        """Whether nothing was found to differ."""
        decided = self.regions.count if self.regions is not None else self.sampled.differing if self.sampled else 0
        return not self.changes and not decided


def differences(old: CompiledPolicy, new: CompiledPolicy, vocabulary: Vocabulary) -> Differences:
    """What differs between two versions that read the same vocabulary."""
    names = tuple(name for name in old.policy.gives if name in new.policy.gives)
    pair = Pair(old, new, vocabulary, names)
    both = [restated(each.plan, vocabulary) for each in (old, new)]
    uncovered = list(dict.fromkeys(each for side in both for each in side.uncovered))
    regions = None
    if not uncovered:
        try:
            regions = _Comparing(pair, both).regions()
        except TooIntertwined:
            why = "it has too many regions to look at all of them"
            uncovered.append(Uncovered(f"`{new.policy.name}`", why, new.policy.span))
    tried = sampled(pair) if regions is None else None
    told = tuple(changes(old.policy, new.policy))
    return Differences(old.policy, new.policy, names, told, regions, tuple(uncovered), tried)


class _Comparing:
    def __init__(self, pair: Pair, both: Sequence[Restated]) -> None:
        self.pair, self.both = pair, both
        self.compiled = [compile_policy(each.policy) for each in both]
        self.space: Space = space_of(both, [each.plan for each in self.compiled], pair.vocabulary)
        self.terms: dict[str, tuple[Term, Policy]] = {}
        for each in both:
            for text, term in each.terms.items():
                self.terms.setdefault(text, (term, each.original))

    def regions(self) -> Regions:
        """Raises TooIntertwined."""
        split = Splitting(self.space, self._leaf, Budget(LIMITS.compared_steps))
        boxes = [pair for pair in split.boxes(MOST_BOXES) if self._may_have_somebody(pair[0])]
        boxes.sort(key=lambda pair: self._size(pair[0]), reverse=True)
        finder = Finder(self.pair, self.space, self.terms)
        found = []
        for box, outcome in boxes[:MOST_SHOWN]:
            difference = cast(Difference, outcome)
            found.append(DifferentRegion(box, difference, finder.find(box, difference)))
        count = len(boxes) if split.count() <= MOST_BOXES else split.count()
        used = {region.text for region in self.space.regions}
        ignored = tuple((each.original, requirement) for each in self.both for requirement in each.ignored)
        return Regions(
            self.space.regions, tuple(found), count, tuple(text for text in self.terms if text in used), ignored
        )

    def _may_have_somebody(self, box: Box) -> bool:
        """Whether each computed part holds that follows from one that does: who is within 30 days is within 60."""
        holds, fails = set(), set()
        for region, pieces in zip(self.space.regions, box, strict=True):
            if region.text in self.terms and region.domain.listed == (True, False):
                samples = {region.pieces[number].sample for number in pieces}
                if samples == {True}:
                    holds.add(region.text)
                elif True not in samples:
                    fails.add(region.text)
        terms = {text: self.terms[text][0].expression.tree for text in holds | fails}
        return not any(follows(terms[one], terms[other]) for one in holds for other in fails)

    def _leaf(self, chosen: Sequence[int]) -> Difference | None:
        facts = {
            region.text: region.pieces[piece].sample for region, piece in zip(self.space.regions, chosen, strict=True)
        }
        at = self.pair.times[0]
        old, new = (
            decide(compiled, each.original, self.pair.vocabulary, facts, at)
            for compiled, each in zip(self.compiled, self.both, strict=True)
        )
        return compared(old, new, self.pair.names, (self.both[0].reads_of, self.both[1].reads_of)) or None

    def _size(self, box: Box) -> tuple[int, int]:
        """More regions of which nothing is asked, and more pieces, are larger."""
        whole, size = 0, 1
        for region, pieces in zip(self.space.regions, box, strict=True):
            whole += len(pieces) == len(region.pieces)
            size *= len(pieces)
        return whole, size
