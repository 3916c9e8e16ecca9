"""The benchmark's policies as a programmer would write them: an if-chain and a guard, on decimals, no trace.

The same numbers as bench/policies, also where limits conflict: floor, then step, then ceiling, the last one wins;
rounding crosses no limit that the exact price keeps.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from bench.cases import Case

_R40, _R70, _R90 = Decimal("0.40"), Decimal("0.70"), Decimal("0.90")
_M12, _M24, _M36, _M60 = Decimal(12), Decimal(24), Decimal(36), Decimal(60)
_HUNDRED, _TEN, _PAISA, _RUPEE = Decimal(100), Decimal(10), Decimal("0.01"), Decimal(1)
_D30, _D28, _D26, _D24 = Decimal(30), Decimal(28), Decimal(26), Decimal(24)
_D22, _D20, _D19, _D18 = Decimal(22), Decimal(20), Decimal(19), Decimal(18)
_D17_5, _D16, _D15, _D14 = Decimal("17.5"), Decimal(16), Decimal(15), Decimal(14)
_D12_5, _D10, _D8, _D7_5 = Decimal("12.5"), Decimal(10), Decimal(8), Decimal("7.5")
_D6, _D5, _D2_5, _D0 = Decimal(6), Decimal(5), Decimal("2.5"), Decimal(0)


def decide(case: Case) -> tuple[Decimal, Decimal]:
    """The price and the discount in percent."""
    discount = _discount(case.churn_risk, case.tenure_months, case.plan)
    proposed = (case.base_price * (_HUNDRED - discount) / _HUNDRED).quantize(_PAISA, ROUND_HALF_UP)
    return _guarded(proposed, case.current_price, case.lowest_price, case.highest_price), discount


def _discount(risk: Decimal, tenure: Decimal, plan: str) -> Decimal:
    if risk > _R90 and tenure >= _M60 and plan == "unlimited":
        return _D30
    if risk > _R90 and tenure >= _M60 and plan == "premium":
        return _D28
    if risk > _R90 and _M24 <= tenure < _M60 and plan == "unlimited":
        return _D26
    if risk > _R90 and _M24 <= tenure < _M60 and plan == "premium":
        return _D24
    if risk > _R90 and tenure >= _M24:
        return _D22
    if risk > _R90:
        return _D20
    if _R70 <= risk <= _R90 and tenure >= _M60 and plan == "unlimited":
        return _D19
    if _R70 <= risk <= _R90 and tenure >= _M60 and plan == "premium":
        return _D18
    if _R70 <= risk <= _R90 and _M24 <= tenure < _M60:
        return _D17_5
    if _R70 <= risk <= _R90 and plan == "unlimited":
        return _D16
    if _R70 <= risk <= _R90 and plan == "premium":
        return _D15
    if _R70 <= risk <= _R90:
        return _D14
    if _R40 <= risk < _R70 and tenure >= _M36 and plan == "unlimited":
        return _D12_5
    if _R40 <= risk < _R70 and tenure >= _M36:
        return _D10
    if _R40 <= risk < _R70 and _M12 <= tenure < _M36:
        return _D8
    if _R40 <= risk < _R70:
        return _D7_5
    if risk < _R40 and tenure >= _M60 and plan == "unlimited":
        return _D6
    if risk < _R40 and tenure >= _M60:
        return _D5
    if risk < _R40 and _M24 <= tenure < _M60:
        return _D2_5
    return _D0


def _guarded(proposed: Decimal, current: Decimal, lowest: Decimal, highest: Decimal) -> Decimal:
    step = current * _TEN / _HUNDRED
    step_down, step_up = current - step, current + step
    price = max(proposed, lowest)
    price = min(max(price, step_down), step_up)
    price = min(price, highest)
    rounded = price.quantize(_RUPEE, ROUND_HALF_UP)
    if rounded > step_up or rounded > highest:
        rounded = price.quantize(_RUPEE, ROUND_FLOOR)
    elif rounded < lowest <= price or rounded < step_down <= price:
        rounded = price.quantize(_RUPEE, ROUND_CEILING)
    if rounded > step_up or rounded > highest or rounded < lowest <= price or rounded < step_down <= price:
        raise ValueError("no whole rupee lies between the limits")
    return rounded
