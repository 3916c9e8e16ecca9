"""The checks of one column, and of the rows as a whole, that need no other table."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ordain.engine.errors import counted, quoted
from ordain.engine.values.types import Kind
from ordain.models.limits import LIMITS
from ordain.models.monitoring.cells import LOOKS_MISSING, Cells
from ordain.models.monitoring.finding import Finding, Verdict, judged
from ordain.models.monitoring.thresholds import Thresholds

_LEANS = 0.15
"""Bowley's skewness of the quartiles from which on outliers are looked for among logarithms (0.26 is exponential)."""

_CODES = 10
"""Different values up to which a number is taken for a code."""


def of_rows(rows: Sequence[Mapping[str, object]], key: str, thresholds: Thresholds) -> list[Finding]:
    """Rows that stand twice, the key left out or not, and keys that do."""
    if not rows:
        return [Finding("rows", "the table", 0.0, 1.0, Verdict.MAJOR, "the table has no rows", "bring rows")]
    found = []
    whole = Counter(tuple(sorted((name, str(cell)) for name, cell in row.items())) for row in rows)
    twice = sum(count - 1 for count in whole.values())
    verdict, threshold = judged(twice / len(rows), thresholds.duplicates)
    if twice:
        sentence = f"{counted(twice, 'row')} too many: copies of other rows, cell by cell"
        found.append(
            Finding("duplicates", "the table", twice / len(rows), threshold, verdict, sentence, "keep one of each")
        )
    if key:
        keys = Counter(str(row.get(key)) for row in rows)
        again = sorted(each for each, count in keys.items() if count > 1)
        if again:
            shown = ", ".join(quoted(each[:40]) for each in again[: LIMITS.examples])
            sentence = f"`{key}`: {counted(len(again), 'customer')} with several rows, such as {shown}"
            share = len(again) / len(keys)
            advice = "keep one row per customer, or name a time that tells the rows apart"
            found.append(Finding("duplicate_keys", key, share, 0.0, Verdict.MAJOR, sentence, advice))
    return found


def of_column(cells: Cells, thresholds: Thresholds) -> list[Finding]:
    """All findings of one column; none where all is well."""
    return [*_missing(cells, thresholds), *_wrong(cells, thresholds), *_values(cells), *_outliers(cells, thresholds)]


def _missing(cells: Cells, thresholds: Thresholds) -> Iterator[Finding]:
    if not cells.missing:
        return
    share = cells.missing / len(cells.values)
    verdict, threshold = judged(share, thresholds.missing)
    sentence = f"`{cells.name}` is missing in {counted(cells.missing, 'row')} ({share:.1%})"
    advice = ""
    if verdict is Verdict.MODERATE:
        advice = "mark it `optional: true` in the mapping, and ask why it is missing"
    elif verdict is Verdict.MAJOR:
        advice = "find its source, or leave it out"
    yield Finding("missing", cells.name, share, threshold, verdict, sentence, advice)


def _wrong(cells: Cells, thresholds: Thresholds) -> Iterator[Finding]:
    if not cells.wrong:
        return
    share = len(cells.wrong) / len(cells.values)
    verdict, threshold = judged(share, thresholds.wrong_type)
    shown = "; ".join(f"row {at + 1}: {said}" for at, said in cells.wrong[: LIMITS.examples])
    sentence = f"`{cells.name}`: {counted(len(cells.wrong), 'cell')} cannot be read as a {cells.kind}: {shown}"
    advice = f"write each as a {cells.kind}, or list what stands for nothing under `missing` in the mapping"
    yield Finding("wrong_type", cells.name, share, threshold, verdict, sentence, advice)


