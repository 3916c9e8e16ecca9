"""The reading for proofs says of a customer exactly what Python's reading says: values, and how deciding ends."""

from __future__ import annotations

import datetime as dt

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from random_policies import CUSTOMERS, VOCABULARY, policies
from smt_compared import compared

from ordain.engine.errors import PolicyError
from ordain.engine.policy.load import load_policy
from ordain.engine.values.types import Value


@given(
    policies(),
    st.lists(
        st.tuples(CUSTOMERS, st.sampled_from([dt.date(2026, 1, 1), dt.date(2027, 3, 31)])), min_size=2, max_size=4
    ),
)
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_random_policy_is_read_alike(text: str, customers: list[tuple[dict[str, Value], dt.date]]) -> None:
    try:
        policy = load_policy(text.encode(), "policies/sample/v1.yaml", VOCABULARY)
    except PolicyError:
        reject()  # such as a range that is empty
    for customer, day in customers:
        compared(policy, customer, day)
