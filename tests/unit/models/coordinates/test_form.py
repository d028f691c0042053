"""The coordinates of whole sweeps: what moves them, and what must not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.coordinates.finding import find_form, find_trace_form
from models.preprocessing.grid import bin_axis

BAND_HZ = (4e9, 8e9)
TRACES = ("S21", "S31")


@pytest.fixture(scope="module")
def form(views):
    return find_form(BAND_HZ, TRACES, views)


def named(form, coordinates, row=0):
    return dict(zip(form.names, coordinates.values[row], strict=True))


def swept(lines, views, axis_hz, **changes):
    """Return a sweep without noise against the reference of the others."""
    return replace(views[0], frequency_hz=axis_hz, traces=lines(axis_hz, **changes))


def test_echo_and_mode_of_a_receiver_are_found(form):
    # 30 ns in steps of 1 / 4.01 GHz.
    assert "S21 echo_120_stretch" in form.names or "S21 echo_121_stretch" in form.names
    assert any("mode" in name and "place" in name for name in form.names)
    assert len(form.names) == form.trace_of.size


@given(shrunk=st.floats(-4e-3, 2.3e-3), gain=st.floats(-0.3, 0.0))
def test_a_shorter_cable_is_a_negative_stretch(
    form, views, lines, axis_hz, shrunk, gain
):
    # Known turns are those of warming: the gain falls by 0.5 while the cable grows.
    warm = max(-shrunk / 4e-3, 0.0)
    view = swept(lines, views, axis_hz, cable=shrunk, level=-0.5 * warm + 0.05 * gain)
    found = named(form, form.of_views([view]))
    (name,) = (each for each in found if each.startswith("S21") and "stretch" in each)
    assert found[name] == pytest.approx(-1e3 * shrunk, abs=0.05)


@given(
    level=st.floats(-0.2, 0.2),
    phase_rad=st.floats(-1, 1),
    moved_s=st.floats(-5e-11, 5e-11),
)
def test_gain_phase_and_delay_move_their_coordinates_alone(
    form, views, lines, axis_hz, level, phase_rad, moved_s
):
    still = swept(lines, views, axis_hz)
    turn = np.exp(
        level + 1j * phase_rad - 2j * np.pi * moved_s * (axis_hz - np.mean(axis_hz))
    )
    moved = replace(
        still, traces={name: row * turn for name, row in still.traces.items()}
    )
    both = form.of_views([still, moved])
    change = both.values[1] - both.values[0]
    free = [
        name.split(" ")[1] in {"level", "phase_rad", "delay"} for name in form.names
    ]
    assert np.all(np.abs(change[~np.array(free)]) < 0.02)
    found = dict(zip(form.names, change, strict=True))
    assert found["S21 level"] == pytest.approx(level, abs=1e-3)
    half_hz = 0.5 * (BAND_HZ[1] - BAND_HZ[0])
    assert found["S21 delay"] == pytest.approx(-2 * np.pi * moved_s * half_hz, abs=5e-3)


@pytest.mark.parametrize("points", [801, 1601, 10_001])
def test_a_finer_axis_gives_the_same_coordinates(form, views, lines, axis_hz, points):
    changes = {"cable": 1e-3, "level": 0.1}
    fine_hz = np.linspace(*BAND_HZ, points)
    coarse, fine = form.of_views(
        [
            swept(lines, views, axis_hz, **changes),
            replace(
                swept(lines, views, fine_hz, **changes),
                reference_hz=fine_hz,
                reference=lines(fine_hz),
            ),
        ]
    ).values
    modes = np.array(["mode" in name for name in form.names])
    assert np.allclose(coarse[~modes], fine[~modes], atol=0.03)
    # A bin's average is not its middle where a line is as narrow as the bin.
    assert np.allclose(coarse[modes], fine[modes], atol=0.3)


def test_a_missing_trace_leaves_gaps_in_its_own_coordinates(form, views):
    whole = form.of_views(views[:3])
    part = form.of_views([view.heard(["S31"]) for view in views[:3]])
    of_s31 = form.trace_of == TRACES.index("S31")
    assert np.array_equal(part.values[:, of_s31], whole.values[:, of_s31])
    assert np.isnan(part.values[:, ~of_s31]).all()
    texture_s31 = form.trace_of_texture == TRACES.index("S31")
    assert np.array_equal(part.texture[:, texture_s31], whole.texture[:, texture_s31])
    assert np.isnan(part.texture[:, ~texture_s31]).all()


def test_one_sweep_at_a_time_gives_what_many_at_once_do(form, views):
    together = form.of_views(views[:5])
    alone = [form.of_views([view]) for view in views[:5]]
    assert np.allclose(
        together.values, np.concatenate([one.values for one in alone]), atol=1e-9
    )


def test_nothing_to_compare_is_all_gaps(form, views, axis_hz):
    bare = replace(views[0], reference=None, reference_hz=None)
    half = replace(views[0], frequency_hz=axis_hz / 2)
    assert np.isnan(form.of_views([bare, half]).values).all()
    assert find_form(BAND_HZ, TRACES, [bare]) is None


def test_the_reference_against_itself_stands_at_zero(form, views):
    view = replace(
        views[0], traces=views[0].reference, frequency_hz=views[0].reference_hz
    )
    assert np.allclose(form.of_views([view]).values, 0.0, atol=1e-4)


@pytest.mark.parametrize("points", [401, 801, 1601, 2001])
def test_every_bin_has_as_many_points_in_its_middle(views, lines, points):
    axis_hz = np.linspace(*BAND_HZ, points)
    reference = lines(axis_hz)
    seen = [
        replace(
            view,
            frequency_hz=axis_hz,
            traces=lines(axis_hz, cable=-1e-4 * number),
            reference_hz=axis_hz,
            reference=reference,
        )
        for number, view in enumerate(views[:10])
    ]
    form = find_form(BAND_HZ, TRACES, seen)
    binning = bin_axis(axis_hz, form.band_hz, form.bin_count)
    together = -(-points // 512)
    assert np.all(binning.upper - binning.lower == together)
    middle = binning.sums(axis_hz) / together
    assert np.allclose(middle, binning.centre_hz, atol=1e-3)
    assert 300 <= form.bin_count <= 512


def test_loose_coordinates_are_phases_and_delays(form):
    loose = {name for name, flag in zip(form.names, form.loose, strict=True) if flag}
    assert loose == {
        f"{trace} {what}" for trace in TRACES for what in ("phase_rad", "delay")
    }


def test_scatter_is_known_of_smooth_parts_trace_by_trace(form):
    smooth = np.array(
        ["echo" not in name and "mode" not in name for name in form.names]
    )
    assert np.array_equal(np.diag(form.scatter) > 0, smooth)
    apart = form.trace_of[:, None] != form.trace_of[None, :]
    assert not form.scatter[apart].any()
    assert np.linalg.eigvalsh(form.scatter[np.ix_(smooth, smooth)]).min() > 0


def reflections(level, rng, count=12, bins=256):
    """Reflections whose phase nobody follows; each band loses what it loses."""
    at = np.arange(bins)
    late = np.exp(2j * np.pi * np.outer(rng.uniform(0, 0.5, 40), at))
    known = rng.normal(size=(count, 40)) @ late * np.exp(-4.0 * at / bins)
    return known, known * np.exp(level * at / bins)


def test_a_trace_that_no_echo_measures_is_read_by_its_mean_level():
    rng = np.random.default_rng(0)
    known, own = reflections(2.0, rng)
    # Among many reflections, the earliest gate is that of several which beat.
    own *= np.exp(0.6j * rng.normal(size=own.shape))
    found = find_trace_form(own, known, 0.0, 1.5)
    assert not found.logarithmic
    assert found.gates == ()
    coordinates, _ = found.split(own, known, None)
    assert coordinates[:, 0] == pytest.approx(np.ones(12), abs=0.01)


def test_an_echo_that_moves_as_one_measures_the_trace():
    at = np.arange(256)
    later = np.outer([1.0, 1.3, 0.7] * 4, np.exp(-2j * np.pi * 0.3 * at))
    known = 2.0 * np.exp(-2j * np.pi * 0.1 * at) + 1.8 * later
    found = find_trace_form(1.1 * known, known, 0.0, 1.5)
    assert not found.logarithmic
    assert len(found.gates) >= 1
