"""What may be written at the cursor: names, values, functions, keys and words, each with what is to be inserted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ordain.api.lsp.cursor import Cursor
from ordain.api.lsp.document import Document, Named
from ordain.api.lsp.folder import Folder
from ordain.api.lsp.layout import Path
from ordain.api.lsp.sections import FEEL, Role, Sort, role_of
from ordain.api.lsp.shapes import keys_at, meaning_at, schema_of, words_at
from ordain.api.lsp.told import code, declared_told, fact_detail, fact_told, function_told, values_of
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.functions.reference import signatures
from ordain.engine.feel.syntax.escapes import escaped
from ordain.engine.feel.syntax.lexer import KEYWORDS
from ordain.engine.policy.facts import PERSONAL_FACTS, POLICY, REQUEST, STORES, Fact, is_model
from ordain.engine.policy.known_names import reads_as_word
from ordain.engine.text.scalars import scalar
from ordain.engine.values.types import Kind, Type

_SORTS = {Named.DECISION: "decision", Named.CONSTANT: "constant", Named.FUNCTION: "function"}
_WORD = re.compile(r"[^\W\d]\w*$|$")
_OPERATOR = re.compile(r"[<>=!+*/(\[,.?-]|\b(?:and|or|in|if|then|else|not|for|between)\b")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`text` replaces what stands from `start` to the cursor. With `snippet` it has `${1:...}` to be filled in.

    `sort` is what it is, for a picture beside it: fact, decision, constant, function, value, key, word, policy.
    """

    label: str
    sort: str
    text: str
    start: int
    detail: str = ""
    told: str = ""
    snippet: bool = False


def suggestions(folder: Folder, document: Document, cursor: Cursor) -> list[Suggestion]:
    """Everything that may stand at the cursor, the likeliest first."""
    found: list[Suggestion] = []
    if cursor.is_key:
        found += _keys(document, cursor)
    if not cursor.is_key or cursor.item:
        found += _values(folder, document, cursor)
    seen: dict[str, Suggestion] = {}
    for each in found:
        seen.setdefault(each.label, each)
    return list(seen.values())


# --- keys -------------------------------------------------------------------------------------------------------


def _keys(document: Document, cursor: Cursor) -> Iterator[Suggestion]:
    path = cursor.path
    there = {*cursor.there} | {
        key.value for key in document.layout.keys_in(*path) if not key.start <= cursor.start <= key.end
    }
    for each in (*_names_as_keys(document, path), *_of_schema(document, path)):
        if each.label not in there:
            follow = "" if document.text[cursor.end :].lstrip(" ").startswith(":") else ": "
            yield replace(each, text=each.label + (follow if not cursor.quote else ""), start=cursor.start)


def _names_as_keys(document: Document, path: Path) -> Iterator[Suggestion]:
    match role_of(document.sort, (*path, "\0"), is_key=True):
        case Role.HEADING:
            yield from _readable(document, 0, path)
            yield from _declared(document, 0, path)
        case Role.FACT if document.sort is Sort.POLICY:
            read = {place.name for place in document.places if place.role in FEEL}
            facts = list(_facts(document, 0))
            yield from sorted(facts, key=lambda each: each.label not in read)
        case Role.RESULT:
            yield from _results(document)
        case Role.OUTPUT_NAME:
            for name, values in document.outputs_of(path).items():
                if name:
                    yield Suggestion(name, "decision", name, 0, ", ".join(values) or "output")


def _results(document: Document) -> Iterator[Suggestion]:
    for name, declared in document.declared.items():
        if declared.kind is Named.DECISION:
            outputs = [output for output in document.outputs_of(declared.scalar.path) if output]
            for path in [f"{name}.{output}" for output in outputs] or [name]:
                yield Suggestion(path, "decision", path, 0, "what must come out")
    yield Suggestion("fired", "word", "fired", 0, "the ids of the rules that fire")


def _of_schema(document: Document, path: Path) -> Iterator[Suggestion]:
    for name, part in keys_at(schema_of(document.sort, document.kind), path).items():
        yield Suggestion(name, "key", name, 0, "", part.get("description", ""))


# --- values -----------------------------------------------------------------------------------------------------


