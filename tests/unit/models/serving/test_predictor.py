from dataclasses import replace

import numpy as np
import pytest

from instruments.measurement import SweepPurpose, TruthFlag
from models.diagnosis import Diagnosis, EstimateState, ResonanceState
from models.preprocessing.grid import onto_axis
from models.serving.predictor import NO_MODEL, Predictor


@pytest.fixture(scope="module")
def predictor(model_folder):
    return Predictor.load(model_folder)


def resampled(sweep, axis):
    names = list(sweep.traces)
    samples = np.stack([sweep.traces[name] for name in names]).astype(np.complex128)
    moved = onto_axis(axis, sweep.frequency_hz, samples).astype(np.complex64)
    return replace(
        sweep, frequency_hz=axis, traces=dict(zip(names, moved, strict=True))
    )


def test_new_cycles_are_judged(predictor, new_cycles):
    diagnoses = predictor.diagnose_archive(new_cycles)
    known = ~new_cycles.is_reference
    right = [
        diagnosis.condition.label == truth
        for diagnosis, truth in zip(diagnoses, new_cycles.condition, strict=True)
    ]
    assert np.mean(np.array(right)[known]) > 0.9
    flags = [diagnosis.out_of_distribution.flag for diagnosis in diagnoses]
    assert np.mean(flags) < 0.05
    inside = [
        estimate.p05 <= truth <= estimate.p95
        for diagnosis, truth in zip(diagnoses, new_cycles.temperature_k, strict=True)
        if (estimate := diagnosis.temperature_k).state is EstimateState.ESTIMATED
    ]
    assert len(inside) > 20
    assert np.mean(inside) > 0.75


def test_archive_and_single_sweeps_agree(predictor, new_cycles):
    from_archive = predictor.diagnose_archive(new_cycles)[7]
    alone = predictor.diagnose(new_cycles.sweep(7), new_cycles.sweep(0), "ref-0")
    assert alone.reference_sweep == "ref-0"
    assert alone.condition.label == from_archive.condition.label
    assert alone.condition.probability == pytest.approx(
        from_archive.condition.probability, abs=1e-4
    )
    assert alone.model_version == predictor.model_version


