"""A backtest: recorded decisions decided again under a version, shown beside its button."""

from __future__ import annotations

from typing import Any

from ordain.api.console.asked import Asked
from ordain.api.console.numbers_typed import whole
from ordain.api.console.page_shape import Json, Names, Part, Query


def backtest(asked: Asked, names: Names, form: Query) -> Part:
    """`outputs` are those of which something changed; `plot` the values of the first number among them, before and now.
    Raises Refused."""
    said: dict[str, Any] = {name: form[name].strip() for name in ("since", "service") if form.get(name, "").strip()}
    if last := form.get("last", "").strip():
        said["last"] = whole(last)
    at = f"/v1/policies/{names['policy']}/versions/{names['version']}/backtest"
    told = asked.post(at, said, purpose=form.get("purpose", "").strip())
    outputs = [{"name": name, **each} for name, each in told["outputs"].items() if each["changed"]]
    numbers = [each for each in outputs if each["kind"] == "numbers" and not each.get("bands")]
    plot = _plot(numbers[0]) if numbers else None
    return Part("policy_backtested", {**told, "outputs": outputs, "plot": plot, "version": names["version"]})


def _plot(output: Json) -> Json | None:
    """How often each value came out before, and would now."""
    before: dict[float, int] = {}
    now: dict[float, int] = {}
    for flow in output["flows"]:
        for value, counts in ((flow["old"], before), (flow["new"], now)):
            try:
                counts[float(value)] = counts.get(float(value), 0) + flow["count"]
            except (TypeError, ValueError):
                return None
    values = sorted({*before, *now})
    return {
        "x": values,
        "xlabel": output["name"],
        "series": [
            {"label": "before", "values": [before.get(value, 0) for value in values]},
            {"label": "now", "values": [now.get(value, 0) for value in values]},
        ],
    }