def _values(folder: Folder, document: Document, cursor: Cursor) -> Iterator[Suggestion]:
    path = cursor.path
    role = role_of(document.sort, path, is_key=False)
    match role:
        case Role.CELL:
            begun = _OPERATOR.search(cursor.typed) is not None
            if not begun:
                yield from _cell_values(document, cursor)
            yield from _feel(document, cursor, keywords=begun)
        case Role.EXPRESSION:
            yield from _feel(document, cursor)
        case Role.WITHIN if " of " in cursor.typed:
            yield from _feel(document, cursor)
        case Role.OUTPUT:
            of = document.output_type(path)
            name = "" if path[-1] in ("then", "otherwise") else str(path[-1])
            if cursor.typed.startswith("=") or of not in ("text", ""):
                yield from _feel(document, cursor)
            yield from (_value(each, cursor, "output") for each in document.outputs_of(path).get(name, ()))
            yield from (_value(each, cursor, of) for each in ("true", "false") if of == "flag")
        case Role.GIVEN:
            if (fact := document.facts.get(str(path[-1]))) is not None:
                yield from (_value(each, cursor, fact.name) for each in _written(fact))
        case Role.EXPECTED:
            first, _, rest = str(path[-1]).partition(".")
            outputs = document.outputs_of(("decides", first)) if first in document.declared else {}
            yield from (_value(each, cursor, first) for each in outputs.get(rest, ()))
        case Role.FACT:
            yield from _facts(document, cursor.start)
        case Role.SHARED:
            yield from (_value(label, cursor, "shared") for label in folder.shared())
        case Role.POLICY_NAME:
            yield from (_value(name, cursor, "policy", sort="policy") for name in folder.policies())
        case Role.DECISION_NAME:
            yield from (_value(name, cursor, detail, sort="decision") for name, detail in _given(folder).items())
        case Role.SOURCE:
            yield from (_value(each, cursor, "source") for each in _sources(folder, document))
    if role not in FEEL and role is not Role.SOURCE:
        schema = schema_of(document.sort, document.kind)
        told = meaning_at(schema, path)
        yield from (replace(_value(word, cursor, ""), sort="word", told=told) for word in words_at(schema, path))


def _written(fact: Fact) -> tuple[str, ...]:
    return ("true", "false") if fact.type.kind is Kind.FLAG else values_of(fact)


def _given(folder: Folder) -> dict[str, str]:
    """Every decision of every policy, with the policies that give it."""
    found: dict[str, str] = {}
    for document in folder.documents():
        for name, declared in document.declared.items():
            if declared.kind is Named.DECISION:
                found[name] = f"given by {document.policy}"
    return found


def _sources(folder: Folder, document: Document) -> list[str]:
    models = {source for fact in document.facts.values() for source in fact.sources if is_model(source)}
    models |= {model.name for model in folder.models() or ()}
    return [REQUEST, PERSONAL_FACTS, *STORES, *sorted(models), *(f"{POLICY}{name}" for name in folder.policies())]


def _value(text: str, cursor: Cursor, detail: str, *, sort: str = "value", label: str = "") -> Suggestion:
    """A whole value, with the quotes that YAML needs around it."""
    return Suggestion(label or text, sort, _in_yaml(text, cursor), cursor.start, detail)


def _in_yaml(text: str, cursor: Cursor) -> str:
    if cursor.quote == '"':
        return text.replace("\\", "\\\\").replace('"', '\\"')
    if cursor.quote == "'":
        return text.replace("'", "''")
    return scalar(text, like="", flow=cursor.flow) if not cursor.quote else text


def _cell_values(document: Document, cursor: Cursor) -> Iterator[Suggestion]:
    """Tests of what a column asks about."""
    heading = str(cursor.path[-1])
    fact = document.facts.get(heading) if heading not in document.parameters_at(cursor.path) else None
    values = document.values_of(heading, cursor.path)
    kind = fact.type.kind if fact is not None else (Kind.TEXT if values else Kind.ANY)
    for value in values:
        yield _value(value if reads_as_word(value, values) else escaped(value), cursor, heading, label=value)
    if kind is Kind.FLAG:
        yield from (_value(each, cursor, heading) for each in ("true", "false"))
    if kind is Kind.LIST and fact is not None:
        for value in values_of(fact):
            yield _value(f"list contains(?, {escaped(value)})", cursor, heading, label=value)
    if not cursor.quote and not cursor.typed:
        yield from _forms(kind, values, fact, cursor.start)
    if fact is not None and fact.nullable:
        yield _value("null", cursor, "it is missing")
    yield _value("-", cursor, "whatever it is")


