"""Parameters of a model as they are written on a command line, `segments=5`, checked against those that it declares."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from ordain.engine.errors import Issue, NotThatType, SettingsError, did_you_mean, quoted
from ordain.engine.values.types import Kind, Value, read
from ordain.models.spec import Adjustable, Parameter, Spec

_FLAGS = {"true": True, "false": False}


def adjusted_by(spec: Spec, written: Sequence[str]) -> Spec:
    """The specification with parameters as `name=value`, or itself where there are none. Raises SettingsError with all
    that is wrong with them."""
    if not written:
        return spec
    declared = {each.name: each for each in spec.parameters} if isinstance(spec, Adjustable) else {}
    values: dict[str, Value] = {}
    issues: list[Issue] = []
    for text in written:
        name, equals, value = (part.strip() for part in text.partition("="))
        parameter = declared.get(name)
        if parameter is None:
            issues.append(_unknown(spec, name, declared))
        elif not equals:
            issues.append(
                Issue(f"{quoted(text)} says no value", f"write `{name}=` and a value: {_described(parameter)}")
            )
        elif name in values:
            issues.append(Issue(f"`{name}` is given twice", "keep one of them"))
        else:
            try:
                values[name] = _read(parameter, value)
            except NotThatType as error:
                issues.append(Issue(f"`{name}` of the model `{spec.name}`: {error}", _described(parameter)))
    if issues:
        raise SettingsError(issues)
    return spec.adjusted(values) if isinstance(spec, Adjustable) else spec


def _unknown(spec: Spec, name: str, declared: dict[str, Parameter]) -> Issue:
    if not declared:
        return Issue(f"the model `{spec.name}` takes no parameters", "leave `--with` out")
    told = "; ".join(map(_described, declared.values()))
    near = did_you_mean(name, declared)
    return Issue(
        f"the model `{spec.name}` takes no parameter {quoted(name)}",
        f"{near}; it takes {told}" if near else f"it takes {told}",
    )


def _described(parameter: Parameter) -> str:
    kind = "a whole number" if parameter.whole else "a file" if parameter.file else f"a {parameter.type}"
    kind = " or ".join(parameter.type.values) or kind
    return f"`{parameter.name}` ({kind}): {parameter.meaning}"


def _read(parameter: Parameter, text: str) -> Value:
    """Raises NotThatType."""
    raw = _FLAGS.get(text.lower(), text) if parameter.type.kind is Kind.FLAG else text
    value = read(parameter.type, raw)
    if parameter.whole and isinstance(value, Decimal) and value != value.to_integral_value():
        raise NotThatType(f"{quoted(text)} is no whole number")
    if parameter.file and not Path(text).is_file():
        raise NotThatType(f"there is no file {quoted(text)}")
    return value
