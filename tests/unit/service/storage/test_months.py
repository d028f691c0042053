"""The month of a sweep stands in its id."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.storage.identifiers import TimeOrderedIds
from service.storage.months import id_range, month_of, month_start, name_month


class Fixed:
    def __init__(self, moment):
        self.moment = moment

    def now(self):
        return self.moment


moments = st.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2999, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(moments)
def test_an_id_lies_in_the_range_of_its_month_and_of_no_other(moment):
    sweep_id = TimeOrderedIds(Fixed(moment)).next()
    month = month_of(sweep_id)
    assert month == name_month(moment)
    first, last = id_range(month)
    assert first <= sweep_id < last
    assert sweep_id >= id_range(name_month(month_start(month, -1)))[1]
    assert month_start(month) <= moment < month_start(month, 1)


@pytest.mark.parametrize("text", ["2026", "2026-1", "2026-01-01", "", "kept"])
def test_other_texts_name_no_month(text):
    with pytest.raises(ValueError, match="is no month"):
        month_start(text)
