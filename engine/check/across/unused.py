"""What stands in the files and is used by nobody: notes, for a tidy house."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ordain.engine.check.across.held import Held, Parts, expressions, names_in
from ordain.engine.errors import Issue, Level, Span
from ordain.engine.feel.syntax.tree import Function
from ordain.engine.policy.model import Formula
from ordain.engine.score_gate import gate_of

_NOTE = Level.NOTE
_ALWAYS_USED = {"compliance": ("findings", "verdict")}
_WORD = re.compile(r"[^\W\d]\w*")


def unread_facts(parts: Parts) -> Iterator[Issue]:
    """`unread-fact`: a fact that no policy reads, nor any model that is known."""
    read = {name for held in parts.all() for name in held.policy.reads}
    for service in parts.services.values():
        gate = gate_of(service, parts.vocabulary, (held.policy for held in parts.of(service)))
        read |= {fact.name for fact in gate.facts} if gate is not None else set()
    read |= {feature.name for model in parts.models or () for feature in model.reads}
    for name in parts.vocabulary:
        fact = parts.vocabulary[name]
        if name not in read and fact.retired is None:
            who = "no policy and no model uses" if parts.models is not None else "no policy uses"
            message, hint = f"{who} the fact `{name}`", "remove it, or declare its last day: `retired: 2026-06-30`"
            yield Issue(message, hint, fact.span, name, "unread-fact", _NOTE)


def unused_policies(parts: Parts) -> Iterator[Issue]:
    """`unused-policy`: a policy that is part of no service."""
    for name, several in parts.versions.items():
        if several and not parts.users(name):
            message = f"the policy `{name}` is in no service, so it never decides"
            hint = f"name it under `policies` of a service in {parts.services_root.span.file}, or remove it"
            yield Issue(message, hint, several[-1].policy.span, code="unused-policy", level=_NOTE)


def unused_outputs(parts: Parts) -> Iterator[Issue]:
    """`unused-output`: a decision that its own policy does not read, no service gives or tells, no fact carries on."""
    for held in parts.all():
        policy = held.policy
        services = parts.users(policy.name)
        if not services:
            continue
        used = {name for of, part in expressions(policy) for name in names_in(part) if name != of}
        used |= {output for service in services for output in (*service.gives, *service.tells)}
        used |= {name for name in parts.vocabulary if parts.vocabulary[name].given_by == policy.name}
        used.update(_ALWAYS_USED.get(policy.kind, ()))
        places = {decision.name: decision.span for decision in policy.decisions}
        for name in policy.gives:
            if name not in used and name in places:
                message = f"nobody uses `{name}`: no service gives it, and nothing reads it"
                declare = f"declare a fact with `source: policy {policy.name}`"
                hint = f"add it to `gives` of the service, {declare}, or remove it"
                at = _named_at(held, ("decides", "price", "bounds"), name, places[name])
                yield Issue(message, hint, at, code="unused-output", level=_NOTE)


def unused_names(parts: Parts) -> Iterator[Issue]:
    """`unused-constant` and `unused-function`: named in a policy, and read by none of its expressions."""
    for held in parts.all():
        policy = held.policy
        used = {name for of, part in expressions(policy) for name in names_in(part) if name != of}
        used |= _words_on_file(held)
        used.update(name for shared in policy.shared for name in shared.names())  # see `unused-shared`
        for name in policy.constants:
            if name not in used:
                at = _named_at(held, ("constants",), name, policy.span)
                message = f"nothing in `{policy.label}` reads the constant `{name}`"
                yield Issue(message, "remove it", at, code="unused-constant", level=_NOTE)
        functions = {function.name: function.table.span for function in policy.functions}
        for decision in policy.decisions:
            if isinstance(decision, Formula) and isinstance(decision.expression.tree, Function):
                functions[decision.name] = decision.span
        for name, span in functions.items():
            if name not in used:
                at = _named_at(held, ("functions",), name, span)
                message = f"nothing in `{policy.label}` calls the function `{name}`"
                yield Issue(message, "remove it", at, code="unused-function", level=_NOTE)


def _words_on_file(held: Held) -> set[str]:
    """The words of compliance rules that are not in force: they take no part, but may be so again."""
    rules = held.node("rules") if held.policy.kind == "compliance" else None
    words: set[str] = set()
    for rule in rules.nodes() if rules is not None else ():
        status = rule.get("status")
        if status is not None and status.text != "in force":
            for key in ("where", "applies when", "permits when"):
                part = rule.get(key)
                words.update(_WORD.findall(part.text) if part is not None else ())
    return words


def _named_at(held: Held, sections: tuple[str, ...], name: str, otherwise: Span) -> Span:
    """Where a name stands as a key of one of these sections."""
    for section in sections:
        node = held.node(section)
        if node is not None and name in node.keys:
            return node.keys[name]
    return otherwise
