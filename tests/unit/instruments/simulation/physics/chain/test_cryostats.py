"""The twin against measured figures that a change of constants must not lose."""

import numpy as np
import pytest

from instruments.simulation.physics.chain.cryostats import (
    cable_reflection,
    coupled_chain,
    coupled_plates,
    coupled_response,
    switch_cable,
)
from instruments.simulation.physics.chain.drawing import (
    RECABLED,
    THERMAL_CYCLE,
    mate_record,
)

AXIS_HZ = np.linspace(0.7e9, 12.5e9, 1181)

LEVELS_DB = {
    295.0: (-14.4, -28.0, -35.4, -41.6, -52.3),
    3.0: (-7.2, -16.2, -21.2, -25.8, -33.1),
    1.0: (-5.5, -13.0, -17.5, -21.3, -27.7),
    0.1: (-4.4, -10.6, -14.5, -17.8, -22.9),
    0.025: (-4.4, -10.7, -14.5, -17.8, -22.9),
}
"""Measured at 1, 4, 6, 8 and 12 GHz, by the label of the coldest plate."""


@pytest.mark.parametrize("label_k", LEVELS_DB)
def test_level_of_the_cold_chain_is_within_two_db(label_k):
    trace = coupled_response(coupled_chain(), AXIS_HZ, coupled_plates(label_k))
    level_db = 20 * np.log10(np.abs(trace))
    for centre_hz, known_db in zip(
        (1e9, 4e9, 6e9, 8e9, 12e9), LEVELS_DB[label_k], strict=True
    ):
        near = np.abs(AXIS_HZ - centre_hz) < 0.3e9
        assert level_db[near].mean() == pytest.approx(known_db, abs=2.0)
    inside = (AXIS_HZ > 4e9) & (AXIS_HZ < 8e9)
    x = AXIS_HZ[inside] / 1e9
    smooth = np.polyval(np.polyfit(x, level_db[inside], 2), x)
    assert 0.8 < (level_db[inside] - smooth).std() < 1.7


def residual_db(reference, other, axis_hz):
    found = []
    for delay_s in np.arange(-0.4e-9, 0.4e-9, 4e-12):
        turned = other * np.exp(2j * np.pi * axis_hz * delay_s)
        gain = (reference * turned.conj()).sum() / (np.abs(turned) ** 2).sum()
        lost = (np.abs(reference - gain * turned) ** 2).sum()
        found.append(lost / (np.abs(reference) ** 2).sum())
    return 10 * np.log10(min(found))


def test_the_repeatability_ladder_has_its_four_steps():
    axis_hz = np.linspace(4e9, 8e9, 401)
    line, rng = switch_cable(), np.random.default_rng(1)

    def seen(part, temperature_k=3.0, room_k=296.0):
        return cable_reflection(part, axis_hz, temperature_k, room_k)

    def median_db(spread):
        pairs = (
            [seen(mate_record(line, spread, rng)) for _ in range(2)] for _ in range(25)
        )
        return np.median([residual_db(*pair, axis_hz) for pair in pairs])

    again = np.abs(seen(line) - seen(line, room_k=296.13)) ** 2
    again_db = 10 * np.log10(again.sum() / (np.abs(seen(line)) ** 2).sum())
    assert again_db == pytest.approx(-53.0, abs=3.0)
    assert median_db(THERMAL_CYCLE) == pytest.approx(-46.5, abs=3.0)
    assert median_db(RECABLED) == pytest.approx(-20.0, abs=3.0)
    warm_db = residual_db(seen(line, 295.0), seen(line, 3.0), axis_hz)
    assert warm_db == pytest.approx(-16.0, abs=3.0)
