"""The tree as FEEL text, with no more parentheses than it needs; reading the text gives the same tree.

The text is read with the names of several words known that the tree has. A type that a function is declared to give
(`Function.gives`) has no form in FEEL and is left out.
"""

from __future__ import annotations

from itertools import pairwise
from typing import assert_never, cast

from ordain.engine.feel.functions import FUNCTIONS, negated
from ordain.engine.feel.syntax.escapes import escaped
from ordain.engine.feel.syntax.names import is_written_name
from ordain.engine.feel.syntax.parser import asks_itself
from ordain.engine.feel.syntax.tree import (
    Arithmetic,
    Between,
    Call,
    Comparison,
    ContextOf,
    Each,
    Entry,
    Expr,
    Filter,
    For,
    Function,
    If,
    In,
    Input,
    InstanceOf,
    ListOf,
    Literal,
    Logic,
    Matches,
    Name,
    Negate,
    Node,
    Parameter,
    Path,
    Quantified,
    Range,
    Steps,
    TypeName,
)
from ordain.engine.values import types as values
from ordain.engine.values.types import Kind

# How strongly a form holds its parts together.
_LOOSE, _OR, _AND, _COMPARE, _ADD, _MULTIPLY, _POWER, _NEGATE, _INSTANCE, _POSTFIX, _WHOLE = range(11)
_WITH_AND = [(first, rest) for first, joint, rest in (name.partition(" and ") for name in FUNCTIONS) if joint]
_STRENGTH = {"+": _ADD, "-": _ADD, "*": _MULTIPLY, "/": _MULTIPLY, "**": _POWER}


def printed(tree: Expr) -> str:
    """FEEL text of a tree. The parts of a cell's tree come out as expressions over `?`; see `cell_text`."""
    return _printed(tree)[0]


def cell_text(tree: Expr | None) -> str:
    """The text of a table's cell."""
    if tree is None:
        return "-"
    inner = negated(tree)
    if inner is not None and (tests := _tests(inner)):
        return f"not({tests})"
    tests = _tests(tree)
    return tests or _alone(tree)


def type_text(of: TypeName) -> str:
    """A type as FEEL text."""
    arguments = [type_text(part) for part in of.arguments]
    if of.fields:
        arguments = [f"{name}: {part}" for name, part in zip(of.fields, arguments, strict=True)]
    if of.result is not None:
        return f"function<{', '.join(arguments)}> -> {type_text(of.result)}"
    return f"{of.name}<{', '.join(arguments)}>" if arguments else of.name


def _tests(tree: Expr) -> str:
    """Tests joined by commas, when the tree is made of such; otherwise nothing."""
    parts = tree.operands if isinstance(tree, Logic) and tree.op == "or" else (tree,)
    if len(parts) == 1 or not all(map(_is_test, parts)):
        return _test(tree) if _is_test(tree) else ""
    return ", ".join(map(_test, parts))


def _is_test(tree: Expr) -> bool:
    if isinstance(tree, Matches):
        return isinstance(tree.value, Input) and not asks_itself(tree.candidate)
    return asks_itself(tree)


def _test(tree: Expr) -> str:
    match tree:
        case Comparison(op=op, left=Input(), right=right):
            return f"{op} {_at(right, _ADD)}"
        case Matches(candidate=candidate):
            return _alone(candidate)
        case _:
            return _alone(tree)


def _alone(tree: Expr) -> str:
    """A whole test; `not(...)` as an expression of its own stands in parentheses, or it would negate the tests."""
    text = printed(tree)
    return f"({text})" if text.startswith("not(") and isinstance(tree, Call) else text


def _at(tree: Expr, strength: int) -> str:
    """The text of a part that must hold together at least so strongly."""
    text, own = _printed(tree)
    return text if own >= strength else f"({text})"


def _printed(tree: Expr) -> tuple[str, int]:
    node = cast("Node", tree)
    match node:
        case Literal():
            return _literal(node)
        case Name(name=name):
            return name, _WHOLE
        case Input():
            return "?", _WHOLE
        case Negate(operand=operand):
            bare = isinstance(operand, Literal) and not _literal(operand)[0].startswith("-")
            return "-" + (f"({printed(operand)})" if bare else _at(operand, _NEGATE)), _NEGATE
        case Arithmetic(op=op, left=left, right=right):
            own = _STRENGTH[op]
            return f"{_at(left, own)} {op} {_at(right, own + 1)}", own
        case Comparison() | Between() | In() | Matches():
            return _comparison(node), _COMPARE
        case Logic(op=op, operands=operands):
            own = _OR if op == "or" else _AND
            return _joined(op, [_at(operand, own + 1) for operand in operands]), own
        case InstanceOf(value=value, named=of):
            return f"{_at(value, _INSTANCE)} instance of {type_text(of)}", _INSTANCE
        case Path() | Filter() | Call():
            return _followed(node), _POSTFIX
        case Range() | ListOf() | ContextOf():
            return _bracketed(node), _WHOLE
        case If() | For() | Quantified() | Steps() | Function():
            return _form(node), _LOOSE
        case _:
            assert_never(node)


