"""Each function and operator of the language has an SQL form, or says why it has none."""

from __future__ import annotations

from ordain.engine.backends.sql import functions_in_sql, operations_in_sql
from ordain.engine.backends.sql.not_in_sql import Unsupported
from ordain.engine.feel.functions import FUNCTIONS
from ordain.engine.feel.functions.operators import OPERATIONS


def test_every_function_has_an_emitter_or_a_reason() -> None:
    assert functions_in_sql.EMITTERS.keys() == FUNCTIONS.keys()


def test_every_operation_has_an_emitter_or_a_reason() -> None:
    assert operations_in_sql.EMITTERS.keys() == OPERATIONS.keys()


def test_every_reason_is_a_sentence_part() -> None:
    reasons = [
        each.reason
        for table in (functions_in_sql.EMITTERS, operations_in_sql.EMITTERS)
        for each in table.values()
        if isinstance(each, Unsupported)
    ]
    assert reasons
    assert all(reason and not reason.endswith(".") for reason in reasons)
