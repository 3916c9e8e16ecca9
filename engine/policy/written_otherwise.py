"""What people write who know spreadsheets, e-mails and other languages, as the language has it.

Each function gives what a text may stand for, the likeliest first. None knows whether that can be read: whoever asks
tries each (`policy/mending.py`), so a pattern here may be generous.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain

from ordain.engine.values.types import Kind, Type

Reading = tuple[str, str]
"""What to write, and when it is what was meant; "" when there is no other."""

_NUMBER = r"-?\d+(?:\.\d+)?"
_SIGN = "[\u20b9$\u20ac\u00a3\u00a5]"
_CURRENCY = re.compile(rf"(?:\b(?:Rs\.?|[A-Z]{{3}})|{_SIGN})\s*(?=-?\d)|(?<=\d)\s*(?:/-|\b[A-Z]{{3}}\b|{_SIGN})")
_GROUPED = re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{2,3})*,\d{3})(\.\d+)?(?![\w,])")
_DECIMAL_COMMA = re.compile(r"(?<![\w.,])(\d+),(\d+)(?![\w.,])")
_KEYWORD = re.compile(r"\b(AND|OR|NOT|IF|THEN|ELSE|IN|BETWEEN|TRUE|FALSE|NULL|True|False|None)\b")
_TEXT_OR_WORD = re.compile(r'("[^"]*")')
_DAY = r"\d{4}-\d\d?-\d\d?"
_LOCAL_DAY = re.compile(r"(?<![\w./-])(\d\d?)[./-](\d\d?)[./-](\d{4})(?![\w./-])")
_LENGTH = re.compile(r"(?<![\w.])(\d+)\s+(day|week|month|year|hour|minute)s?\b")
_LENGTHS = {"day": "P{}D", "month": "P{}M", "year": "P{}Y", "hour": "PT{}H", "minute": "PT{}M"}
_AT_LEAST = r"at least|minimum|min\.?|from|no less than|not less than"
_AT_MOST = r"at most|maximum|max\.?|up to|until|no more than|not more than"
_WORDED = [
    (re.compile(rf"(?:{_AT_LEAST}) (.+)"), ">= {}"),
    (re.compile(rf"(?:{_AT_MOST}) (.+)"), "<= {}"),
    (re.compile(r"(?:more than|greater than|over|above|after) (.+)"), "> {}"),
    (re.compile(r"(?:less than|under|below|before) (.+)"), "< {}"),
    (re.compile(r"(.+?)\s*(?:\+|or more|and more|or above|and above)"), ">= {}"),
    (re.compile(r"(.+?)\s*(?:or less|or below|and below)"), "<= {}"),
    (re.compile(r"(?:is not|not equal to|<>|=!) (.+)"), "!= {}"),
    (re.compile(r"(?:is|equals|equal to|==) (.+)"), "{}"),
]
_LOWER = re.compile(r"(>=?)\s*([^<>=]+?)\s*(?:\band\b|,|&&?)\s*(<=?)\s*([^<>=]+)", re.IGNORECASE)
_UPPER = re.compile(r"(<=?)\s*([^<>=]+?)\s*(?:\band\b|,|&&?)\s*(>=?)\s*([^<>=]+)", re.IGNORECASE)
_BETWEEN = re.compile(r"(?:between|from)\s+(.+?)\s+(?:and|to|till|until)\s+(.+)", re.IGNORECASE)
_END = rf"(?:{_NUMBER}|@\"{_DAY}\"|{_DAY}|[^\W\d]\w*)"
_FROM_TO = re.compile(rf"[\[(]?\s*({_END})\s*(?:to|-|\u2013|\.\.\.?|\u2026)\s*({_END})\s*[\])]?")
_PAIR = re.compile(rf"\[\s*({_END})\s*[,;]\s*({_END})\s*\]")
_MISSING = {"blank", "empty", "missing", "unknown", "none", "nothing", "not given", "not known", "nil", '""'}
_ANY = {"any", "all", "*", "n/a", "na", "every", "whatever", "anything", "\u2013", "\u2014", "--"}


TYPE_NAMES = {
    **dict.fromkeys(
        ["integer", "int", "float", "double", "real", "decimal", "numeric", "long", "percent", "percentage", "money"],
        "number",
    ),
    **dict.fromkeys(["amount", "currency"], "number"),
    **dict.fromkeys(["string", "str", "enum", "char", "varchar", "word"], "text"),
    **dict.fromkeys(["boolean", "bool", "yes/no", "true/false", "yesno", "bit"], "flag"),
    **dict.fromkeys(["datetime", "timestamp", "date time", "date-time"], "date and time"),
    **dict.fromkeys(["day"], "date"),
    **dict.fromkeys(["timespan", "interval", "days and time duration"], "duration"),
    **dict.fromkeys(["years and months duration"], "months"),
    **dict.fromkeys(["list", "array", "set"], "list of text"),
}
"""What other languages call the types, in the singular."""


def cell_readings(text: str, of: Type) -> Iterator[Reading]:
    """What a cell of a column of this type may mean."""
    text = text.strip()
    if text.lower() in _ANY:
        yield "-", "any value is meant"
    if text.lower() in _MISSING:
        if of.optional:
            yield "null", "a missing value is meant"
        if of.kind is Kind.TEXT and not of.values:
            yield f'"{text}"', "the word itself is meant"
    if of.kind is Kind.NUMBER and '"' in text:
        yield re.sub(rf'"({_NUMBER})"', r"\1", text), ""
    yield from _ranges(text)
    if of.kind is Kind.LIST and of.item is not None and of.item.kind is Kind.TEXT:
        yield from _in_list(text)
    if of.kind is Kind.FLAG and text.lower() in ("yes", "y", "no", "n", "1", "0", '"yes"', '"no"', '"true"', '"false"'):
        yield "true" if text.strip('"').lower() in ("yes", "y", "1", "true") else "false", ""
    if match := re.fullmatch(r"(?:not|!)\s*([^(=].*)", text, re.IGNORECASE):
        yield f"not({match[1]})", ""
    for pattern, form in _WORDED:
        if match := pattern.fullmatch(text):
            yield form.format(match[1]), ""
    if len(parts := re.split(r"\s*(?:\bor\b|\||;|/)\s*", text)) > 1:
        yield ", ".join(parts), ""
    if of.kind is Kind.TEXT:
        yield from _in_order(text, of)
        yield from _texts(text, of)
    yield from expression_readings(text, of)
    for reading, when in expression_readings(text, of):
        yield from ((again, when) for again, _ in _ranges(reading))


def _ranges(text: str) -> Iterator[Reading]:
    """Two bounds, as the range that they are."""
    text = text.strip()
    if match := _LOWER.fullmatch(text):
        yield f"{'[' if match[1] == '>=' else '('}{match[2]}..{match[4].strip()}{']' if match[3] == '<=' else ')'}", ""
    if match := _UPPER.fullmatch(text):
        yield f"{'[' if match[3] == '>=' else '('}{match[4].strip()}..{match[2]}{']' if match[1] == '<=' else ')'}", ""
    for pattern in (_BETWEEN, _FROM_TO, _PAIR):
        if match := pattern.fullmatch(text):
            yield f"[{match[1]}..{match[2]}]", ""
            if pattern is _FROM_TO and " to " in text:
                yield f"[{match[1]}..{match[2]})", f"{match[2]} itself is not meant"


def _in_list(text: str) -> Iterator[Reading]:
    """A value that a list is to hold."""
    match = re.fullmatch(r"(?:(?:contains|includes|has)\s+)?(.+?)(?:\s+in\s+\?)?", text, re.IGNORECASE)
    for inner in (match[1] if match else text, text):
        parts = [part.strip().strip("\"'") for part in inner.split(",")]
        if all(parts):
            yield " or ".join(f'list contains(?, "{part}")' for part in parts), ""


def _in_order(text: str, of: Type) -> Iterator[Reading]:
    """`>= medium` of declared values: those before it and those after it, the highest usually being declared first."""
    match = re.fullmatch(r'([<>])(=?)\s*"?([^"]*)"?', text)
    if match is None or match[3] not in of.values:
        return
    at = of.values.index(match[3])
    before, after = of.values[: at + bool(match[2])], of.values[at + (not match[2]) :]
    if match[1] == "<":
        before, after = after, before
    yield ", ".join(before), ""
    yield ", ".join(after), "the lowest is declared first" if before else ""


def _texts(text: str, of: Type) -> Iterator[Reading]:
    """Words without quotes, alone or with commas between."""
    bare = text.strip("'\u201c\u201d\u201e\u2018\u2019")
    if text in of.values:
        yield f'"{text}"', ""
    near = {value.lower(): value for value in of.values}
    parts = [part.strip() for part in bare.split(",")]
    if of.values:
        if all(part.lower() in near for part in parts):
            yield ", ".join(near[part.lower()] for part in parts), ""
        return
    if '"' not in bare and all(parts) and not re.search(r"[<>=()?]", bare):
        yield ", ".join(f'"{part}"' for part in parts), ""
        yield f'"{bare}"', ""


def expression_readings(text: str, of: Type | None = None) -> Iterator[Reading]:
    """What an expression may mean: each slip mended alone, then all of them."""
    alternatives: list[Reading] = []
    whole = text
    for mend in _MENDS:
        readings = list(mend(whole, of))
        first = True
        for reading, when in readings:
            alternatives.append((reading, when))
            if first:
                whole, first = reading, False
    if len(alternatives) > 1 and all(whole != reading for reading, _ in alternatives):
        yield whole, ""
    yield from alternatives


def output_readings(text: str, of: Type) -> Iterator[Reading]:
    """What an output of this type may mean."""
    text = text.strip()
    if text.lower() in _MISSING:
        yield "null", "no value is meant"
    if of.kind is Kind.FLAG and text.lower() in ("yes", "y", "no", "n", "1", "0"):
        yield "true" if text.lower() in ("yes", "y", "1") else "false", ""
    if of.kind is Kind.TEXT and of.values:
        yield from ((value, "") for value in of.values if value.lower() == text.lower())
    yield from expression_readings(text, of)


def _outside_texts(text: str, mend: Callable[[str], str]) -> str:
    """The text with what stands outside of double quotes mended."""
    return "".join(part if part[:1] == '"' else mend(part) for part in _TEXT_OR_WORD.split(text))


def _numbers(text: str, of: Type | None) -> Iterator[Reading]:
    def plain(part: str) -> str:
        without = _CURRENCY.sub("", part)
        without = _GROUPED.sub(lambda match: match[1].replace(",", "") + (match[2] or ""), without)
        return _DECIMAL_COMMA.sub(r"\1.\2", without)

    def decimal(part: str) -> str:
        return _DECIMAL_COMMA.sub(r"\1.\2", _CURRENCY.sub("", part))

    thousands = _outside_texts(text, plain)
    if thousands != text:
        yield thousands, ""
        match = _GROUPED.search(text)
        if match and match[1].count(",") == 1 and not match[2] and match[1][0] != "0":
            yield _outside_texts(text, decimal), "the comma is the decimal sign"


def _percent(text: str, of: Type | None) -> Iterator[Reading]:
    if match := re.search(rf"({_NUMBER})\s*%", text):
        unit = of.unit if of is not None else ""
        digits = match[1].lstrip("-")
        hundredth = _hundredth(match[1])
        forms = [(match[1], f"{digits} stands for {digits} percent"), (hundredth, "it is a fraction of 1")]
        within_one = of is not None and of.limits is not None and of.limits.high == 1
        calculated = re.search(r"[*/]", re.sub(r'"[^"]*"', "", text)) is not None  # 10 % of it is a tenth
        if unit in ("fraction", "probability") or within_one or calculated:
            forms.reverse()
        if within_one or unit in ("percent", "%", "fraction", "probability"):
            forms = [(forms[0][0], "")]
        for form, when in forms:
            yield text[: match.start()] + form + text[match.end() :], when


def _hundredth(number: str) -> str:
    """The hundredth of a written number, without arithmetic: 12.5 becomes 0.125."""
    sign = "-" if number.startswith("-") else ""
    whole, _, rest = number.lstrip("-").partition(".")
    digits = whole.rjust(3, "0")
    text = f"{digits[:-2].lstrip('0') or '0'}.{digits[-2:]}{rest}".rstrip("0").rstrip(".")
    return f"{sign}{text}"


def _keywords(text: str, of: Type | None) -> Iterator[Reading]:
    lower = _outside_texts(text, lambda part: _KEYWORD.sub(lambda match: match[1].lower(), part))
    lower = re.sub(r"\bnone\b", "null", lower) if re.search(r"\bNone\b", text) else lower
    if lower != text:
        yield lower, ""


def _signs(text: str, of: Type | None) -> Iterator[Reading]:
    def mend(part: str) -> str:
        for wrong, right in _SIGNS.items():
            part = part.replace(wrong, right)
        return part

    mended = _outside_texts(text, mend)
    if mended != text:
        yield mended, ""


def _joints(text: str) -> Iterator[Reading]:
    """`a & b`, `a | b`: conditions that are joined."""
    mended = _outside_texts(text, lambda part: _JOINT.sub(lambda match: " and " if match[1] == "&" else " or ", part))
    if mended != text:
        yield mended, ""


_JOINT = re.compile(r"(?<![&|])\s*([&|])\s*(?![&|])")
_SIGNS = {"==": "=", "=>": ">=", "=<": "<=", "<>": "!=", "&&": " and ", "||": " or ", "^": "**"} | {
    "\u2265": ">=", "\u2264": "<=", "\u2260": "!=", "\u00d7": "*", "\u00f7": "/", "\u2212": "-"
}  # fmt: skip


def _quotes(text: str, of: Type | None) -> Iterator[Reading]:
    mended = re.sub("[\u201c\u201d\u201e\u00ab\u00bb]", '"', text)
    if '"' not in mended:
        mended = re.sub("['\u2018\u2019]([^'\u2018\u2019]*)['\u2018\u2019]", r'"\1"', mended)
    if mended != text:
        yield mended, ""


def _days(text: str, of: Type | None) -> Iterator[Reading]:
    whole = re.sub(rf'(?<![@\w-])"?({_DAY})"?(?![\w-])', lambda match: f'@"{_padded(match[1])}"', text)
    if whole != text:
        yield whole, ""
    if match := _LOCAL_DAY.search(text):
        day, month, year = int(match[1]), int(match[2]), match[3]
        around = text[: match.start()].removesuffix('"'), text[match.end() :].removeprefix('"')
        for first, second, when in ((month, day, ""), (day, month, "the month stands first")):
            if first <= 12 and second <= 31 and (not when or day != month):
                yield f'{around[0]}@"{year}-{first:02}-{second:02}"{around[1]}', when


def days_as_written(text: str) -> Iterator[Reading]:
    """A day in the order of some country, as dates stand in a policy without `@`."""
    for reading, when in _days(text.strip(), None):
        yield reading.removeprefix('@"').removesuffix('"'), when


def _padded(day: str) -> str:
    year, month, number = day.split("-")
    return f"{year}-{month:0>2}-{number:0>2}"


def _lengths(text: str, of: Type | None) -> Iterator[Reading]:
    def written(match: re.Match[str]) -> str:
        if match[2] == "week":
            return f'@"P{int(match[1]) * 7}D"'
        return f'@"{_LENGTHS[match[2]].format(match[1])}"'

    mended = _outside_texts(text, lambda part: _LENGTH.sub(written, part))
    if mended != text:
        yield mended, ""


def _spreadsheet(text: str, of: Type | None) -> Iterator[Reading]:
    """`= x * 2`, `IF(a;b;c)`, `"x is " & x`."""
    formula = re.sub(r"^\s*=\s*(?![=<>])", "", text)
    formula = _outside_texts(formula, lambda part: part.replace(";", ","))
    if match := re.fullmatch(r"if\s*\((.*)\)\s*", formula, re.IGNORECASE):
        parts = _arguments(match[1])
        if len(parts) == 3:
            formula = f"if {parts[0]} then {parts[1]} else {parts[2]}"
    if formula != text:
        yield formula, ""
    if re.search(r"(?<!&)&(?!&)", formula) or ('"' in formula and "+" in formula):
        joined = [part.strip() for part in re.split(r'\s*[&+]\s*(?=(?:[^"]*"[^"]*")*[^"]*$)', formula)]
        if len(joined) > 1 and all(joined):
            yield " + ".join(part if part[:1] == '"' else f"string({part})" for part in joined), ""
    yield from _joints(formula)


def _arguments(text: str) -> list[str]:
    """The arguments between commas outside of brackets and texts."""
    parts, depth, quoted = [""], 0, False
    for sign in text:
        quoted ^= sign == '"'
        depth += 0 if quoted else (sign in "([{") - (sign in ")]}")
        if sign == "," and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]


_LOUD_FUNCTION = re.compile(r"\b[A-Z]{2,}(?=\()")


def _functions(text: str, of: Type | None) -> Iterator[Reading]:
    """Functions that other languages have under another name, or with other arguments."""
    rounded = re.sub(r"\bround\(([^(),]+)\)", r"round half up(\1, 0)", text, flags=re.IGNORECASE)
    rounded = re.sub(r"\bround\(([^(),]+),", r"round half up(\1,", rounded, flags=re.IGNORECASE)
    rounded = _outside_texts(rounded, lambda part: _LOUD_FUNCTION.sub(lambda match: match[0].lower(), part))
    if rounded != text:
        yield rounded, ""


_MENDS = (_quotes, _signs, _keywords, _spreadsheet, _days, _lengths, _numbers, _percent, _functions)


def distinct(*several: Iterator[Reading]) -> Iterator[Reading]:
    """Readings without those that came before."""
    seen: set[str] = set()
    for reading, when in chain(*several):
        if reading not in seen:
            seen.add(reading)
            yield reading, when
