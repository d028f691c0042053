"""What sessions say of an attempt that failed."""

import pytest

from instruments.errors import InstrumentTimeoutError
from instruments.polling.session import RouteNotSetError
from instruments.switches.errors import RouteError


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RouteError("left does not stand"), "route_not_set"),
        (InstrumentTimeoutError("the box is silent"), "route_instrument_timeout"),
    ],
)
def test_a_route_that_is_not_set_says_why_in_one_word(error, reason):
    assert RouteNotSetError(error).reason == reason
