"""An entry's id begins with its time, and gives it back."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from ordain.audit.entry.entry import moment_in, new_id, time_in

MOMENTS = st.datetimes(
    min_value=dt.datetime(1970, 1, 1), max_value=dt.datetime(9999, 12, 31), timezones=st.just(dt.UTC)
)


@given(MOMENTS)
def test_an_id_gives_back_its_moment_to_the_microsecond(moment: dt.datetime) -> None:
    entry_id = new_id(moment).bytes
    assert moment_in(entry_id) == moment
    assert time_in(entry_id) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
