"""Which people's rows may keep one id in an export: those whose rows together are like those of `k` people at least.

Rows that are each one of many may still tell a person together: whoever has seven of them, two refused, is soon alone.
So who has rows as hardly anybody has them loses the id that binds them. Nor may that loss tell: among rows that are
alike, those without an id are of `k` people at least, or there is none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

Kept = tuple[int, ...]
"""The rows of a person, by the numbers of what they look like, sorted."""


def to_unlink(rows: Iterable[tuple[int, int]], k: int) -> set[int]:
    """The people whose rows keep no id, of rows given by the number of what they look like, and the person's.

    Of each look there must be rows of `k` people.
    """
    of_person: dict[int, list[int]] = defaultdict(list)
    for look, person in rows:
        of_person[person].append(look)
    linked: dict[Kept, list[int]] = defaultdict(list)
    for person, looks in of_person.items():
        linked[tuple(sorted(looks))].append(person)
    having: dict[int, set[Kept]] = defaultdict(set)
    for kept in linked:
        for look in kept:
            having[look].add(kept)
    alone: dict[int, int] = defaultdict(int)
    unlinked: set[int] = set()
    waiting = [kept for kept, people in linked.items() if len(people) < k]
    while True:
        touched = set()
        for kept in waiting:
            people = linked.pop(kept)
            unlinked.update(people)
            for look in set(kept):
                having[look].discard(kept)
                alone[look] += len(people)
                touched.add(look)
        few = [look for look in touched if alone[look] < k and having[look]]
        waiting = list({min(having[look], key=lambda kept: (len(linked[kept]), kept)) for look in few})
        if not waiting:
            return unlinked
