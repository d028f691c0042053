import numpy as np
import pytest

from instruments.simulation.physics.chain import plates_at
from instruments.simulation.physics.chain.band import make_band
from instruments.simulation.physics.chain.coax import CoaxSection
from instruments.simulation.physics.chain.connector import Connector
from instruments.simulation.physics.chain.lifting import lifted
from instruments.simulation.physics.chain.line import (
    Line,
    Surroundings,
    line_response,
    part_transmission,
)
from instruments.simulation.physics.chain.matter import COPPER
from instruments.simulation.physics.chain.plates import Plate

AXIS_HZ = np.linspace(4e9, 8e9, 401)
BAND = make_band(AXIS_HZ)
AROUND = Surroundings(
    plates=lifted(plates_at(4.0), AXIS_HZ),
    magnet_field_tesla=np.zeros(1),
    pad_heating_k=np.zeros(1),
)


@pytest.mark.parametrize("length_m", [0.3, 0.6])
def test_two_connectors_ripple_at_their_distance(length_m):
    part = CoaxSection(
        warm_end=Plate.STILL,
        cold_end=Plate.STILL,
        inner=COPPER,
        outer=COPPER,
        length_m=length_m,
    )
    line = Line(parts=(part,), connectors=(Connector(reactance_ratio=0.2),) * 2)
    through = np.ravel(part_transmission(lifted(part, AXIS_HZ), BAND, AROUND))
    slope = np.polyfit(AXIS_HZ, np.unwrap(np.angle(through)), 1)[0]
    delay_s = -slope / (2 * np.pi)
    level = np.abs(np.ravel(line_response(lifted(line, AXIS_HZ), BAND, AROUND).s21))
    turned = AXIS_HZ / 1e9 - 6.0
    smooth = np.polyval(np.polyfit(turned, level, 4), turned)
    spectrum = np.abs(np.fft.rfft((level - smooth) * np.hanning(AXIS_HZ.size)))
    step_s = 1.0 / (AXIS_HZ[-1] - AXIS_HZ[0])
    assert abs(np.argmax(spectrum) * step_s - 2 * delay_s) < 1.5 * step_s
