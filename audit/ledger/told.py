"""What a decision's envelope said until format 4, and its private part says since: as readers get it from either.

    jurisdiction   whose law it is under
    models         [{"model", "version", "digest"}, ...], those that scored
    outcome_class  permit, deny, review or decided
    reason_codes   policy@version/rule of the rules that fired

Of a decision whose private part cannot be read nothing of that is known: `outcome_class` is None, which it is of no
decision that can be read, and the others are empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ordain.audit.entry.entry import SEALED_FORMAT, Kind
from ordain.audit.entry.plan_text import FORM, Codes, Named, codes_of

Json = dict[str, Any]

UNTOLD: Json = {"jurisdiction": None, "models": [], "outcome_class": None, "reason_codes": []}
SEALED_MARK = b'"v":%d}' % SEALED_FORMAT
"""How the bytes of an envelope end that tells nothing of its decision."""
FORM_MARK = b'"form":%d,' % FORM
"""Stands in the private parts of which this version knows how they tell it."""


def is_untold(envelope: Json) -> bool:
    """Whether what was decided cannot be told: the private part would say it, and cannot be read."""
    return envelope["kind"] == Kind.DECISION and envelope["outcome_class"] is None


def told_by(private: Json, named: Named, codes: Codes) -> Json:
    """The four by an opened private part, not made whole. Raises KeyError, TypeError, ValueError for what is none."""
    verdict, law = private["verdict"], private["jurisdiction"]
    if not isinstance(verdict, str | None) or not isinstance(law, str | None):
        raise TypeError
    return {
        "jurisdiction": law,
        "models": models_named([score["model"] for score in private["scores"]], named),
        "outcome_class": "decided" if verdict is None else verdict,
        "reason_codes": codes_of(private["steps"], codes),
    }


def models_named(models: Iterable[Any], named: Named) -> list[Json]:
    """Models that a plan names with what it says of them; of one that it does not know the name is all."""
    known = {model["model"]: model for model in named.models}
    return [
        known.get(each, {"model": each, "version": None, "digest": None}) if isinstance(each, str) else each
        for each in models
    ]