def close(first, second):
    """Compare records: words alike, numbers to the rounding of single precision."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(
            close(first[name], second[name]) for name in first
        )
    if isinstance(first, (list, tuple)):
        return len(first) == len(second) and all(map(close, first, second))
    if isinstance(first, float) and isinstance(second, float):
        return first == pytest.approx(second, rel=1e-4, abs=2e-3)
    return first == second


def test_sweeps_judged_together_are_judged_as_alone(predictor, new_cycles):
    known, other = new_cycles.sweep(0), new_cycles.sweep(9)
    partial = replace(known, traces=dict(list(known.traces.items())[1:]))
    sweeps = [new_cycles.sweep(row) for row in range(3, 9)]
    less = replace(sweeps[4], traces=dict(list(sweeps[4].traces.items())[:1]))
    void = replace(sweeps[0], flags=(TruthFlag.RF_OFF,))
    foreign = replace(sweeps[1], frequency_hz=sweeps[1].frequency_hz + 20e9)
    fitted = narrow(sweeps[2], SweepPurpose.TRANSMISSION, "S21")
    asked = [
        (sweeps[0], known, "known"),
        (sweeps[1], None, None),
        (sweeps[2], other, "other"),
        (sweeps[3], partial, "partial"),
        (less, known, "known"),
        (void, known, "known"),
        (foreign, known, "known"),
        (fitted, None, None),
        (sweeps[5], known, "known"),
    ]
    together = predictor.diagnose_many(asked)
    for one, diagnosis in zip(asked, together, strict=True):
        assert close(predictor.diagnose(*one).to_record(), diagnosis.to_record())
    assert predictor.diagnose_many([]) == []


def test_quantiles_rise_in_every_diagnosis(predictor, new_cycles):
    for diagnosis in predictor.diagnose_archive(new_cycles):
        for estimate in (diagnosis.temperature_k, diagnosis.magnetic_field_tesla):
            if estimate.state is EstimateState.ESTIMATED:
                values = [
                    estimate.p05,
                    estimate.p16,
                    estimate.median,
                    estimate.p84,
                    estimate.p95,
                ]
                assert values == sorted(values)


def test_records_return(predictor, new_cycles):
    for diagnosis in predictor.diagnose_archive(new_cycles)[:10]:
        assert Diagnosis.from_record(diagnosis.to_record()) == diagnosis


def test_without_reference_it_says_so(predictor, new_cycles):
    diagnosis = predictor.diagnose(new_cycles.sweep(7))
    assert diagnosis.temperature_k.state is EstimateState.NO_REFERENCE
    assert diagnosis.magnetic_field_tesla.state is EstimateState.NO_REFERENCE
    assert diagnosis.condition.state is EstimateState.NO_REFERENCE
    assert diagnosis.condition.label == "unknown"
    assert diagnosis.out_of_distribution.p_value is None
    assert diagnosis.component.state is EstimateState.ESTIMATED


@pytest.mark.parametrize("missing", ["S21", "S23", "S11"])
def test_one_missing_trace_is_borne(predictor, new_cycles, missing):
    right = 0
    rows = [row for row in range(new_cycles.sweep_count) if row % 30]
    for row in rows:
        sweep, reference = new_cycles.sweep(row), new_cycles.sweep(row - row % 30)
        traces = {n: trace for n, trace in sweep.traces.items() if n != missing}
        diagnosis = predictor.diagnose(replace(sweep, traces=traces), reference)
        right += diagnosis.condition.label == new_cycles.condition[row]
        assert not diagnosis.integrity
    assert right / len(rows) > 0.8


@pytest.mark.parametrize("points", [401, 1601, 10_001])
def test_axis_length_does_not_matter(predictor, new_cycles, points):
    axis = np.linspace(4e9, 8e9, points)
    for row in (4, 6, 11):
        sweep, reference = new_cycles.sweep(row), new_cycles.sweep(0)
        usual = predictor.diagnose(sweep, reference)
        other = predictor.diagnose(resampled(sweep, axis), resampled(reference, axis))
        assert other.condition.label == usual.condition.label
        assert other.condition.probability == pytest.approx(
            usual.condition.probability, abs=0.1
        )
        if usual.temperature_k.state is EstimateState.ESTIMATED:
            width = np.log10(usual.temperature_k.p84 / usual.temperature_k.p16)
            shift = np.log10(other.temperature_k.median / usual.temperature_k.median)
            assert abs(shift) < 0.5 * width + 0.01


def test_reference_on_another_axis_will_do(predictor, new_cycles):
    reference = resampled(new_cycles.sweep(0), np.linspace(4e9, 8e9, 1601))
    usual = predictor.diagnose(new_cycles.sweep(6), new_cycles.sweep(0))
    other = predictor.diagnose(new_cycles.sweep(6), reference)
    assert other.condition.label == usual.condition.label


def test_foreign_band_is_not_extrapolated(predictor, new_cycles):
    sweep = new_cycles.sweep(7)
    shifted = replace(sweep, frequency_hz=sweep.frequency_hz + 3e9)
    diagnosis = predictor.diagnose(shifted, shifted)
    assert diagnosis.temperature_k.state is EstimateState.NOT_TRAINED
    assert diagnosis.condition.label == "unknown"
    assert diagnosis.integrity == ("outside_band",)


def test_foreign_traces_are_not_judged(predictor, new_cycles):
    sweep = new_cycles.sweep(7)
    renamed = replace(sweep, traces={"S44": sweep.traces["S21"]})
    diagnosis = predictor.diagnose(renamed, renamed)
    assert diagnosis.condition.state is EstimateState.NOT_TRAINED
    assert diagnosis.integrity == ("foreign_traces",)
    read = ", ".join(new_cycles.s_parameters)
    assert diagnosis.remark == f"the model reads {read}; the sweep holds S44"
    assert Diagnosis.from_record(diagnosis.to_record()).remark == diagnosis.remark
    # What is not known beside what is changes nothing.
    more = replace(sweep, traces=dict(sweep.traces) | renamed.traces)
    assert predictor.diagnose(more, new_cycles.sweep(0)).integrity == ()


def test_strange_sweep_is_flagged_and_nothing_is_said(predictor, new_cycles):
    sweep = new_cycles.sweep(7)
    ripple = 1 + 0.9 * np.sin(np.arange(401) * 1.3)
    strange = replace(
        sweep,
        traces={
            name: (trace * ripple).astype(np.complex64)
            for name, trace in sweep.traces.items()
        },
    )
    diagnosis = predictor.diagnose(strange, new_cycles.sweep(0))
    assert diagnosis.out_of_distribution.flag
    assert diagnosis.out_of_distribution.p_value < 0.005
    assert diagnosis.condition.label == "unknown"
    assert diagnosis.temperature_k.state is EstimateState.NOT_DETERMINABLE


def test_absurd_traces_are_flagged_and_left_out(predictor, new_cycles):
    sweep = new_cycles.sweep(7)
    absurd = np.full(401, 1e20, dtype=np.complex64)
    diagnosis = predictor.diagnose(
        replace(sweep, traces=dict(sweep.traces) | {"S11": absurd}), new_cycles.sweep(0)
    )
    assert diagnosis.integrity == ("spikes", "constant_phase")
    assert diagnosis.condition.state is EstimateState.ESTIMATED
    alone = predictor.diagnose(replace(sweep, traces={"S11": absurd}))
    assert "no_trace" in alone.integrity
    assert alone.condition.state is EstimateState.NOT_TRAINED


@pytest.mark.parametrize("purpose", list(SweepPurpose))
def test_nothing_is_concluded_from_void_samples(predictor, new_cycles, purpose):
    sweep = replace(new_cycles.sweep(7), purpose=purpose, flags=("repeated_trace",))
    diagnosis = predictor.diagnose(sweep, new_cycles.sweep(0))
    assert diagnosis.integrity == ("repeated_trace", "no_trace")
    assert diagnosis.condition.state is EstimateState.NOT_TRAINED
    assert diagnosis.temperature_k.state is EstimateState.NOT_TRAINED
    if purpose is SweepPurpose.WIDE:
        assert diagnosis.resonance is None
    else:
        assert diagnosis.resonance.state is ResonanceState.INSTRUMENT_FAULT
        assert "repeated_trace" in diagnosis.resonance.reason


def test_flags_that_leave_the_samples_usable_change_no_judgement(predictor, new_cycles):
    sweep, reference = new_cycles.sweep(7), new_cycles.sweep(0)
    flagged = replace(sweep, flags=("late", "settings_drift"))
    usual = predictor.diagnose(sweep, reference)
    assert predictor.diagnose(flagged, reference) == usual


def narrow(sweep, purpose, name):
    frequency_hz = np.linspace(5.095e9, 5.105e9, 201)
    mode = 1 / (1 + 2j * 5000 * (frequency_hz - 5.1e9) / 5.1e9)
    rng = np.random.default_rng(4)
    noise = 1e-3 * (rng.normal(size=201) + 1j * rng.normal(size=201))
    trace = mode if purpose is SweepPurpose.TRANSMISSION else 1 - 0.8 * mode
    return replace(
        sweep,
        purpose=purpose,
        frequency_hz=frequency_hz,
        traces={name: trace + noise, "S22": noise},
    )


@pytest.mark.parametrize("name", ["S21", "S23", "S21:reflection", "S11"])
def test_narrow_sweeps_are_fitted_also_without_a_model(new_cycles, name):
    predictor = Predictor.without_model()
    purpose = SweepPurpose.TRANSMISSION if name == "S21" else SweepPurpose.REFLECTION
    diagnosis = predictor.diagnose(narrow(new_cycles.sweep(0), purpose, name))
    assert diagnosis.model_version == NO_MODEL
    assert diagnosis.resonance.state is ResonanceState.OK
    assert diagnosis.resonance.trace == name
    assert diagnosis.resonance.kind == purpose.value
    assert diagnosis.resonance.resonant_frequency_hz == pytest.approx(5.1e9, rel=1e-7)
    assert diagnosis.temperature_k.state is EstimateState.NOT_TRAINED
    assert diagnosis.integrity == ()


def test_wide_sweeps_are_not_fitted(predictor, new_cycles):
    assert predictor.diagnose(new_cycles.sweep(3)).resonance is None


def test_narrow_sweep_gets_no_axis_flag(predictor, new_cycles):
    sweep = narrow(new_cycles.sweep(0), SweepPurpose.TRANSMISSION, "S21")
    assert predictor.diagnose(sweep).integrity == ()


def test_archive_with_gaps_is_judged(predictor, new_cycles):
    s = new_cycles.s.copy()
    s[3] = np.nan
    s[4, 1] = np.nan
    s[5, 0, 10] = np.inf
    diagnoses = predictor.diagnose_archive(replace(new_cycles, s=s))
    assert diagnoses[3].integrity == ("not_finite", "no_trace")
    assert diagnoses[3].condition.state is EstimateState.NOT_TRAINED
    assert diagnoses[4].condition.state is EstimateState.ESTIMATED
    assert diagnoses[5].integrity == ("not_finite",)
