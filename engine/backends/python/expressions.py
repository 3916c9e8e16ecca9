"""Expressions as Python source and as functions, whichever way they are read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from ordain.engine.backends.python.lenient import LenientWriter
from ordain.engine.backends.python.strict import StrictWriter
from ordain.engine.backends.python.writing import Namespace
from ordain.engine.feel.runtime.calls import Runtime
from ordain.engine.feel.typing.checker import Checked
from ordain.engine.values.types import Type, Value


class Expressions:
    """Writes expressions of one policy; `names` maps what they may read to Python's own local names.

    `types` are the item definitions that `instance of` and parameters may name.
    """

    def __init__(self, namespace: Namespace, names: Mapping[str, str], types: Mapping[str, Type]) -> None:
        self.namespace, self.names, self.types = namespace, names, types
        self.numbers = count()

    def code(self, checked: Checked, *, input: str = "", asked: str = "", null_allowed: bool = False) -> str:
        """Source of an expression. `input` is the variable for `?`, and `asked` what people call it."""
        how = LenientWriter if checked.lenient else StrictWriter
        writer = how(self.namespace, (self.names,), input, asked, self.types, self.numbers)
        return writer.of(checked.tree, null_allowed=null_allowed)

    def knowing(self, names: Mapping[str, str]) -> Expressions:
        """The same, for a function with names of its own."""
        other = Expressions(self.namespace, names, self.types)
        other.numbers = self.numbers
        return other


def function_of(
    checked: Checked, names: tuple[str, ...] = (), types: Mapping[str, Type] | None = None
) -> Callable[[Value, Mapping[str, Value], dt.datetime, Runtime], Value]:
    """One expression alone, as a function of the value under test, the values of `names`, the time and the runtime."""
    namespace = Namespace()
    variables = {name: f"v{number}" for number, name in enumerate(names)}
    source = Expressions(namespace, variables, types or {}).code(checked, input="i", asked="?", null_allowed=True)
    lines = ["def run(i, v, at, z):", *(f"    {held} = v[{name!r}]" for name, held in variables.items())]
    code = compile("\n".join([*lines, f"    return {source}"]), "<expression>", "exec")
    # The source holds only names that this package made; see the docstring of backends/python/writing.py.
    exec(code, namespace.values)  # noqa: S102 - checked source only
    function: Callable[..., Value] = namespace.values["run"]
    return function


def test_of(checked: Checked) -> Callable[[Value], Any]:
    """A unary test that reads no names, as a function of the value under test. A fault in it counts as null."""
    function = function_of(checked)
    at = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return lambda value: function(value, {}, at, Runtime([] if checked.lenient else None))