def _joined(op: str, texts: list[str]) -> str:
    """Texts with an operator between them; `(date) and time(x)` keeps parentheses, as it is no call."""
    for at, (left, right) in enumerate(pairwise(texts)):
        if op == "and" and any(_ends(left, first) and right.startswith(rest) for first, rest in _WITH_AND):
            texts[at] = f"({left})"
    return f" {op} ".join(texts)


def _ends(text: str, word: str) -> bool:
    return text == word or text.endswith((f" {word}", f"-{word}"))


def _literal(tree: Literal) -> tuple[str, int]:
    value = tree.value
    if value is None:
        return "null", _WHOLE
    if isinstance(value, bool):
        return str(value).lower(), _WHOLE
    if isinstance(value, str):
        return escaped(value), _WHOLE
    if values.kind_of(value) is Kind.NUMBER:
        text = str(values.plain(value))
        return text, _NEGATE if text.startswith("-") else _WHOLE
    return f'@"{values.plain(value)}"', _WHOLE


def _comparison(tree: Comparison | Between | In | Matches) -> str:
    match tree:
        case Comparison(op=op, left=left, right=right):
            return f"{_at(left, _ADD)} {op} {_at(right, _ADD)}"
        case Between(value=value, low=low, high=high):
            return f"{_at(value, _ADD)} between {_joined('and', [_at(low, _ADD), _at(high, _ADD)])}"
        case Matches(value=value, candidate=candidate):
            return f"{_at(value, _ADD)} in {_operand(candidate)}"
        case In(value=value, tests=(Matches(value=Input(), candidate=candidate),)):
            return f"{_at(value, _ADD)} in {_operand(candidate)}"
        case In(value=value, tests=tests):
            return f"{_at(value, _ADD)} in ({', '.join(map(_in_test, tests))})"


def _in_test(tree: Expr) -> str:
    match tree:
        case Comparison(left=Input()):
            return _test(tree)
        case Matches(value=Input(), candidate=candidate):
            return printed(candidate)
        case _:
            return printed(tree)


def _operand(candidate: Expr) -> str:
    """What stands alone after `in`; a half range at its beginning gets more parentheses, or it would be a test."""
    text = _at(candidate, _ADD)
    return f"({text})" if text.startswith(("(<", "(>", "(=", "(!")) else text


def _followed(tree: Path | Filter | Call) -> str:
    match tree:
        case Path(base=base, name=name):
            return f"{_at(base, _POSTFIX)}.{name}"
        case Filter(base=base, condition=condition):
            return f"{_at(base, _POSTFIX)}[{printed(condition)}]"
        case Call(function=function, arguments=arguments, names=names):
            shown = [printed(argument) for argument in arguments]
            if names:
                shown = [f"{name}: {text}" for name, text in zip(names, shown, strict=True)]
            return f"{_at(function, _POSTFIX)}({', '.join(shown)})"


def _bracketed(tree: Range | ListOf | ContextOf | Entry) -> str:
    match tree:
        case Range(low=Expr() as low, op=op) if op:
            return f"({op} {_at(low, _ADD)})"
        case Range(low=None, high=Expr() as high, high_open=is_open):
            return f"({'<' if is_open else '<='} {_at(high, _ADD)})"
        case Range(low=Expr() as low, high=None, low_open=is_open):
            return f"({'>' if is_open else '>='} {_at(low, _ADD)})"
        case Range(low=low, high=high):
            shown = ["" if bound is None else printed(bound) for bound in (low, high)]
            return f"{'(' if tree.low_open else '['}{shown[0]}..{shown[1]}{')' if tree.high_open else ']'}"
        case ListOf(items=items):
            return f"[{', '.join(map(printed, items))}]"
        case ContextOf(entries=entries):
            return "{" + ", ".join(map(_bracketed, entries)) + "}"
        case Entry(name=name, value=value):
            return f"{name if is_written_name(name) else escaped(name)}: {printed(value)}"


def _form(tree: If | For | Quantified | Each | Steps | Function | Parameter) -> str:
    match tree:
        case If(condition=condition, then=then, otherwise=otherwise):
            return f"if {printed(condition)} then {printed(then)} else {printed(otherwise)}"
        case For(iterators=iterators, body=body):
            return f"for {', '.join(map(_form, iterators))} return {printed(body)}"
        case Quantified(quantifier=quantifier, iterators=iterators, condition=condition):
            return f"{quantifier} {', '.join(map(_form, iterators))} satisfies {printed(condition)}"
        case Each(name=name, over=over):
            return f"{name} in {printed(over)}"
        case Steps(low=low, high=high):
            return f"{printed(low)}..{printed(high)}"
        case Function(parameters=parameters, body=body, external=external):
            return f"function({', '.join(map(_form, parameters))}) {'external ' if external else ''}{printed(body)}"
        case Parameter(name=name, declared=of):
            return name if of is None else f"{name}: {type_text(of)}"
