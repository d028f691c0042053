"""Bytes in hand: nobody has all of them."""

import pytest
from prometheus_client import Gauge

from service.access.routes import SWEEP_BODY_BYTES
from service.errors import QueueFullError, TooManyBytesError
from service.handlers.bodies import BodyGate

MIB = 1024 * 1024


@pytest.fixture
def gauge() -> Gauge:
    return Gauge("held", "Held.", registry=None)


def test_one_caller_has_half_and_all_together_have_all(gauge):
    gate = BodyGate(100 * MIB, gauge)
    gate.take(30 * MIB, "a")
    with pytest.raises(TooManyBytesError, match="31457280 bytes of your bodies"):
        gate.take(30 * MIB, "a")
    gate.take(20 * MIB, "a")
    gate.take(40 * MIB, "b")
    with pytest.raises(QueueFullError):
        gate.take(20 * MIB, "c")
    gate.take(5 * MIB, "c")


def test_where_nobody_is_told_apart_nobody_is_held_to_a_share(gauge):
    gate = BodyGate(100 * MIB, gauge)
    gate.take(60 * MIB, "")
    gate.take(30 * MIB, "")
    with pytest.raises(QueueFullError):
        gate.take(20 * MIB, "")


def test_the_longest_body_passes_a_small_gate(gauge):
    gate = BodyGate(SWEEP_BODY_BYTES, gauge)
    for _ in range(16):
        gate.take(SWEEP_BODY_BYTES // 16, "a")


def test_what_is_answered_is_free_again(gauge):
    gate = BodyGate(40 * MIB, gauge)
    for _ in range(3):
        with gate.hold("a") as held:
            gate.take(15 * MIB, "a")
            held.size_bytes += 15 * MIB