def _values(cells: Cells) -> Iterator[Finding]:
    """Constant, empty, an id, one text written in several ways, a text that means nothing."""
    name, known = cells.name, cells.known
    if not known:
        yield Finding("empty", name, 1.0, 1.0, Verdict.MAJOR, f"`{name}` has no value at all", "leave it out")
        return
    different = set(known)
    if len(different) == 1 and len(known) > 1:
        sentence = f"`{name}` is {quoted(str(known[0])[:40])} wherever it is known"
        yield Finding(
            "constant", name, 1.0, 1.0, Verdict.MODERATE, sentence, "leave it out: nothing is learned from it"
        )
    if cells.kind is not Kind.TEXT:
        return
    if len(different) == len(known) >= LIMITS.bin_rows:
        sentence = f"`{name}` has another text in each row"
        advice = "name it as the subject, or leave it out: a model would learn customers by heart"
        yield Finding("identifier", name, 1.0, 1.0, Verdict.MODERATE, sentence, advice)
        return
    written = defaultdict(set)
    for text in different:
        written[" ".join(str(text).casefold().split())].add(str(text))
    if several := sorted(sorted(texts) for texts in written.values() if len(texts) > 1):
        shown = " and ".join(quoted(text[:40]) for text in several[0][:2])
        sentence = f"`{name}`: {counted(len(several), 'text')} written in several ways, such as {shown}"
        share = len(several) / len(written)
        yield Finding("variants", name, share, 0.0, Verdict.MODERATE, sentence, "write each in one way")
    nothing = [text for text in known if str(text).lower() in LOOKS_MISSING]
    if nothing:
        said = ", ".join(quoted(text) for text in sorted({str(text) for text in nothing}))
        sentence = f"`{name}`: {counted(len(nothing), 'cell')} say that nothing is known: {said}"
        advice = f"list {said} under `missing` in the mapping, if it means that"
        yield Finding("looks_missing", name, len(nothing) / len(cells.values), 0.0, Verdict.MODERATE, sentence, advice)


def _outliers(cells: Cells, thresholds: Thresholds) -> Iterator[Finding]:
    """Of numbers with so few different values that they are codes or answers, none is far out."""
    if cells.kind is not Kind.NUMBER or len(cells.known) < LIMITS.bin_rows or len(set(cells.known)) <= _CODES:
        return
    numbers = np.array([float(value) for value in cells.known])
    scores, logged = robust_scores(numbers)
    # The logarithm of an amount near 0 lies far below the others', and the amount does not.
    scores = np.maximum(scores, 0.0) if logged else scores
    far = np.abs(scores) > thresholds.outlier
    if not far.any():
        return
    verdict, threshold = judged(float(far.mean()), thresholds.outliers)
    worst = numbers[int(np.argmax(np.abs(scores)))]
    scale = " of its logarithm" if logged else ""
    sentence = (
        f"`{cells.name}`: {counted(int(far.sum()), 'value')} ({far.mean():.1%}) more than {thresholds.outlier} robust "
        f"deviations{scale} from the median {np.median(numbers):.6g}, the furthest {worst:.6g}"
    )
    advice = "check the furthest: a slip, another unit, or a customer apart"
    yield Finding("outliers", cells.name, float(far.mean()), threshold, verdict, sentence, advice)


def robust_scores(numbers: NDArray[np.float64]) -> tuple[NDArray[np.float64], bool]:
    """How many robust deviations each number is from the median, and whether of logarithms (log(1 + x), for what is
    never negative and leans to the right).

    0.6745 (x - median) / MAD or, where more than half are equal, (x - median) / (1.2533 * mean absolute deviation):
    Iglewicz and Hoaglin 1993, "How to detect and handle outliers". All 0 where all numbers are equal.
    """
    low, median, high = np.quantile(numbers, (0.25, 0.5, 0.75))
    leans = high > low and (high + low - 2 * median) / (high - low) > _LEANS
    logged = bool(numbers.min() >= 0 and leans)
    taken = np.log1p(numbers) if logged else numbers
    away = taken - np.median(taken)
    deviation = float(np.median(np.abs(away))) / 0.6745 or 1.2533 * float(np.abs(away).mean())
    return (away / deviation if deviation else np.zeros_like(away)), logged
