"""Rates are those of a site, however many processes serve it."""

import pytest
from limits import RateLimitItemPerMinute

from service.access.rates import LOGINS, Rates


def allowed(rates: Rates, tries: int = 100) -> int:
    return sum(rates.count(LOGINS, "address", "a") for _ in range(tries))


@pytest.mark.parametrize(("replicas", "share"), [(1, 10), (2, 5), (3, 4), (40, 1)])
def test_each_replica_allows_its_share_of_log_ins(replicas, share):
    rates = Rates(100, replicas)
    assert not rates.is_spent(LOGINS, "address", "a")
    assert allowed(rates) == share
    assert rates.is_spent(LOGINS, "address", "a")
    assert not rates.is_spent(LOGINS, "address", "b")


def test_together_they_allow_what_one_would():
    replicas = [Rates(100, 2) for _ in range(2)]
    assert sum(allowed(rates) for rates in replicas) == LOGINS.amount


def test_a_share_is_of_the_same_time():
    rates = Rates(7, 2)
    item = RateLimitItemPerMinute(4, 5)
    assert [rates.count(item, "a") for _ in range(3)] == [True, True, False]
