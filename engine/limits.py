"""All limits of the engine in one place, so that no text makes it run for hours, fill the memory or overflow the stack.

What a thing can be at all is no limit and stands with it: 34 digits of a number, nine digits of a year, 32,767
characters of a spreadsheet's cell. Nor is what only makes it faster, such as the size of an index's block.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Units in the comments. A file that reads one often keeps it in a name of its own, taken once at import."""

    # files
    yaml_bytes: int = 1 << 20  # bytes of one YAML file
    yaml_levels: int = 40  # levels of lists and mappings of one YAML file
    model_bytes: int = 5_000_000  # bytes of one `.dmn` file
    graph_bytes: int = 5_000_000  # bytes of one GoRules graph
    graph_nodes: int = 1_000  # nodes of one, those of the graphs put in place in it too
    workbook_bytes: int = 64 << 20  # bytes of an XLSX file, unpacked
    workbook_cells: int = 200_000  # cells and rows of its sheets, and cells in merged areas: more than a policy has
    sheet_faults: int = 50  # rows of another engine's sheet of which the fault is named at a time
    calendar_years: int = 50  # years of one calendar: a search for a working day goes through them at the most
    imported_models: int = 100  # `.dmn` files that one model imports, theirs too
    event_type: int = 200  # characters of an event's type: with an id before it, receivers take 255
    listed_words: int = 12  # known words that a hint lists; of more only the nearest
    value_levels: int = 100  # levels of lists and contexts of a value that is read from JSON, or that is kept

    # expressions
    expression_characters: int = 10_000  # characters of one expression in a policy
    lenient_characters: int = 100_000  # the same in a `.dmn` file, where a table of data may stand as one list
    expression_levels: int = 80  # levels of one expression: far above what people write, far below Python's own limit
    boxed_levels: int = 90  # levels of one expression in a `.dmn` file, boxed ones and FEEL together
    boxed_entries: int = 1_000  # entries of a boxed context: each knows all before it
    type_levels: int = 50  # levels of types in a `.dmn` file that refer to types
    inlined_calls: int = 20  # functions put in place of their calls one inside the other, in a conversion
    inlined_nodes: int = 20_000  # nodes of an expression after that

    # one decision
    work: int = 5_000_000  # units of work, see feel/runtime/work.py
    call_of_table: int = 50  # units of work of one call of a table, beside its rules: each is a step on record
    value_parts: int = 2_000_000  # parts of one value: items and entries, theirs too, and texts by their length
    walked_levels: int = 1_000  # levels of a value that is gone through while it is made
    text_characters: int = 1_000_000  # characters of one text that an expression makes
    loop_rounds: int = 1_000_000  # rounds of one loop, and items of one list that a loop makes
    faults: int = 1_000  # reasons kept of one lenient decision
    compared: int = 2_000_000  # comparisons of values without a key, one by one, in one call
    pattern_steps: int = 1 << 16  # steps of a search that are left to the package `regex`, at the most that it may take
    pattern_steps_per_character: int = 128  # the same for each character of a longer text
    pattern_places: int = 1_000_000  # places of text and pattern that a counted search remembers
    pattern_seconds: float = 10.0  # seconds of one search: far more than its steps take; what meets it decides nothing
    patterns: int = 256  # patterns that are kept ready
    pattern_characters: int = 5_000  # characters of one pattern
    pattern_repeats: int = 20_000  # the product of the repeats in one pattern
    unknown_facts: int = 5  # unknown facts of one request that are named, each with what may be meant

    # checks of policies
    table_steps: int = 16_000_000  # pieces looked at for one table and question: two to five seconds of work
    table_boxes: int = 200  # boxes looked at to tell the largest gaps
    table_pairs: int = 10  # overlapping pairs of rules that are named
    search_conditions: int = 20_000  # conditions decided in one search for a customer whom rules of two policies meet
    search_texts: int = 60  # texts tried for one fact in that search
    tried_readings: int = 24  # readings of one wrong text, or of a line's indentation, that are tried for a hint
    reread_characters: int = 50_000  # of a file that is read anew for each indentation that is tried
    named_values: int = 8  # facts of such a customer that are named

    # two versions compared
    compared_steps: int = 1_000_000  # pieces looked at, and twenty for each pair of decisions: some five seconds
    compared_boxes: int = 2_000  # regions that are joined where they are neighbours; of more only the first
    compared_regions: int = 50  # regions, or customers that were tried, which are named
    compared_customers: int = 2_000  # customers decided in search of an example of one region
    compared_samples: int = 5_000  # customers decided where regions cannot be told

    # proofs
    proof_items: int = 4  # items of a list that is a fact, in a proof; said with the answer
    proof_ranks: int = 40  # priorities of one table with `output order` that a proof tells apart
    proof_calls: int = 20  # functions of a policy called one inside the other
    proof_seconds: float = 10.0  # seconds of one question, unless somebody says otherwise
    check_seconds: float = 1.0  # seconds of one question that `ordain check` asks
    checked_seconds: float = 5.0  # seconds of all questions of one `ordain check`
    nearest_seconds: float = 2.0  # seconds more in which a customer is made as much like an example as can be
    change_seconds: float = 30.0  # seconds in which the smallest change of a decision's facts is looked for
    change_step: float = 2.0  # seconds of that for one set of facts
    changed_facts: int = 2  # facts of such a change
    proof_tries: int = 4  # customers of the solver's that are decided before it is not believed

    # statements
    statement_parts: int = 2_000  # rounds of loops and calls of the policy's own that one SQL statement writes out

    # examples
    tried_inputs: int = 100_000  # inputs decided for one policy in search of suggestions
    work_of_try: int = 500  # units of work that count as one more of them: some 20 seconds for all
    suggestions: int = 100  # suggestions for one policy at a time: nobody reads more

    # the TCK
    case_seconds: float = 10.0  # seconds of one case; loading the model counts for the first
    start_seconds: float = 60.0  # seconds until the process that runs the cases is there


LIMITS = Limits()