def _forms(kind: Kind, values: tuple[str, ...], fact: Fact | None, start: int) -> Iterator[Suggestion]:
    """Tests of which only a part is to be filled in; a range, and several values, need quotes in YAML."""
    if kind is Kind.NUMBER and fact is not None:
        low = fact.limits.low if fact.limits is not None and fact.limits.low is not None else 0
        high = fact.limits.high if fact.limits is not None and fact.limits.high is not None else 100
        yield Suggestion("> ...", "word", f'"> ${{1:{low:f}}}"', start, "above a number", snippet=True)
        yield Suggestion("< ...", "word", f'"< ${{1:{high:f}}}"', start, "below a number", snippet=True)
        yield Suggestion(
            "[... ..]",
            "word",
            f'"[${{1:{low:f}}}..${{2:{high:f}}}]"',
            start,
            "from one number to another",
            snippet=True,
        )
    if len(values) > 1:
        one, other = map(_filled_in, values[:2])
        yield Suggestion("one of several", "word", f'"${{1:{one}}}, ${{2:{other}}}"', start, "", snippet=True)
        yield Suggestion("not(...)", "word", f'"not(${{1:{one}}})"', start, "any but this one", snippet=True)


def _filled_in(text: str) -> str:
    """A text as a snippet has it in `${1:...}`, inside double quotes of YAML."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return re.sub(r"([\\$}])", r"\\\1", quoted)


# --- expressions ------------------------------------------------------------------------------------------------


def _feel(document: Document, cursor: Cursor, *, keywords: bool = True) -> Iterator[Suggestion]:
    word = _WORD.search(cursor.typed)
    at = word.start() if word is not None else len(cursor.typed)
    shift = len(cursor.typed) - at
    end = cursor.end
    before = cursor.typed[:at].rstrip()
    if before.endswith(".") and not before.endswith(".."):
        yield from _fields(document, before[:-1], end - shift)
        return
    yield from _readable(document, end - shift, cursor.path)
    yield from _declared(document, end - shift, cursor.path)
    for name, entry in FUNCTIONS.items():
        back = _begun(name, cursor.typed)
        text = f"{name}($1)" if entry.signatures[0].parameters else f"{name}()"
        detail = signatures(name, entry)[0].removeprefix(name)
        yield Suggestion(name, "function", text, end - (back or shift), detail, function_told(name), snippet=True)
    for keyword in sorted(KEYWORDS) if keywords else ():
        yield Suggestion(keyword, "word", keyword, end - shift)


def _begun(name: str, typed: str) -> int:
    """How many characters before the cursor are the beginning of a name of several words."""
    if " " not in name:
        return 0
    low = typed.lower()
    for length in range(min(len(name), len(low)), name.index(" "), -1):
        if low.endswith(name[:length].lower()) and not low[: len(low) - length][-1:].isalnum():
            return length
    return 0


def _readable(document: Document, start: int, path: Path) -> Iterator[Suggestion]:
    """The parameters of the table that a path lies in, and the facts, which nothing that is shared may read."""
    for name in (key.value for key in document.layout.keys_in(*path[:2], "takes") if document.parameters_at(path)):
        detail = document.layout.text_at(*path[:2], "takes", name)
        yield Suggestion(name, "fact", name, start, detail or document.layout.text_at(*path[:2], "takes", name, "type"))
    if document.sort is not Sort.SHARED:
        yield from _facts(document, start)


def _facts(document: Document, start: int) -> Iterator[Suggestion]:
    for name, fact in document.facts.items():
        yield Suggestion(name, "fact", name, start, fact_detail(fact), fact_told(fact))


def _declared(document: Document, start: int, path: Path) -> Iterator[Suggestion]:
    """What the policy itself declares above the decision that the path lies in; the rest of it everywhere else."""
    own = path[1] if path[:1] in (("decides",), ("price",), ("bounds",), ("functions",)) and len(path) > 1 else None
    for name, (of, declared) in document.shared.items():
        yield Suggestion(name, _SORTS[declared.kind], name, start, "shared", declared_told(of, declared, None))
    for name, declared in document.declared.items():
        if name == own:
            break
        sort = _SORTS[declared.kind]
        yield Suggestion(name, sort, name, start, sort, declared_told(document, declared, None))


def _fields(document: Document, before: str, start: int) -> Iterator[Suggestion]:
    """What may stand after a point: the outputs of a decision, the fields of a fact."""
    word = _WORD.search(before)
    name = word.group() if word is not None else ""
    if name in document.declared:
        for output in document.outputs_of(document.declared[name].scalar.path):
            if output:
                yield Suggestion(output, "value", output, start, f"output of {name}")
    elif name in document.facts:
        of: Type = document.facts[name].type
        for field, inner in (of.item.fields if of.item is not None else of.fields).items():
            yield Suggestion(field, "value", field, start, f"{inner}", code(field))
