"""Columns worked out one after another: each step of a statement reads what the steps before it named."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from ordain.engine.backends.sql.sql_terms import Term, column


@dataclass(slots=True)
class Layers:
    """Named terms in layers; a term reads only names of earlier layers, or columns of the table."""

    layers: list[dict[str, Term]] = field(default_factory=lambda: [{}])
    at: dict[str, int] = field(default_factory=dict)
    """The number of the layer in which each name stands."""
    made: dict[Term, str] = field(default_factory=dict)
    """The name of each term that was named before, so that nothing is worked out twice."""
    taken: frozenset[str] = frozenset()
    """Names of columns that the table brings, casefolded: no term gets one of them."""

    def free(self, name: str) -> str:
        """The name, or one like it that no column of the table has."""
        while name.casefold() in self.taken:
            name += "_"
        return name

    def named(self, term: Term, hint: str) -> Term:
        """A column that holds the term. What is a column or a written value already stays."""
        if isinstance(term, exp.Column | exp.Literal | exp.Null | exp.Boolean):
            return term
        if term not in self.made:
            name = self.free(f"{hint}_{len(self.made)}")
            self.put(name, term)
            self.made[term] = name
        return column(self.made[term])

    def put(self, name: str, term: Term) -> None:
        """Gives a term a name of its own, in the first layer after all that it reads: a database minds many layers."""
        layer = 1 + max((self.at.get(found.name, -1) for found in term.find_all(exp.Column)), default=-1)
        if layer == len(self.layers):
            self.layers.append({})
        self.layers[layer][name] = term
        self.at[name] = layer
