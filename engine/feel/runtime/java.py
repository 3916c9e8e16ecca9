"""The methods of Java's standard library that an external function of a `.dmn` file may name (DMN 1.5, 10.3.2.13.3).

Nothing of Java runs: each method is an entry of a table and does here what Java says it does, with decimals where Java
has doubles. Any other class or method is refused with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from ordain.engine.feel.functions.conversion import text_of
from ordain.engine.feel.runtime.java_format import double_text, formatted
from ordain.engine.feel.runtime.trigonometry import cosine, sine
from ordain.engine.values.decimals import NUMBERS, number
from ordain.engine.values.types import Value

Method = Callable[..., Value]
_Name = tuple[str, str, tuple[str, ...]]
"""Class, method and the types of its arguments."""

_WHOLE = {"byte": 8, "short": 16, "int": 32, "long": 64}
_BROKEN = ("float", "double")
_BOXES = {"Byte": "byte", "Short": "short", "Integer": "int", "Long": "long", "Float": "float", "Double": "double"}
_SIGNATURE = re.compile(r"\s*(\w+)\s*\(([^()]*)\)\s*", re.ASCII)
_ARRAY = "Object[]"


def method(mapping: Value, given: int) -> Method:
    """The method that the mapping of an external function names, for so many arguments. Raises ValueError."""
    if not isinstance(mapping, dict) or "pmml" in mapping:
        raise ValueError("of external functions only those of Java are known")
    java = mapping.get("java", mapping)
    owner, signature = (java.get(key) if isinstance(java, dict) else None for key in ("class", "method signature"))
    if not isinstance(owner, str) or not isinstance(signature, str):
        raise ValueError("an external function names its `class` and its `method signature`")
    match = _SIGNATURE.fullmatch(signature)
    types = tuple(_plain(part) for part in match[2].split(",")) if match and match[2].strip() else ()
    python = _METHODS.get((owner.strip(), match[1] if match else "", types))
    if python is None:
        raise ValueError(f"`{signature[:60]}` of `{owner[:60]}` is none of the Java methods that are known here")
    most = len(types)
    if given != most and not (_ARRAY in types and given >= most - 1):
        raise ValueError(f"`{signature[:60]}` takes {most} arguments, not {given}")

    def called(*values: Value) -> Value:
        if _ARRAY in types:
            rest = values[most - 1 :]
            values = (*values[: most - 1], rest[0] if len(rest) == 1 and isinstance(rest[0], tuple) else rest)
        return python(*(_argument(value, type) for value, type in zip(values, types, strict=True)))

    return called


def _plain(type: str) -> str:
    """The name of a type without its package; an array of objects has three spellings."""
    name = "".join(type.split())
    if name in ("[Ljava.lang.Object;", "java.lang.Object[]", "java.lang.Object..."):
        return _ARRAY
    return name.removeprefix("java.lang.")


def _argument(value: Value, type: str) -> Value:
    """The value as Java would take it for a type. Raises ValueError (table 47)."""
    if type in _WHOLE:
        bits = _WHOLE[type] - 1
        fits = isinstance(value, Decimal) and -(2**bits) <= value < 2**bits and value == value.to_integral_value()
    elif type in _BROKEN:
        fits = isinstance(value, Decimal)
    elif type == "boolean":
        fits = isinstance(value, bool)
    elif type in ("String", "char"):
        fits = isinstance(value, str) and (type == "String" or len(value) == 1)
    else:
        fits = value is not None
    if not fits:
        raise ValueError(f"`{text_of(value)[:60]}` is no {type}")
    return value


def _within(type: str, python: Method) -> Method:
    """Refuses a result that is too large for the type, where Java would go on from its other end."""
    return lambda *values: _argument(python(*values), type)


def _rounded(how: str) -> Method:
    return lambda value: value.to_integral_value(how)


def _half_up(value: Decimal) -> Decimal:
    """To the nearest whole number, a half towards the greater."""
    return NUMBERS.add(value, Decimal("0.5")).to_integral_value(ROUND_FLOOR)


def _log(value: Decimal, log: Method) -> Value:
    if value <= 0:
        raise ValueError("only a number above 0 has a logarithm")
    return log(value)


def _parsed(type: str) -> Method:
    whole = re.compile(r"[+-]?\d+", re.ASCII)

    def parsed(text: str) -> Value:
        if type in _WHOLE and not whole.fullmatch(text):
            raise ValueError(f"`{text[:60]}` is no {type}")
        return _argument(number(text.strip()), type)

    return parsed


def _text(type: str) -> Method:
    return double_text if type in _BROKEN else text_of


def _math() -> Mapping[_Name, Method]:
    """java.lang.Math, apart from what only floating point has."""
    of_double: dict[str, Method] = {
        "ceil": _rounded(ROUND_CEILING),
        "floor": _rounded(ROUND_FLOOR),
        "sqrt": NUMBERS.sqrt,
        "exp": NUMBERS.exp,
        "log": lambda value: _log(value, NUMBERS.ln),
        "log10": lambda value: _log(value, NUMBERS.log10),
        "sin": sine,
        "cos": cosine,
        "tan": lambda value: NUMBERS.divide(sine(value), cosine(value)),
    }
    methods: dict[_Name, Method] = {("Math", name, ("double",)): python for name, python in of_double.items()}
    methods["Math", "pow", ("double", "double")] = lambda base, power: (
        NUMBERS.power(base, power) if power else Decimal(1)
    )
    for type in ("int", "long", *_BROKEN):
        methods["Math", "abs", (type,)] = _within(type, NUMBERS.abs)
        methods["Math", "max", (type, type)] = NUMBERS.max
        methods["Math", "min", (type, type)] = NUMBERS.min
    for type, whole in (("double", "long"), ("float", "int")):
        methods["Math", "round", (type,)] = _within(whole, _half_up)
    return methods


def _boxes() -> Mapping[_Name, Method]:
    """The classes of single numbers and flags: from text, and to text."""
    methods: dict[_Name, Method] = {}
    for box, type in _BOXES.items():
        parse = f"parse{'Int' if type == 'int' else box}"
        methods[box, parse, ("String",)] = methods[box, "valueOf", ("String",)] = _parsed(type)
        methods[box, "valueOf", (type,)] = lambda value: value
        methods[box, "toString", (type,)] = _text(type)
        if type in ("int", "long", *_BROKEN):
            methods[box, "sum", (type, type)] = _within(type, NUMBERS.add)
            methods[box, "max", (type, type)], methods[box, "min", (type, type)] = NUMBERS.max, NUMBERS.min
    for name in ("valueOf", "parseBoolean"):
        methods["Boolean", name, ("String",)] = lambda text: text.lower() == "true"
    methods["Boolean", "toString", ("boolean",)] = text_of
    methods["Character", "toString", ("char",)] = text_of
    return methods


_OF_LANG: Mapping[_Name, Method] = {
    **_math(),
    **_boxes(),
    **{("String", "valueOf", (type,)): _text(type) for type in ("int", "long", *_BROKEN, "boolean", "char", "Object")},
    ("String", "format", ("String", _ARRAY)): formatted,
}

_METHODS: Mapping[_Name, Method] = {
    (f"java.lang.{owner}", name, types): python for (owner, name, types), python in _OF_LANG.items()
}
