"""A stored lifetime value model, ready to score: the files say which of the two kinds it is."""

from __future__ import annotations

from collections.abc import Mapping

from ordain.engine.late import late
from ordain.engine.policy.facts import Fact
from ordain.models.methods.lifetime.model_file import TREES, FromPurchases, read_stored
from ordain.models.methods.lifetime.purchase_score import PurchaseScorer
from ordain.models.spec import Scorer


def loaded(files: Mapping[str, bytes], reads: tuple[Fact, ...]) -> Scorer:
    """Raises ModelDegradationDetected when the files are not what training gave."""
    stored = read_stored(files)
    if isinstance(stored, FromPurchases):
        return PurchaseScorer(stored, reads)
    # Only subscribers need XGBoost.
    scorer: Scorer = late("ordain.models.methods.lifetime.subscription_score:SubscriptionScorer")(
        stored, files[TREES], reads
    )
    return scorer
