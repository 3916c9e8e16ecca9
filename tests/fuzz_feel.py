"""Feeds broken and odd texts to the parser: `python tests/fuzz_feel.py 1000000 --seed 1`.

Each text must give a tree or a PolicyError within a second, and the tree's text the same tree again. Texts are
random bytes decoded somehow, random words, and changed texts of a list: the cases of `cases/parse.yaml` and, where the
folder is there (`ORDAIN_SHARED`, or `shared` beside the project), every text of the DMN compatibility kit.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from ordain.engine.errors import PolicyError, Span  # noqa: E402
from ordain.engine.feel.syntax import parse, tree  # noqa: E402
from ordain.engine.feel.syntax.lexer import KEYWORDS, is_word  # noqa: E402
from ordain.engine.feel.syntax.printer import cell_text, printed  # noqa: E402

ORIGIN = Span("fuzz", 1, 1)
KNOWN = ["price", "monthly price", "e-mail", "in force", "5G", "d'or", "not sure", "Loan Rate"]
FIELDS = ["unit price", "percent", "in force"]
LONGEST_SECONDS = 1.0
_SPACED = """
1 .5 1e3 -2 1E-3 00 1e9999 "a" "\\u20B9" "\\uD800" " \\ ' @ @"P1D" @"2026-01-31" @"x" // /* */ -> <> >> list<number>
if then else for in return some every satisfies and or between function external instance of true false null not not(
? item partial date time ( ) [ ] { } , : . .. ; + - * ** / = != < <= > >= == => context<a: range< function< x y a.b
"""
_WORDS = [
    *_SPACED.split(),
    "date and time(",
    "list contains(",
    *KNOWN,
    *FIELDS,
    "time offset",
    "years",
    "months duration",
]
_WORDS += ["\n", "\t", "\u00a0", "\ufeff", "🐎", "₹", "\x00", "\ud800", "۳", "é", "\u2003"]


def seeds() -> list[str]:
    golden = yaml.safe_load((ROOT / "tests" / "cases" / "parse.yaml").read_text(encoding="utf-8"))
    found = [case["text"] for part in ("expressions", "cells", "types") for case in golden[part]]
    shared = Path(os.environ.get("ORDAIN_SHARED", ROOT.parent / "shared")) / "data" / "dmn-tck"
    for file in sorted(shared.rglob("*.dmn")):
        for element in ElementTree.parse(file).iter():  # noqa: S314 - the kit's own files
            if element.tag.endswith("}text") and element.text:
                found.append(element.text)
    return sorted(set(found))


def of_bytes(chance: random.Random, _: list[str]) -> str:
    data = chance.randbytes(chance.randrange(1, 60))
    way = chance.choice(["utf-8", "latin-1", "utf-16", "ascii"])
    return data.decode(way, chance.choice(["replace", "ignore"]) if way != "utf-8" else "surrogateescape")


def of_words(chance: random.Random, _: list[str]) -> str:
    glue = chance.choice(["", " ", " "])
    return glue.join(chance.choice(_WORDS) for _ in range(chance.randrange(1, 16)))


def of_a_seed(chance: random.Random, found: list[str]) -> str:
    text = chance.choice(found)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice([0, 1, 1, 2, 5, 20]))
        text = (text[:start] + changed(chance, found, text[start:end]) + text[end:])[:12_000]
    return text


def changed(chance: random.Random, found: list[str], part: str) -> str:
    match chance.randrange(9):
        case 0:
            return ""
        case 1:
            return part * chance.choice([2, 2, 3, 90, 400])
        case 2 | 3:
            return f" {chance.choice(_WORDS)} "
        case 4:
            return f"({part})"
        case 5:
            return f"[{part}]"
        case 6 | 7:
            return chance.choice(found)
        case _:
            return chr(chance.choice([chance.randrange(128), chance.randrange(0x3000), chance.randrange(0x110000)]))


def reread(text: str, lenient: bool, cell: bool) -> str:
    """What came of a text: a word for the figures. Raises ValueError for a tree that is another when read again."""
    read: Callable[..., tree.Expr | None] = parse.unary_tests if cell else parse.expression
    try:
        found = read(text, ORIGIN, KNOWN, FIELDS, lenient)
    except PolicyError as error:
        if not all(issue.message and issue.span is not None for issue in error.issues):
            raise ValueError("refused without words or place") from None
        return "refused"
    if found is not None and _is_ambiguous(found):
        return "read"
    again = cell_text(found) if cell else printed(found)  # type: ignore[arg-type]
    if len(again) > (100_000 if lenient else 10_000):
        return "read"
    try:
        same = read(again, ORIGIN, KNOWN, FIELDS, lenient)
    except PolicyError as error:
        raise ValueError(f"printed as {again!r}, which is refused: {error}") from None
    if same != found:
        raise ValueError(f"printed as {again!r}, which is another tree")
    return "read twice"


def _is_ambiguous(found: tree.Expr) -> bool:
    """Whether the text gives names such as `a - b` or `a and b`, which FEEL then reads wherever these words stand."""
    for node in tree.walk(found):
        if isinstance(node, tree.Entry | tree.Each | tree.Parameter) and not is_word(node.name):
            words = node.name.split()
            if node.name in KEYWORDS or not all(map(is_word, words)):
                return True
    return False


def fuzz(count: int, seed: int) -> tuple[Counter[str], float, list[str]]:
    """The figures, the longest time, and a line for each fault of `count` texts."""
    chance, found = random.Random(seed), seeds()  # noqa: S311 - texts, no secrets
    figures: Counter[str] = Counter()
    faults: list[str] = []
    longest, begun = 0.0, time.monotonic()
    makers = [of_bytes, of_words, of_words, of_a_seed, of_a_seed, of_a_seed]
    for number in range(1, count + 1):
        text = chance.choice(makers)(chance, found)
        lenient, cell = chance.random() < 0.5, chance.random() < 0.4
        start = time.process_time()
        try:
            figures[reread(text, lenient, cell)] += 1
        except Exception as error:  # whatever comes out is what is looked for
            faults.append(f"{text!r} (lenient {lenient}, cell {cell}): {type(error).__name__}: {error}")
        took = time.process_time() - start
        longest = max(longest, took)
        if took > LONGEST_SECONDS:
            faults.append(f"{text[:200]!r}: took {took:.2f} s")
        if number % 50_000 == 0:
            pace = number / (time.monotonic() - begun)
            print(f"{number:,} of {count:,}, {pace:,.0f} a second, {len(faults)} faults", flush=True)
    return figures, longest, faults


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("count", type=int)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    figures, longest, faults = fuzz(given.count, given.seed)
    for fault in faults[:20]:
        print(fault[:1000].encode("utf-8", "backslashreplace").decode())
    told = ", ".join(f"{figures[what]:,} {what}" for what in sorted(figures))
    print(f"{given.count:,} texts: {told}; longest {longest:.3f} s; {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
