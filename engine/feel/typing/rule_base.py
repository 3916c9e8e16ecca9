"""What every typing rule works with: names in scope, the type of each node, and the faults found."""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from ordain.engine.errors import Issue, Level, Span, did_you_mean
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.signature import Signature
from ordain.engine.feel.syntax import tree
from ordain.engine.feel.syntax.lexer import NUMBER_ALONE
from ordain.engine.feel.syntax.tree import Expr, Node
from ordain.engine.feel.syntax.typenames import NotAType, resolve
from ordain.engine.limits import LIMITS
from ordain.engine.values.types import ANY, FLAG, Kind, Type, described


class Checking(ABC):
    """One check of one expression. `scope` is given from outside, `local` are the names that it binds itself.

    `asked` says in messages what `?` stands for; `heading` is the text of the column that a cell belongs to.
    `broken`: something read has faults of its own, which are said elsewhere, so that an unknown type is no news.
    """

    def __init__(self, scope: Mapping[str, Type], input: Type | None, named: Mapping[str, Type]) -> None:
        self.scope, self.input, self.named, self.asked = scope, input, named, "the column"
        self.heading = ""
        self.local: dict[str, Type] = {}
        self.types: dict[int, Type] = {}
        self.signatures: dict[int, Signature] = {}
        self.issues: list[Issue] = []
        self.warnings: list[Issue] = []
        self.reads: dict[str, None] = {}
        self.broken = self.guessing = False

    @abstractmethod
    def infer(self, node: Node) -> Type:
        """The type of a node, by the rule for it."""

    def type_of(self, node: Expr) -> Type:
        """The type of an expression, which is kept. What only binds a name is typed where it binds it."""
        type = self.infer(cast("Node", node))
        self.types[id(node)] = type
        return type

    def fault(self, span: Span, message: str, hint: str = "", *, code: str = "type") -> Type:
        """Notes an error, and gives the type of a part that has none: ANY."""
        self.issues.append(Issue(message, hint, span, code=code))
        return ANY

    def note(self, issue: Issue) -> None:
        """Keeps a finding by its level: an error refuses the expression, a warning does not."""
        kept = self.issues if issue.level is Level.ERROR else self.warnings
        if issue not in kept:
            kept.append(issue)

    def subject(self, node: Expr) -> str:
        """How a message names a part; `?` is what it stands for."""
        if not isinstance(node, tree.Input):
            return f"`{node.span.text}`"
        return f"`{self.heading}`" if self.heading and self.asked == "the column" else self.asked

    def unknown(self, node: Expr, hint: str = "") -> Type:
        """A part without a type is a fault of its own, unless one was found in it already."""
        if self.broken or self.issues:
            return ANY
        return self.fault(node.span, f"the type of `{node.span.text}` cannot be known", hint, code="untyped")

    @contextmanager
    def naming(self, names: Mapping[str, Type]) -> Iterator[None]:
        """Inside it `names` are known too; they hide others of the same name."""
        outer = self.local
        self.local = {**outer, **names}
        try:
            yield
        finally:
            self.local = outer

    def find(self, name: str) -> Type | None:
        """The type of a fact, decision or variable; None when there is none of that name."""
        local = self.local.get(name)
        return self.scope.get(name) if local is None else local

    def read(self, name: str) -> Type | None:
        """As `find`; that it is read is noted."""
        type = self.find(name)
        if type is not None and name not in self.local:
            self.reads.setdefault(name)
            self.broken = self.broken or type.kind is Kind.ANY
        return type

    def name(self, node: tree.Name) -> Type:
        """The type of a fact, decision or variable; a fault for a name that is none."""
        if (type := self.read(node.name)) is not None:
            return type
        known = (*self.scope, *self.local)
        if self.input and self.input.values:
            hint = did_you_mean(node.name, (*self.input.values, *known))
            if not hint.startswith("did you mean") and len(self.input.values) <= LIMITS.listed_words:
                hint = f"the values: {', '.join(self.input.values)}"
            return self.fault(
                node.span, f"`{node.name}` is neither one of the values nor a fact", hint, code="undeclared-value"
            )
        if node.name in FUNCTIONS:
            example = f"example: {FUNCTIONS[node.name].example}"
            return self.fault(
                node.span, f"`{node.name}` is a function, used here without its arguments", example, code="unknown-name"
            )
        hint = did_you_mean(node.name, known)
        owner = next((name for name, of in self.scope.items() if node.name in of.values), "")
        if owner and not hint.startswith("did you mean"):
            hint = f'it is a value of `{owner}`; write it as a text: "{node.name}"'
            if self.input:
                hint = f"it is a value of `{owner}`: ask for it there"
        if unicodedata.category(node.name[0]) == "Sc":
            hint = NUMBER_ALONE
        return self.fault(node.span, f"unknown fact `{node.name}`", hint, code="unknown-name")

    def flag(self, node: Expr, what: str) -> None:
        """Types a part that must be a flag, and notes when it is none; `what` begins the message."""
        type = self.type_of(node)
        if not FLAG.accepts(type):
            self.fault(node.span, f"{what}, but `{node.span.text}` is {described(type)}")

    def named_type(self, name: tree.TypeName, span: Span) -> Type:
        """The type that a text names; ANY, and a fault, when it names none."""
        try:
            return resolve(name, self.named)
        except NotAType as error:
            return self.fault(span, error.words, error.hint, code="unknown-type")
