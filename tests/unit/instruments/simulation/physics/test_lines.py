import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from instruments.simulation.physics.lines import (
    LineParameters,
    Section,
    Stage,
    line_response,
)

GOOD = np.zeros(1)
AXIS_HZ = np.linspace(4.0e9, 8.0e9, 401)


def make_line(reactances=(0.15, -0.2), delay_s=2e-9, stage=Stage.COLD):
    section = Section(
        stage=stage,
        delay_s=delay_s,
        conductor_loss_db=0.5,
        dielectric_loss_db=0.1,
        residual_ratio=0.05,
    )
    return LineParameters(sections=(section,), connector_reactances=reactances)


def respond(line, temperature_k=4.0, severities=(0.0, 0.0)):
    return line_response(
        line,
        AXIS_HZ,
        np.asarray([temperature_k]),
        tuple(np.asarray([s]) for s in severities),
        GOOD,
    )


@given(
    temperature_k=st.floats(3.0, 300.0),
    reactances=st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)),
    severities=st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)),
)
def test_line_is_passive_and_reciprocal(temperature_k, reactances, severities):
    line = respond(make_line(reactances), temperature_k, severities)
    np.testing.assert_array_equal(line.s12, line.s21)
    matrix = np.stack(
        [np.stack([line.s11, line.s12], -1), np.stack([line.s21, line.s22], -1)], -2
    )
    assert np.linalg.norm(matrix, 2, axis=(-2, -1)).max() <= 1.0 + 1e-12


def test_two_connectors_ripple_at_their_distance():
    delay_s = 2.5e-9
    line = respond(make_line((0.2, 0.2), delay_s))
    ripple = np.abs(line.s21)
    smooth = np.polyval(np.polyfit(AXIS_HZ - 6e9, ripple, 4), AXIS_HZ - 6e9)
    spectrum = np.abs(np.fft.rfft((ripple - smooth) * np.hanning(AXIS_HZ.size)))
    step_s = 1.0 / (AXIS_HZ[-1] - AXIS_HZ[0])
    assert abs(np.argmax(spectrum) * step_s - 2 * delay_s) < 1.5 * step_s


def test_cold_line_loses_less_and_is_electrically_longer():
    warm, cold = (
        respond(make_line((0.0, 0.0)), 296.0),
        respond(make_line((0.0, 0.0)), 4.0),
    )
    assert (np.abs(cold.s21) > np.abs(warm.s21)).all()
    slopes = [
        np.polyfit(AXIS_HZ, np.unwrap(np.angle(line.s21)), 1)[0]
        for line in (warm, cold)
    ]
    assert abs(slopes[1] / slopes[0] - 1.0020) < 1e-5


def test_loose_connector_is_a_step_loss_and_a_new_standing_wave():
    good = respond(make_line())
    loose = respond(make_line(), severities=(0.0, 0.5))
    lost_db = 20 * np.log10(np.abs(good.s21 / loose.s21))
    assert 1.0 < lost_db.mean() < 15.0
    assert lost_db.std() > 0.05
    assert np.abs(loose.s22).mean() > 2 * np.abs(good.s22).mean()


def test_room_section_knows_no_cold():
    line = make_line((0.0, 0.0), stage=Stage.ROOM)
    np.testing.assert_array_equal(respond(line, 4.0).s21, respond(line, 200.0).s21)
