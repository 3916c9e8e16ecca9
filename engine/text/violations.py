"""What keeps a YAML file from the shape of its JSON Schema (draft 2020-12), said for people, with places.

Loaded when something does: see `text/structure.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from ordain.engine.errors import Issue, Span, did_you_mean, near_word
from ordain.engine.replacement import Replacement
from ordain.engine.text.scalars import braced_text
from ordain.engine.text.shape import Schema
from ordain.engine.text.source import Node
from ordain.engine.values.types import format_raw

Step = str | int
"""Of a path into a file: a key, or a position in a list from 0."""


def _is_number(_: object, value: object) -> bool:
    return isinstance(value, Decimal | int) and not isinstance(value, bool)


def _is_integer(_: object, value: object) -> bool:
    return _is_number(_, value) and value == int(value)  # type: ignore[call-overload]  # a number by now


_TYPES = Draft202012Validator.TYPE_CHECKER.redefine_many({"number": _is_number, "integer": _is_integer})
_extend: Any = validators.extend  # untyped in jsonschema's stubs
_Validator = _extend(Draft202012Validator, type_checker=_TYPES)


def violations(node: Node, schema: Schema) -> list[Issue]:
    """Every way in which `node` is not of the shape `schema`, each with its place and a hint."""
    issues: list[Issue] = []
    for error in _Validator(schema).iter_errors(node.data()):
        issues.extend(_issues(error, node))
    return sorted(issues, key=lambda issue: (issue.span.line, issue.span.column) if issue.span else (0, 0))


def _issues(error: ValidationError, root: Node) -> Iterator[Issue]:
    node = _at(root, error.absolute_path)
    name = _name(root, list(error.absolute_path))
    where = f" in {name}" if name else ""
    schema: Any = error.schema
    wanted: Any = error.validator_value
    if "propertyNames" in error.relative_schema_path and error.instance in node.keys:
        message, hint = f"`{error.instance}` stands under {name}, and belongs beside it", "move it one step to the left"
        yield Issue(message, hint, node.keys[error.instance], code="structure")
        return
    match error.validator:
        case "additionalProperties":
            known = schema.get("properties", {})
            for key in node.value:
                if key not in known:
                    hint, place = did_you_mean(key, known), node.keys[key]
                    near = near_word(key, known)
                    edits = _edit(place, near) if near and near not in node.value else ()
                    yield Issue(f"unknown field `{key}`{where}", hint, place, code="unknown-key", replacements=edits)
        case "required":
            missing = [key for key in wanted if key not in node.value]
            # jsonschema reports each missing key on its own; say each once.
            for key in missing:
                if f"'{key}'" in error.message:
                    if node is root and (found := _deeper(node, key)) is not None:
                        above, place, edits = found
                        message = f"`{key}` stands under `{above}`, and belongs to the whole policy"
                        hint = "move it to the left margin"
                        yield Issue(message, hint, place, code="missing-key", replacements=edits)
                        continue
                    hint = _meaning(schema, key)
                    yield Issue(f"`{key}` is missing{where}", hint, node.span, code="missing-key")
        case "enum":
            values = [str(value) for value in wanted]
            hint, near = did_you_mean(node.text, values), near_word(node.text, values)
            edits = _edit(node.span, near) if near and not node.quoted else ()
            yield Issue(f"`{node.text}` is not allowed{where}", hint, node.span, code="structure", replacements=edits)
        case "type":
            several = wanted if isinstance(wanted, list) else [wanted]
            issue = _of_another_type(node, root, list(error.absolute_path), several)
            issue = issue if issue.hint else replace(issue, hint=_time_hint(node.text, [schema]))
            meant = [text for text in _as_patterns_have_it(node.text) if re.search(schema.get("pattern", "^$"), text)]
            if node.value is None and _is_bare(node) and list(error.absolute_path)[-2:-1] == ["values"]:
                hint = (
                    "leave it out, and say `optional: true` if a value may be missing; a word `null` stands in quotes"
                )
                issue = replace(issue, hint=hint)
            elif several == ["string"] and "pattern" not in schema and _is_bare(node) and node.value is not None:
                meant = [f'"{node.text}"']  # `true` and `5` are no texts until they have quotes
            yield (
                replace(issue, hint=f"write `{meant[0]}`", replacements=_edit(node.span, meant[0])) if meant else issue
            )
        case "anyOf" | "oneOf":
            yield from _nearest(error, root, node)
        case "minProperties" | "minItems":
            yield Issue(f"there must be at least {wanted}{where}", "", node.span, code="structure")
        case "maxProperties" | "maxItems":
            yield Issue(f"there may be at most {wanted}{where}", "", node.span, code="structure")
        case "minimum" | "exclusiveMinimum":
            yield Issue(f"`{node.text}` is too small{where}: at least {wanted}", "", node.span, code="structure")
        case "pattern" | "not":
            meant = [text for text in _as_patterns_have_it(node.text) if re.search(str(wanted), text)]
            hint = f"write `{'`, or `'.join(meant)}`" if meant else _time_hint(node.text, [schema])
            hint = hint or str(schema.get("description", ""))
            if len(meant) == 2 and _LOCAL_DAY.fullmatch(node.text):
                hint += " if the month stands first"
            edits = tuple(edit for text in meant for edit in _edit(node.span, text)) if not node.quoted else ()
            message = f"`{node.text}` does not fit{where}"
            yield Issue(message, hint, node.span, code="structure", replacements=edits)
        case _:
            yield Issue(f"{error.message}{where}", "", node.span, code="structure")


def _nearest(error: ValidationError, root: Node, node: Node) -> Iterator[Issue]:
    """Of several allowed shapes, the one whose type fits tells what is wrong; otherwise all are named.

    A mapping that has no key of one shape is of another one, if its type fits that too.
    """
    shapes: Any = error.validator_value
    by_shape: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        by_shape.setdefault(inner.schema_path[0], []).append(inner)
    fitting = [
        at
        for at, inners in by_shape.items()
        if not any(inner.validator == "type" and inner.absolute_path == error.absolute_path for inner in inners)
    ]
    if fitting:
        known = [at for at in fitting if "properties" not in shapes[at] or node.keys.keys() & shapes[at]["properties"]]
        for inner in by_shape[(known or fitting)[0]]:
            yield from _issues(inner, root)
        return
    types = [shape.get("type", "value") for shape in shapes]
    wanted = [kind for several in types for kind in (several if isinstance(several, list) else [several])]
    issue = _of_another_type(node, root, list(error.absolute_path), wanted)
    if node.value is None and not node.text and "description" in shapes[0]:
        issue = replace(issue, hint=f"write {shapes[0]['description']}")
    yield issue if issue.hint else replace(issue, hint=_time_hint(node.text, shapes))


def _of_another_type(node: Node, root: Node, path: list[Step], wanted: list[str]) -> Issue:
    kinds = _one_of(wanted)
    raw = node.data()
    if raw is None and not node.text and path and isinstance(path[-1], str):
        above = _name(root, path[:-1])
        message = f"{above}: nothing stands after `{path[-1]}:`" if above else f"nothing stands after `{path[-1]}:`"
        return Issue(message, f"write {kinds}", node.span, code="structure")
    name = _name(root, path) or "this file"
    shape = "array" if isinstance(raw, list) else "object"
    single = [kind for kind in wanted if kind != "object"]
    if isinstance(raw, list | dict) and single and not {"array", shape} & set(wanted):
        kinds = _one_of(single)
        one = "condition" if "when" in path else "value"
        message = f"several entries stand in {name}; one {one} belongs here: {kinds}"
        if (
            one == "condition"
            and isinstance(node.value, list)
            and all(item.text and not item.quoted for item in node.value)
        ):
            # A range between square brackets looks like a list to YAML.
            written = f'"{node.raw if ".." in node.raw else ", ".join(node.texts())}"'
            edit = Replacement(node.span.file, node.span.line, node.span.column, node.raw, written)
            edits = (edit,) if node.raw and "\n" not in node.raw else ()
            return Issue(message, f"write `{written}`", node.span, code="structure", replacements=edits)
        if one == "value" and (quoted := braced_text(node)) is not None:
            hint = f"write `{quoted.new}`"
            return Issue(message, hint, node.span, code="structure", replacements=(quoted,))
    else:
        told = format_raw(raw).removeprefix("the text ").removeprefix("the number ").removeprefix("the flag ")
        message = f"{name} must be {kinds}, not {_ENTRIES if isinstance(raw, dict) else told}"
        if (meant := _as_kind(node, wanted)) and node.raw and "\n" not in node.raw:
            edit = replace(_edit(node.span, meant)[0], column=node.span.column - node.quoted, old=node.raw)
            return Issue(message, f"write `{meant}`", node.span, code="structure", replacements=(edit,))
    return Issue(message, "", node.span, code="structure")


def _as_kind(node: Node, wanted: list[str]) -> str:
    """What a text may stand for where something else is wanted: `true` for `yes`, `2` for `"2"`, a list for `a, b`."""
    text = node.text.strip()
    if wanted == ["boolean"]:
        return _FLAGS.get(text.lower(), "")
    if wanted == ["integer"] and re.fullmatch(r"[1-9]\d{0,8}", text):
        return text
    parts = [part.strip() for part in text.split(",")]
    if wanted == ["array"] and all(re.fullmatch(r"[^\W\d][\w -]*", part) for part in parts):
        return f"[{', '.join(parts)}]"
    return ""


def _edit(place: Span, new: str) -> tuple[Replacement, ...]:
    return (Replacement(place.file, place.line, place.column, place.text, new),)


def _deeper(node: Node, key: str) -> tuple[str, Span, tuple[Replacement, ...]] | None:
    """Where a key stands that belongs further left: below what, and the edit that moves it if a line will do."""
    for above, inner in node.items():
        for name, part in (*inner.items(), (above, inner)):
            place = part.keys.get(key)
            if place is None:
                continue
            last = list(part.keys)[-1] == key and (not isinstance(part[key].value, dict | list) or part[key].raw)
            indented = Replacement(place.file, place.line, 1, " " * (place.column - 1) + key, key)
            return name, place, (indented,) if last else ()
    return None


_PERIOD_DAYS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
_PERIOD = re.compile(
    r"(?:(\d+) *(?:per|a|every|times per|times a|in) *)?(?:the +)?(\d*) *(day|week|month|quarter|year)s?( +and +\w+)?",
    re.IGNORECASE,
)
_LOCAL_DAY = re.compile(r"(\d\d?)[./-](\d\d?)[./-](\d{4})")


def _as_patterns_have_it(text: str) -> list[str]:
    """A day, a number of days or a limit that is written otherwise than policies do, the likeliest reading first."""
    if match := _LOCAL_DAY.fullmatch(text):
        day, month = int(match[1]), int(match[2])
        pairs = dict.fromkeys([(month, day), (day, month)])
        return [f"{match[3]}-{one:02}-{other:02}" for one, other in pairs if 1 <= one <= 12 and 1 <= other <= 31]
    if re.fullmatch(r"\d{4}[-/.]\d\d?[-/.]\d\d?", text):
        year, month_text, day_text = re.split("[-/.]", text)
        return [f"{year}-{month_text:0>2}-{day_text:0>2}"]
    if (match := _PERIOD.fullmatch(text.strip())) and (match[1] or match[2]):
        unit, of = match[3].lower(), match[4] or ""
        days = f"{int(match[2] or 1) * _PERIOD_DAYS[unit]} days{of}"
        if not match[1]:
            return [days]
        # Who says "per year" may mean the year of the calendar or the time just past.
        calendar = [f"{match[1]} per calendar {unit}{of}"] if not match[2] and unit != "day" else []
        return [*calendar, f"{match[1]} per {days}"]
    return [f"{text} days"] if text.isdigit() else []


def _is_bare(node: Node) -> bool:
    return bool(node.text) and not node.quoted and not isinstance(node.value, dict | list)


def _time_hint(text: str, shapes: Iterable[Any]) -> str:
    """What a limit such as `2` lacks, in which time: nobody but who wrote it knows that, so it is no edit."""
    said = re.fullmatch(r"([0-9]{1,4})(?: times)?", text.strip())
    forms = [f"{said[1]} per 30 days", f"{said[1]} per calendar month"] if said else []
    patterns = [str(shape["pattern"]) for shape in shapes if isinstance(shape, dict) and "pattern" in shape]
    fits = any(re.search(pattern, form) for pattern in patterns for form in forms)
    return f"say in which time, such as `{'`, or `'.join(forms)}`" if fits else ""


_FLAGS = dict.fromkeys(["yes", "y", "on", "true"], "true") | dict.fromkeys(["no", "n", "off", "false"], "false")
_ENTRIES = "entries of the form `name: value`"
_KINDS = {
    "object": _ENTRIES,
    "array": "a list",
    "string": "a text",
    "boolean": "true/false",
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
}


def _one_of(kinds: list[str]) -> str:
    """`a text`, `a text or a list`, `a text, a number or null`."""
    *first, last = dict.fromkeys(_KINDS.get(kind, f"a {kind}") for kind in kinds)
    return f"{', '.join(first)} or {last}" if first else last


def _at(root: Node, path: Iterable[Step]) -> Node:
    for step in path:
        root = root.value[step]
    return root


def _name(root: Node, path: list[Step]) -> str:
    """A place in the file for people: `` `version` ``, `` `when.tier` of rule `a` of `decides.fee` ``; "" for all."""
    for at in range(len(path) - 1, 0, -1):
        rule = _at(root, path[: at + 1]) if path[at - 1] == "rules" and isinstance(path[at], int) else None
        if rule is not None and isinstance(rule.value, dict) and "id" in rule.value and rule["id"].text:
            inner, outer = _dotted(path[at + 1 :]), _dotted(path[: at - 1])
            return " of ".join(part for part in (inner, f"rule `{rule['id'].text}`", outer) if part)
    return _dotted(path)


def _dotted(path: list[Step]) -> str:
    return f"`{'.'.join(str(step + 1) if isinstance(step, int) else step for step in path)}`" if path else ""


def _meaning(schema: Any, key: str) -> str:
    meaning = schema.get("properties", {}).get(key, {}).get("description", "")
    return f"{key}: {meaning}" if meaning else ""
