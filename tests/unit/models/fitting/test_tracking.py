import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.diagnosis import (
    ResonanceEstimate,
    ResonanceFlag,
    ResonanceKind,
    ResonanceState,
)
from models.fitting import TrackState, advance, begin, fit_resonance

WIDTH_HZ = 5e5
START_HZ = 5e9


def _fit(frequency_hz, loaded_q=10_000.0, second_hz=None, *, crossing=False):
    flags = (ResonanceFlag.CROSSING, ResonanceFlag.SECOND_MODE) if crossing else ()
    return ResonanceEstimate(
        state=ResonanceState.AMBIGUOUS if crossing else ResonanceState.OK,
        resonant_frequency_hz=frequency_hz,
        loaded_q=loaded_q,
        second_frequency_hz=second_hz,
        second_loaded_q=None if second_hz is None else loaded_q,
        flags=flags,
    )


def _followed(fits):
    track = begin(0.0, fits[0])
    tracks = [track]
    for position, fit in enumerate(fits[1:], 1):
        tracks.append(advance(tracks[-1], float(position), fit))
    return tracks


@settings(deadline=None, max_examples=50)
@given(
    slope=st.floats(-20, 20),
    bend=st.floats(-0.02, 0.02),
    seed=st.integers(0, 1000),
)
def test_a_lone_mode_is_followed(slope, bend, seed):
    rng = np.random.default_rng(seed)
    steps = np.arange(40.0)
    truth = START_HZ + (slope * steps + bend * steps**2) * WIDTH_HZ
    noisy = truth + 0.02 * WIDTH_HZ * rng.normal(size=steps.size)
    tracks = _followed([_fit(value) for value in noisy])
    assert {track.state for track in tracks} == {TrackState.FOLLOWED}
    assert tracks[-1].mode.resonant_frequency_hz == noisy[-1]


def _swept(step, rate, *, intruder=0.9, seed=0, points=801):
    """Fit a tuned mode near a fixed one, both seen in reflection; in linewidths."""
    rng = np.random.default_rng(seed)
    centre_hz = START_HZ + step * WIDTH_HZ
    frequency_hz = centre_hz + np.linspace(-10, 10, points) * WIDTH_HZ
    at = (frequency_hz - START_HZ) / WIDTH_HZ
    tuned, fixed = 1j * (at - step) + 0.5, 1j * at + 0.5
    fixed = fixed + 0j
    response = 0.5 * (fixed + intruder**2 * tuned - 2j * intruder * rate)
    response = response / (tuned * fixed + rate**2)
    noise = 1e-3 * rng.normal(size=(2, points))
    return fit_resonance(
        frequency_hz,
        1 - 1.2 * response + noise[0] + 1j * noise[1],
        ResonanceKind.REFLECTION,
    )


@pytest.mark.parametrize("intruder", [0.0, 0.3])
@pytest.mark.parametrize("rate", [0.6, 1.2])
def test_identity_survives_a_crossing_or_is_said_to_be_lost(intruder, rate):
    steps = np.arange(-24.0, 24.0, 0.8)
    track = None
    for step in steps:
        fit = _swept(step, rate, intruder=intruder)
        track = begin(step, fit) if track is None else advance(track, step, fit)
        if track.state is TrackState.FOLLOWED:
            split = np.hypot(step / 2, rate)
            branches = START_HZ + (step / 2 + np.array([-split, split])) * WIDTH_HZ
            tuned_hz = branches[int(step > 0)]
            error_hz = abs(track.mode.resonant_frequency_hz - tuned_hz)
            assert error_hz < 0.6 * WIDTH_HZ
    assert track.state is TrackState.FOLLOWED


def test_a_mode_that_takes_its_place_is_not_followed():
    approach = [_fit(START_HZ + step * 5 * WIDTH_HZ) for step in range(10)]
    stays = [_fit(START_HZ + 45 * WIDTH_HZ)] * 10
    tracks = _followed(approach + stays)
    assert tracks[9].state is TrackState.FOLLOWED
    assert tracks[10].state is TrackState.MISSED
    assert tracks[-1].state is TrackState.LOST
    assert "not where the followed one should be" in tracks[-1].reason


def test_no_mode_for_long_is_lost_and_stays_so():
    none = ResonanceEstimate(state=ResonanceState.NO_RESONANCE)
    good = [_fit(START_HZ + step * WIDTH_HZ) for step in range(5)]
    tracks = _followed(good + [none] * 3 + [_fit(START_HZ + 8 * WIDTH_HZ)])
    assert tracks[7].state is TrackState.MISSED
    assert tracks[-1].state is TrackState.FOLLOWED
    tracks = _followed(good + [none] * 8 + [_fit(START_HZ + 13 * WIDTH_HZ)])
    assert tracks[-1].state is TrackState.LOST
    assert tracks[-1].reason == "no mode was found"


def test_a_crossing_that_does_not_end_is_lost():
    good = [_fit(START_HZ)] * 5
    within = _fit(START_HZ, second_hz=START_HZ + WIDTH_HZ, crossing=True)
    tracks = _followed(good + [within] * 40)
    assert tracks[10].state is TrackState.CROSSING
    assert tracks[10].other_frequency_hz == START_HZ + WIDTH_HZ
    assert tracks[-1].state is TrackState.LOST


def test_nothing_is_followed_without_a_good_start():
    assert begin(0.0, ResonanceEstimate(state=ResonanceState.NO_RESONANCE)) is None
    crossing = _fit(START_HZ, second_hz=START_HZ + WIDTH_HZ, crossing=True)
    assert begin(0.0, crossing) is None
