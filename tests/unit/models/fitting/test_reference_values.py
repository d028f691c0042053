"""NPL Report MAT 58: published values of four measured traces."""

import pytest
import skrf

from instruments.files import open_measured_file, read_archive
from models.diagnosis import ResonanceKind, ResonanceState
from models.fitting import LineShape, fit_resonance

SPEED_OF_LIGHT_M_S = 299_792_458.0


def _fit(folder, file, **options):
    axis, traces = open_measured_file(folder / "npl_mat58" / file).traces_of()
    ((name, trace),) = traces.items()
    return fit_resonance(axis, trace, name=name, **options)


@pytest.mark.parametrize(
    ("file", "kind", "shape", "f0_hz", "rounding_hz", "loaded_q"),
    [
        ("Figure6b.txt", "transmission", "plain", 3.987848e9, 500.0, 7454.0),
        ("Figure27.txt", "notch", "plain", 6.07225567e9, 5.0, 56_020.0),
        ("Table6c27.txt", "reflection", "line", 3.652938e9, 500.0, 708.0),
    ],
)
def test_published_values_come_out_without_a_hint(
    *, reference_data, file, kind, shape, f0_hz, rounding_hz, loaded_q
):
    fit = _fit(reference_data, file)
    assert fit.state is ResonanceState.OK
    assert fit.kind == kind
    assert fit.line_shape == shape
    assert abs(fit.resonant_frequency_hz - f0_hz) < 1e-7 * f0_hz + rounding_hz
    assert fit.loaded_q == pytest.approx(loaded_q, rel=0.01)


def test_unloaded_q_of_transmission_needs_the_through(reference_data):
    fit = _fit(reference_data, "Figure6b.txt", through_magnitude=0.874)
    assert fit.unloaded_q == pytest.approx(7546, rel=1e-3)
    assert _fit(reference_data, "Figure6b.txt").unloaded_q is None


def test_unloaded_q_of_reflection_and_notch(reference_data):
    assert _fit(reference_data, "Table6c27.txt").unloaded_q == pytest.approx(
        862, rel=2e-3
    )
    notch = _fit(reference_data, "Figure27.txt")
    assert notch.unloaded_q == pytest.approx(1.85e6, rel=0.01)


def test_frequency_dependent_leakage_after_taking_the_line_off(reference_data):
    # MAT 58 de-embeds 1.2 m of line against the sign of its own phase convention.
    fit = _fit(
        reference_data,
        "Figure23.txt",
        shape=LineShape.LEAKAGE,
        line_delay_s=-1.2 / SPEED_OF_LIGHT_M_S,
        through_magnitude=0.949,
    )
    assert fit.resonant_frequency_hz == pytest.approx(9.76015571e9, rel=1e-7)
    assert fit.loaded_q == pytest.approx(4760, rel=1e-3)
    assert fit.unloaded_q == pytest.approx(4789, rel=1e-3)


def test_leakage_is_found_where_it_matters(reference_data):
    fit = _fit(reference_data, "Figure23.txt")
    assert fit.line_shape == "leakage"
    assert fit.loaded_q == pytest.approx(4760, rel=0.01)
    # The naive fit misses the published Q by seven per cent.
    plain = _fit(reference_data, "Figure23.txt", shape=LineShape.PLAIN)
    assert plain.loaded_q == pytest.approx(5105, rel=0.01)


@pytest.mark.parametrize(
    ("file", "res_type", "method", "shape"),
    [
        ("Figure6b.txt", "transmission", "NLQFIT6", LineShape.PLAIN),
        ("Figure27.txt", "absorption", "NLQFIT6", LineShape.PLAIN),
        ("Table6c27.txt", "reflection", "NLQFIT7", LineShape.LINE),
        ("Figure23.txt", "transmission", "NLQFIT8", LineShape.LEAKAGE),
    ],
)
def test_agrees_with_scikit_rf(reference_data, file, res_type, method, shape):
    axis, traces = open_measured_file(reference_data / "npl_mat58" / file).traces_of()
    (trace,) = traces.values()
    theirs = skrf.qfactor.Qfactor(
        skrf.Network(f=axis, s=trace, f_unit="Hz"), res_type
    ).fit(method)
    ours = fit_resonance(axis, trace, shape=shape)
    assert ours.resonant_frequency_hz == pytest.approx(float(theirs.f_L), rel=1e-9)
    assert ours.loaded_q == pytest.approx(float(theirs.Q_L), rel=1e-3)


def test_cold_notch_follows_temperature(reference_data):
    archive = read_archive(reference_data / "notch_temperature.npz")
    fits = {
        round(float(archive.temperature_k[index]), 3): fit_resonance(
            archive.axis(index), archive.s[index, 0], ResonanceKind.NOTCH
        )
        for index in range(archive.sweep_count)
    }
    assert {fit.state for fit in fits.values()} == {ResonanceState.OK}
    shift_hz = fits[0.315].resonant_frequency_hz - fits[0.03].resonant_frequency_hz
    assert shift_hz == pytest.approx(-132.5e3, rel=0.03)
    # The reference fit knew no sloping leakage, which these traces show.
    assert fits[0.03].loaded_q == pytest.approx(4881, rel=0.02)
    assert fits[0.315].loaded_q == pytest.approx(4568, rel=0.02)
