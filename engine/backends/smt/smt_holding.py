"""Values held to the types that are declared for them, and reasons whose texts are nothing to prove."""

from __future__ import annotations

from ordain.engine.backends.smt.smt_expressions import Ends, Names, Reader
from ordain.engine.backends.smt.terms import Sym, Truth, both, either, opposite, real
from ordain.engine.backends.smt.unsupported import NotCoveredHere
from ordain.engine.errors import Span
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.values.types import Kind, Type


def hold(reader: Reader, sym: Sym, of: Type, path: Truth, name: str, span: Span) -> None:
    """A fault where a value is not of the declared type: outside of its range, or none of its values."""
    path = both(path, opposite(sym.null))
    if of.kind is Kind.CONTEXT:
        for part, inner in of.fields.items():
            if part in sym.fields:
                value = sym.fields[part]
                if not inner.optional:
                    reader.fault(both(path, value.null), Ends.FAILS, f"`{name}.{part}` is null", span)
                hold(reader, value, inner, path, f"{name}.{part}", span)
        return
    if of.kind is Kind.LIST:
        for item in sym.items:
            if of.item is not None:
                if not of.item.optional:
                    about = f"an item of `{name}` is null"
                    reader.fault(both(path, item.there, item.value.null), Ends.FAILS, about, span)
                hold(reader, item.value, of.item, both(path, item.there), name, span)
        return
    if of.values and sym.kind is Kind.TEXT:
        known = either(*(sym.term == reader.world.codes.code(text) for text in of.values))
        reader.fault(both(path, opposite(known)), Ends.FAILS, f"`{name}` is none of its declared values", span)
    if of.limits is not None and sym.kind is Kind.NUMBER:
        limits = of.limits
        low = (
            True
            if limits.low is None
            else sym.term > real(limits.low)
            if limits.low_open
            else sym.term >= real(limits.low)
        )
        high = (
            True
            if limits.high is None
            else sym.term < real(limits.high)
            if limits.high_open
            else sym.term <= real(limits.high)
        )
        reader.fault(both(path, opposite(both(low, high))), Ends.FAILS, f"`{name}` leaves its range {limits}", span)


def with_notes(reader: Reader, told: Checked, path: Truth, names: Names, what: str) -> None:
    """The faults of a reason; where it is not covered, a note."""
    with reader.apart() as faults:
        try:
            reader.of(told.tree, path, names)
        except NotCoveredHere as error:
            reader.world.notes[f"{what} is not covered: {error.told}"] = None
    reader.faults.extend(faults)
