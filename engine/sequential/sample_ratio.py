"""Whether customers are split as was planned, asked at every look.

The sequential multinomial test of Lindon and Malek (2022), "Anytime-valid inference for multinomial count data",
NeurIPS 2022, arXiv:2011.03567: the ratio of the chance of the customers, as they came, under shares drawn from a
Dirichlet distribution around the planned ones, to their chance under the planned ones. While customers come as planned
it is a martingale that begins at 1, so it ever reaches 1/alpha with chance alpha at the most (Ville's inequality). It
is exact, not asymptotic. Over cohorts with other shares the evidence is the product.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

CONCENTRATION = 1_000.0
"""How close the alternatives are to the plan, as the number of customers that the Dirichlet distribution is worth. The
test finds any deviation in the end, and is quickest where shares are off by about their chance error of so many."""


def log_evidence(counts: Sequence[int], shares: Sequence[float], concentration: float = CONCENTRATION) -> float:
    """The natural logarithm of the evidence against `shares`, of as many arms as there are counts; the shares sum to 1.

    Infinite when somebody is in an arm whose share is 0.
    """
    result = math.lgamma(concentration) - math.lgamma(concentration + sum(counts))
    for count, share in zip(counts, shares, strict=True):
        if share:
            prior = concentration * share
            result += math.lgamma(prior + count) - math.lgamma(prior) - count * math.log(share)
        elif count:
            return math.inf
    return result


def log_evidence_of_all(cohorts: Iterable[tuple[Sequence[int], Sequence[float]]]) -> float:
    """The same over cohorts, each with its counts and planned shares."""
    return sum(log_evidence(counts, shares) for counts, shares in cohorts)
