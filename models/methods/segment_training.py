"""Training a segmentation: how many, which, what they are called, and how far to trust them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ordain.engine.errors import DataQualityIssue, Issue, SettingsError, did_you_mean
from ordain.engine.policy.facts import Fact
from ordain.engine.values.types import Kind, Value
from ordain.models.data.table import Table
from ordain.models.features.encoder import Encoder
from ordain.models.limits import LIMITS
from ordain.models.methods import segment_clustering as clustering
from ordain.models.methods import segment_stability as stability
from ordain.models.methods.segment_assignment import Centres, Floats
from ordain.models.methods.segment_model import FILE, Stored
from ordain.models.methods.segment_names import Profile, named
from ordain.models.methods.segment_report import Evidence, report
from ordain.models.methods.segment_scaling import scaling_of
from ordain.models.spec import Artifact, Progress

METHODS = ("kmeans", "ward", "dbscan")
RESTARTS = 10
DRAWS = 20
"""Bootstrap draws."""
HELD_OUT = 0.3
"""Share of the rows that take no part in finding the segments."""


@dataclass(frozen=True, slots=True)
class Options:
    """`segments` is how many; None leaves it to the rule of `segment_stability.choose`, and DBSCAN finds its own.
    `radius` is DBSCAN's, in scaled units."""

    method: str = "kmeans"
    segments: int | None = None
    radius: float | None = None
    profiles: tuple[Profile, ...] = ()

    def check(self) -> None:
        """Raises SettingsError with every finding."""
        issues = []
        if self.method not in METHODS:
            issues.append(Issue(f"`{self.method}` is not a method", did_you_mean(self.method, METHODS)))
        if self.segments is not None and not 2 <= self.segments <= LIMITS.most_segments:
            issues.append(Issue(f"there cannot be {self.segments} segments", f"from 2 to {LIMITS.most_segments}"))
        if self.method == "dbscan" and self.segments is not None:
            issues.append(Issue("DBSCAN takes no number of segments", "leave `segments` out, or give a `radius`"))
        if self.radius is not None and (self.method != "dbscan" or not self.radius > 0):
            issues.append(Issue(f"the radius is {self.radius}", "a number above 0, for DBSCAN alone"))
        if issues:
            raise SettingsError(issues)


def train(table: Table, options: Options, seed: int, progress: Progress | None = None) -> Artifact:
    """The segmentation of a table's customers. Raises DataQualityIssue, SettingsError."""
    options.check()
    facts = learnable(table)
    encoder = Encoder(facts)
    cells = np.array([encoder.cells(row) for row in table.rows], dtype=np.float64)
    order = np.random.default_rng(seed).permutation(len(cells))
    held_out, training = np.sort(order[: int(len(cells) * HELD_OUT)]), np.sort(order[int(len(cells) * HELD_OUT) :])
    scaling = scaling_of(facts, cells[training])
    places = scaling.places(cells)
    _enough(table.name, places[training], options.segments)
    work = _Work(options, places[training], seed, progress)
    found = work.found()
    bootstrap = stability.bootstrap(work.sampled, found.centres, work.again(found), DRAWS, seed)
    labels = found.centres.segments(places[training])
    names = named(facts, encoder.starts, places[training], labels, options.profiles)
    evidence = Evidence(
        table,
        facts,
        names,
        options.method,
        cells,
        places,
        held_out,
        found,
        tuple(work.tried),
        work.agreement,
        bootstrap,
    )
    parameters: dict[str, float | int | str] = {
        "method": options.method,
        "segments": len(names),
        "chosen": "given" if options.segments else "found",
        "radius": found.radius,
        "restarts": RESTARTS,
        "draws": DRAWS,
        "seed": seed,
    }
    if options.method != "dbscan":
        parameters.pop("radius")
    stored = Stored.of(options.method, names, scaling, found.centres).to_bytes()
    parts = {"training": len(training), "held out": len(held_out)}
    return Artifact({FILE: stored}, facts, report(evidence, seed), parameters, parts, tuple(held_out.tolist()))


