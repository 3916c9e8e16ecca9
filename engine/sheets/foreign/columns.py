"""What each column of a person's sheet is: guessed from its heading and cells, told, or asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from ordain.engine.errors import Issue, PolicyError, did_you_mean
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.syntax.lexer import is_name
from ordain.engine.policy.facts import Fact, Vocabulary
from ordain.engine.sheets.foreign.amounts import currency_in, is_currency
from ordain.engine.sheets.foreign.layout import Heading, Layout
from ordain.engine.sheets.foreign.square_tests import ANY_WORDS, is_test
from ordain.engine.sheets.foreign.squares import Square
from ordain.engine.values.types import Kind


class Role(StrEnum):
    WHEN = "when"
    FROM = "from"
    TO = "to"
    THEN = "then"
    ID = "id"
    BECAUSE = "because"
    COMMENT = "comment"
    LEFT_OUT = "leave out"


NAMED = (Role.WHEN, Role.FROM, Role.TO, Role.THEN)
_ALONE = {
    Role.ID: {"id", "rule", "rule id", "no", "nr", "number", "row"},
    Role.BECAUSE: {"reason", "because", "why", "explanation", "rationale", "justification"},
    Role.COMMENT: {"note", "notes", "comment", "comments", "remark", "remarks", "annotation", "internal"},
}
_STARTS = {"from", "min", "minimum", "over", "above", "start", "lower", "least", "begin"}
_ENDS = {"to", "max", "maximum", "until", "below", "under", "end", "upper", "most", "till"}
_SMALL = {"at", "the", "of", "a", "an", "in", "per", "limit", "bound", "value", "up"}
_GIVEN = {"new", "offer", "discount", "bonus", "surcharge", "result", "decision", "action", "then", "outcome", "reward",
          "gift", "fee", "charge", "rebate", "commission", "points", "tariff"}  # fmt: skip


_COMPARES = re.compile(r"[<>≤≥=].*\d.*|.*\d.*\+")
"""Texts that ask rather than give, also where they are no test of a known fact."""


@dataclass(frozen=True, slots=True)
class Column:
    """`name` is the fact's or the output's; "" for the others."""

    heading: Heading
    index: int
    role: Role
    name: str = ""

    @property
    def said(self) -> str:
        return f"{self.role} {self.name}".strip()


@dataclass(frozen=True, slots=True)
class Question:
    """What nothing in the sheet tells. `likely` are the facts that a heading may mean, the likeliest first."""

    heading: Heading
    index: int
    likely: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"What is column {self.heading.letter}, `{self.heading.text}`?"

    @property
    def choices(self) -> str:
        facts = ", ".join(f"when {name}" for name in self.likely)
        return f"{facts or 'when FACT'}, then OUTPUT, because, comment, leave out"


def columns_of(
    layout: Layout, vocabulary: Vocabulary, told: Mapping[str, str]
) -> tuple[tuple[Column, ...], tuple[Question, ...]]:
    """The columns, and what is left to ask. `told` says by heading or letter what a column is, such as `when usage_gb`.

    Raises PolicyError for what is told and cannot be.
    """
    known = {key: heading for heading in layout.headings for key in (heading.letter, heading.text)}
    for key in told:
        if key not in known:
            raise PolicyError(f"there is no column `{key}`", did_you_mean(key, known))
    columns: list[Column | Question] = []
    for index, heading in enumerate(layout.headings):
        words = told.get(heading.text, told.get(heading.letter))
        cells = [square for square in layout.column(index) if not square.empty]
        columns.append(
            column_as_told(heading, index, words) if words is not None else _guess(heading, index, cells, vocabulary)
        )
    return _outputs(columns, layout)


def column_as_told(heading: Heading, index: int, words: str) -> Column:
    """The column that a person says it is. Raises PolicyError."""
    role = next((role for role in Role if words == role or words.startswith(f"{role} ")), None)
    name = words.removeprefix(str(role)).strip() if role else ""
    hint = "write: when FACT, from FACT, to FACT, then OUTPUT, id, because, comment or leave out"
    if role is None or bool(name) != (role in NAMED):
        raise PolicyError(Issue(f"column {heading.letter}: `{words}` says nothing about a column", hint))
    if name and not is_plain_name(name):
        message = f"column {heading.letter}: `{name}` is no name for a fact or an output"
        raise PolicyError(Issue(message, "small letters, digits and _, such as usage_gb"))
    return Column(heading, index, role, name)


def is_plain_name(name: str) -> bool:
    return bool(re.fullmatch(r"[a-z][a-z0-9_]*", name)) and is_name(name) and name not in FUNCTIONS


def words_of(heading: str) -> list[str]:
    """Those that say what it is about, without what only joins them."""
    plain = re.sub(r"([a-z])([A-Z])", r"\1 \2", heading)
    return [word for word in re.findall(r"[^\W_]+", plain.lower()) if word not in _SMALL]


def name_of(heading: str, percent: bool = False) -> str:
    """A name for an output or a new fact, from a heading."""
    words = [word for word in words_of(re.sub(r"\(.*?\)", " ", heading)) if word.isascii()]
    if percent and "percent" not in words:
        words = [*(word for word in words if word != "pct"), "percent"]
    name = "_".join(words) or "value"
    name = name if name[0].isalpha() else f"the_{name}"
    return name if is_plain_name(name) else f"the_{name}"


def _guess(heading: Heading, index: int, cells: list[Square], vocabulary: Vocabulary) -> Column | Question:
    said = " ".join(words_of(heading.text))
    if alone := next((role for role, words in _ALONE.items() if said in words), None):
        return Column(heading, index, alone)
    words = words_of(heading.text)
    start, end = bool(_STARTS.intersection(words)), bool(_ENDS.intersection(words))
    bare = [word for word in words if word not in _STARTS | _ENDS]
    role = Role.FROM if start and not end else Role.TO if end and not start else Role.WHEN
    exact, likely = _facts(bare, cells, vocabulary, bordered=role is not Role.WHEN)
    if exact and _is_doubtful(heading, cells, vocabulary[exact], role):
        return Question(heading, index, (exact, *(name for name in likely if name != exact)))
    if exact:
        return Column(heading, index, role, exact)
    return Question(heading, index, tuple(likely))


def _is_doubtful(heading: Heading, cells: list[Square], fact: Fact, role: Role) -> bool:
    """Whether a column of a fact's name may be none about it: an amount in each row is rather given than asked, and
    an amount in another currency is another."""
    unit = fact.type.unit or ""
    if not is_currency(unit):
        return False
    told = currency_in(heading.text)
    return bool(told and told != unit) or (role is Role.WHEN and all(isinstance(s.content, Decimal) for s in cells))


def _facts(words: list[str], cells: list[Square], vocabulary: Vocabulary, bordered: bool) -> tuple[str, list[str]]:
    """The fact that words name, if they leave no doubt, and those that they may mean."""
    fitting = {name: fact for name, fact in ((n, vocabulary[n]) for n in vocabulary) if _fits(fact, cells, bordered)}
    if "_".join(words) in fitting:
        return "_".join(words), []
    if "_".join(words) in vocabulary.facts and cells:  # what stands there may be written wrongly
        return "", ["_".join(words)]
    about = {word.rstrip("s") for word in words if len(word) > 1}
    scores: dict[str, float] = {}
    for name, fact in fitting.items():
        own = {word.rstrip("s") for word in name.split("_")}
        told = {word.rstrip("s") for word in words_of(fact.meaning)} | own
        if shared := about & own:
            scores[name] = len(shared) / len(own | about) + (0.25 if about <= told else 0)
    ranked = sorted(scores, key=lambda name: (-scores[name], name))
    clear = ranked and scores[ranked[0]] >= 0.75 and (len(ranked) == 1 or scores[ranked[1]] <= scores[ranked[0]] - 0.2)
    return (ranked[0] if clear else ""), ranked[:4]


def _fits(fact: Fact, cells: list[Square], bordered: bool) -> bool:
    """Whether all that stands in a column could be asked of the fact."""
    if bordered and fact.type.kind not in (Kind.NUMBER, Kind.DATE, Kind.DATE_TIME):
        return False
    return bool(cells) and all(is_test(square, fact) for square in cells)


def _outputs(columns: list[Column | Question], layout: Layout) -> tuple[tuple[Column, ...], tuple[Question, ...]]:
    """Takes what stands right of the last condition for outputs, unless it was told otherwise or may be a condition."""
    last = max((n for n, each in enumerate(columns) if isinstance(each, Column) and each.role in NAMED[:3]), default=-1)
    sure: list[Column] = []
    asked: list[Question] = []
    for number, each in enumerate(columns):
        if isinstance(each, Column):
            sure.append(each)
            continue
        named = bool(_GIVEN.intersection(words_of(each.heading.text)))
        cells = layout.column(each.index)
        values = not any(
            isinstance(s.content, str) and (s.text.lower() in ANY_WORDS or _COMPARES.fullmatch(s.text)) for s in cells
        )
        if number > last and values and (named or not each.likely):
            percent = "%" in each.heading.text or any(square.percent for square in cells)
            sure.append(Column(each.heading, each.index, Role.THEN, name_of(each.heading.text, percent)))
        else:
            asked.append(each)
    return tuple(sure), tuple(asked)
