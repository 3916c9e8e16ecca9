"""Functions of flags, DMN 1.5 section 10.3.4.2, and `all` and `any`, which the specification keeps with the lists."""

from __future__ import annotations

from collections.abc import Iterable

from ordain.engine.feel.functions.entry import Function, OfEmpty
from ordain.engine.feel.signature import Signature, signature

Maybe = bool | None


def _not(flag: Maybe) -> Maybe:
    return None if flag is None else not flag


def _all(flags: Iterable[Maybe]) -> Maybe:
    """False as soon as one is false, even beside a null; of nothing it is true."""
    known = tuple(flags)
    if False in known:
        return False
    return None if None in known else True


def _any(flags: Iterable[Maybe]) -> Maybe:
    """True as soon as one is true, even beside a null; of nothing it is false."""
    known = tuple(flags)
    if True in known:
        return True
    return None if None in known else False


def _all_of(*flags: Maybe) -> Maybe:
    return _all(flags)


def _any_of(*flags: Maybe) -> Maybe:
    return _any(flags)


ALL: tuple[Signature, ...] = (
    signature("(list: list of flag) -> flag", _all),
    signature("(list: list of flag?) -> flag?", _all),
    signature("(b: flag...) -> flag", _all_of),
    signature("(b: flag?...) -> flag?", _all_of),
)
ANY: tuple[Signature, ...] = (
    signature("(list: list of flag) -> flag", _any),
    signature("(list: list of flag?) -> flag?", _any),
    signature("(b: flag...) -> flag", _any_of),
    signature("(b: flag?...) -> flag?", _any_of),
)

FUNCTIONS: dict[str, Function] = {
    "not": Function(
        "True when the flag is false, null when it is null.",
        "not(false)",
        "true",
        (signature("(negand: flag) -> flag", _not), signature("(negand: flag?) -> flag?", _not)),
        negates=True,
    ),
    "all": Function(
        "Whether all flags are true; of an empty list it is true.",
        "all([true, false])",
        "false",
        ALL,
        of_empty=OfEmpty("true"),
    ),
    "any": Function(
        "Whether one flag is true; of an empty list it is false.",
        "any([true, false])",
        "true",
        ANY,
        of_empty=OfEmpty("false"),
    ),
}