class _Work:
    """Finds segments and tells how it goes. `tried` and `agreement` are what it saw on the way."""

    def __init__(self, options: Options, places: Floats, seed: int, progress: Progress | None) -> None:
        self.options, self.places, self.seed, self.progress = options, places, seed, progress
        self.sampled = clustering.sample(places, LIMITS.segment_rows, seed)
        self.tried: list[stability.Tried] = []
        self.agreement: float | None = None
        self.trees: dict[int, tuple[Floats, NDArray[np.float64]]] = {}

    def found(self) -> clustering.Found:
        if self.options.method == "dbscan":
            return clustering.dbscan(self.places, self.seed, self.options.radius)
        most = min(LIMITS.segments, len(np.unique(self.sampled, axis=0)) // 2)
        counts = (self.options.segments,) if self.options.segments else tuple(range(2, most + 1))
        for done, count in enumerate(counts, start=1):
            self.tried.append(tried := self.attempt(count))
            if self.progress is not None:
                told = f"{count} segments: silhouette {tried.silhouette:.2f}, agreement {tried.agreement:.2f}"
                self.progress(done, len(counts), told)
        chosen = stability.choose(self.tried)
        self.agreement = chosen.agreement
        return clustering.Found(self.fit(self.places, chosen.count, self.seed, clustering.STARTS))

    def attempt(self, count: int) -> stability.Tried:
        """K-means starts anew each time; Ward, which has no chance in it, is given other rows each time."""
        many = [self.fit(self.sampled, count, self.seed + restart, 1) for restart in range(RESTARTS)]
        labels = [centres.segments(self.sampled) for centres in many]
        best = min(range(RESTARTS), key=lambda at: (many[at].variance, at))
        values = stability.silhouettes(self.sampled, labels[best], self.seed)
        return stability.Tried(count, float(np.nan_to_num(values.mean(), nan=-1.0)), stability.agreement(labels))

    def fit(self, places: Floats, count: int, seed: int, starts: int) -> Centres:
        if self.options.method == "kmeans":
            return clustering.kmeans(places, count, seed, starts)
        if seed not in self.trees:
            drawn = np.random.default_rng(seed).integers(0, len(places), len(places)) if starts == 1 else slice(None)
            self.trees[seed] = clustering.ward_tree(places[drawn], seed)
        return clustering.ward(self.trees[seed], count)

    def again(self, found: clustering.Found) -> Callable[[Floats, int], Centres]:
        """How the bootstrap finds segments among drawn rows: as they were found, with the same radius."""

        def find(places: Floats, seed: int) -> Centres:
            if self.options.method == "kmeans":
                return clustering.kmeans(places, found.centres.count, seed, 3)
            if self.options.method == "ward":
                return clustering.ward(clustering.ward_tree(places, seed), found.centres.count)
            try:
                return clustering.dbscan(places, seed, found.radius).centres
            except DataQualityIssue:  # all are one segment among these rows, which is an answer
                return Centres(places[:1], np.zeros(1, dtype=np.intp), 1.0)

        return find


def learnable(table: Table) -> tuple[Fact, ...]:
    """The facts by which customers differ: numbers, flags and texts. Raises DataQualityIssue without any."""
    kept = []
    for fact in table.facts:
        values = {row[fact.name] for row in table.rows} - {None}
        if fact.type.kind in (Kind.NUMBER, Kind.FLAG, Kind.TEXT) and len(values) > 1:
            kept.append(fact if fact.type.kind is not Kind.TEXT or fact.type.values else _with_values(fact, values))
    if not kept:
        message = f"`{table.name}`: there is no feature by which customers differ"
        raise DataQualityIssue(message, "name features in the mapping that are not the same for all")
    return tuple(kept)


def _with_values(fact: Fact, values: set[Value]) -> Fact:
    return replace(fact, type=replace(fact.type, values=tuple(sorted(values))))


def _enough(name: str, places: Floats, count: int | None) -> None:
    different = len(np.unique(places, axis=0))
    needed = max(LIMITS.fewest_rows, 2 * (count or 2))
    if different < needed:
        message = f"`{name}`: only {different} different customers to find segments among, {needed} at least are needed"
        raise DataQualityIssue(message, "bring more rows, or ask for fewer segments")
