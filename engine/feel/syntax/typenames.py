"""Types by the names that FEEL text gives them: `number`, `list<date>`, `function<number> -> boolean`."""

from __future__ import annotations

from collections.abc import Mapping

from ordain.engine.errors import did_you_mean
from ordain.engine.feel.syntax.tree import TypeName
from ordain.engine.values.types import (
    ANY,
    DATE,
    DATE_TIME,
    DURATION,
    FLAG,
    MONTHS,
    NULL,
    NUMBER,
    SIMPLE,
    TEXT,
    TIME,
    Kind,
    Type,
    context_of,
    list_of,
    range_of,
    type_named,
)

FEEL: Mapping[str, Type] = {
    "Any": ANY,
    "Null": NULL,
    "number": NUMBER,
    "string": TEXT,
    "boolean": FLAG,
    "date": DATE,
    "time": TIME,
    "date and time": DATE_TIME,
    "days and time duration": DURATION,
    "years and months duration": MONTHS,
    "dateTime": DATE_TIME,
    "dayTimeDuration": DURATION,
    "yearMonthDuration": MONTHS,
}
"""The names of DMN 1.5, section 10.3.2.3 and table 44, and the spellings of its first version."""

_OLD = {"dateTime", "dayTimeDuration", "yearMonthDuration"}
_MADE = ("list", "context", "range", "function")


class NotAType(ValueError):
    """A name that names no type. `hint` says what could be meant; it may be empty.

    The message may go on record as the reason of a null, so it never changes; `words` are those of an error.
    """

    def __init__(self, message: str, hint: str = "", words: str = "") -> None:
        super().__init__(message)
        self.hint, self.words = hint, words or message


def resolve(name: TypeName, types: Mapping[str, Type]) -> Type:
    """The type that a name means; `types` are the item definitions, by name. Raises NotAType.

    FEEL's own names come first, then item definitions, then Ordain's names, which an item definition may hide.
    """
    if (known := FEEL.get(name.name) or types.get(name.name)) is not None and not name.arguments:
        return known
    arguments = tuple(resolve(argument, types) for argument in name.arguments)
    match name.name:
        case "list" | "range" if len(arguments) > 1:
            raise NotAType(f"a {name.name} holds one type, and {len(arguments)} are given")
        case "list":
            return list_of(arguments[0] if arguments else ANY)
        case "range":
            return range_of(arguments[0] if arguments else ANY)
        case "context":
            return context_of(dict(zip(name.fields, arguments, strict=False)))
        case "function":
            return Type(Kind.FUNCTION, parameters=arguments, item=resolve(name.result, types) if name.result else ANY)
    if name.arguments:
        raise NotAType(f"`{name.name}` takes no types between `<` and `>`", "those that do: list, context, range")
    if name.name.startswith("range of ") and (inner := type_named(name.name.removeprefix("range of "))) is not None:
        return range_of(inner)
    if (own := type_named(name.name)) is not None:
        return own
    hint = did_you_mean(name.name, {*FEEL, *types, *SIMPLE, *_MADE} - _OLD)
    raise NotAType(f"`{name.name}` is no type", hint, f"unknown type `{name.name}`")
