"""The lenient reading: kinds are known only when values meet, so each operation is one of the runtime's, `z`."""

from __future__ import annotations

from typing import Any

from ordain.engine.backends.python.writing import Shared, Writer
from ordain.engine.errors import Issue, did_you_mean
from ordain.engine.feel.functions import known
from ordain.engine.feel.runtime.work import cost
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.tree import Node
from ordain.engine.feel.syntax.unread import issue_of
from ordain.engine.values.types import ANY, Type


class LenientWriter(Writer):
    lenient = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.functions = known(lenient=True)

    def source(self, node: Node, null_allowed: bool) -> str:
        """Source of `node`; any part may be null here, so `null_allowed` says nothing."""
        span = self.constant(node.span)
        match node:
            case tree.Name():
                return self.name(node)
            case tree.Path():
                return f"z.path({self.of(node.base)}, {self.constant(node.name)}, {span})"
            case tree.Filter():
                return self.filter(node, span)
            case tree.Negate():
                return f"z.negate({self.of(node.operand)}, {span})"
            case tree.Arithmetic():
                return f"z.arithmetic({node.op!r}, {self.of(node.left)}, {self.of(node.right)}, {span})"
            case tree.Comparison():
                left, right = self.of(node.left), self.of(node.right)
                if node.op in ("=", "!="):
                    return f"z.{'equal' if node.op == '=' else 'unequal'}({left}, {right}, {span})"
                return f"z.compare({node.op!r}, {left}, {right}, {span})"
            case tree.Logic():
                operands = ", ".join(f"lambda: {self.of(operand)}" for operand in node.operands)
                return f"z.logic({node.op!r}, {span}, {operands})"
            case tree.Between():
                return f"z.between({self.of(node.value)}, {self.of(node.low)}, {self.of(node.high)}, {span})"
            case tree.In():
                asked = self.variable()
                inner = self.asking(asked, node.value.span.text)
                tests = ", ".join(f"lambda {asked}: {inner.of(test)}" for test in node.tests)
                return f"z.tests({self.of(node.value)}, {tests})"
            case tree.Matches() if isinstance(node.candidate, tree.Range):
                return f"z.inside({self.of(node.value)}, {self.of(node.candidate)}, {span})"
            case tree.Matches():
                return f"z.matches({self.of(node.value)}, {self.of(node.candidate)}, {span})"
            case tree.If():
                return self.choice(node)
            case tree.Call():
                return self.call(node, span)
            case _:
                return self.shared(node)

    def choice(self, node: tree.If) -> str:
        condition, then, otherwise = (self.of(part) for part in (node.condition, node.then, node.otherwise))
        if isinstance(node.condition, tree.Literal | tree.ListOf):
            return then if getattr(node.condition, "value", None) is True else otherwise
        return f"({then} if {condition} is True else {otherwise})"

    def name(self, node: tree.Name) -> str:
        return self.outer(node, len(self.frames))

    def outer(self, node: tree.Name, depth: int) -> str:
        """The name as the first `depth` frames give it, the innermost first."""
        for number in range(depth - 1, -1, -1):
            frame = self.frames[number]
            if isinstance(frame, str):
                name = self.constant(node.name)
                otherwise = self.outer(node, number)
                return f"({frame}[{name}] if type({frame}) is dict and {name} in {frame} else {otherwise})"
            if node.name in frame:
                return frame[node.name]
        if node.name in self.functions:
            return f"z.as_value({self.constant(node.name)}, at, {self.constant(node.span)})"
        names = (name for frame in self.frames if not isinstance(frame, str) for name in frame)
        issue = Issue(f"`{node.name}` is not known here", did_you_mean(node.name, names), node.span)
        return f"z.report({self.constant(issue)})"

    def filter(self, node: tree.Filter, span: str) -> str:
        base = self.of(node.base)
        position = node.condition.operand if isinstance(node.condition, tree.Negate) else node.condition
        if isinstance(position, tree.Literal):
            return f"z.filter({base}, lambda x: {self.of(node.condition)}, {span}, 1, {self.of(node.condition)})"
        item = self.variable()
        condition = self.within({"item": item}).within(item).of(node.condition)
        return f"z.filter({base}, lambda {item}: {condition}, {span}, {cost(node.condition)})"

    def function(self, node: tree.Function) -> str:
        span = self.constant(node.span)
        variables = {parameter.name: self.variable() for parameter in node.parameters}
        parameters = tuple((parameter.name, self.declared(parameter.declared)) for parameter in node.parameters)
        gives = self.constant(self.declared(node.gives))
        if node.external:
            return f"z.external({self.constant(parameters)}, {gives}, {self.of(node.body)}, {span})"
        body = self.within(variables).of(node.body)
        source = f"lambda {', '.join(variables.values())}: {body}"
        return f"z.function({self.constant(parameters)}, {gives}, {source}, {span}, {cost(node.body)})"

    def declared(self, name: tree.TypeName | None) -> Type:
        """A declared type; one that is not known asks nothing, and reading the model has said so."""
        try:
            return self.type(name)
        except ValueError:
            return ANY

    def shared(self, node: Shared) -> str:
        if isinstance(node, tree.InstanceOf):
            try:
                self.type(node.named)
            except ValueError as error:
                return f"z.report({self.constant(Issue(str(error), '', node.span))})"
        return super().shared(node)

    def call(self, node: tree.Call, span: str) -> str:
        if (issue := issue_of(node)) is not None:
            return f"z.report({self.constant(issue)})"
        arguments = "".join(f", {self.of(argument)}" for argument in node.arguments)
        names = self.constant(node.names) if node.names else "()"
        if self.is_builtin(node):
            return f"z.builtin({self.constant(node.called)}, {names}, at, {span}{arguments})"
        if node.called in self.functions:
            return f"z.called({self.of(node.function)}, {self.constant(node.called)}, {names}, at, {span}{arguments})"
        return f"z.call({self.of(node.function)}, {names}, {span}{arguments})"
