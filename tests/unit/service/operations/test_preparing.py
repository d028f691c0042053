"""From a body to encoded sweeps, or to one sentence."""

import json
from datetime import timedelta

import msgpack
import numpy as np
import pytest

from instruments.files import format_touchstone
from instruments.measurement import MeasurementError
from instruments.measurement.message import (
    encode_sweeps,
    sweep_to_json,
    sweep_to_mapping,
)
from service.operations.preparing import Refusal, SweepPreparer, sweeps_of_file
from service.storage.codec import CODEC_VERSION
from service.storage.identifiers import TimeOrderedIds
from service.storage.records import NewSweep
from service.storage.samples import decode_samples

FORM = {"cavity": "cavity-1", "measured_at": "2026-01-31T03:00:00Z"}


def decoded(new: NewSweep) -> dict[str, np.ndarray]:
    shape = new.s_parameters, new.frequency_hz.size
    return decode_samples(new.codec, CODEC_VERSION, new.payload, *shape)


@pytest.fixture
def preparer(clock) -> SweepPreparer:
    return SweepPreparer(clock, TimeOrderedIds(clock))


def test_both_codecs_prepare_the_same_content(preparer, make_sweep):
    sweep = make_sweep()
    (packed,) = preparer.from_msgpack(encode_sweeps([sweep]))
    (plain,) = preparer.from_json(json.dumps(sweep_to_json(sweep)).encode())
    assert isinstance(packed, NewSweep)
    assert isinstance(plain, NewSweep)
    assert packed.content_hash == plain.content_hash == sweep.content_hash()
    assert packed.key == plain.key
    assert packed.key == f"{packed.measured_at_us:016x}-{packed.content_hash}"
    assert packed.axis_hash == plain.axis_hash
    restored = decoded(packed)
    for name, trace in sweep.traces.items():
        assert restored[name].tobytes() == trace.tobytes()


def test_double_precision_is_stored_as_complex64(preparer, make_sweep):
    rng = np.random.default_rng(3)
    trace = rng.standard_normal(101) + 1j * rng.standard_normal(101)
    new = preparer.prepare(make_sweep(traces={"S21": trace}))
    restored = decoded(new)["S21"]
    assert restored.tobytes() == trace.astype(np.complex64).tobytes()


def test_a_sweep_of_the_future_is_refused_and_a_fast_clock_is_not(
    preparer, clock, make_sweep
):
    times = [clock.now() + timedelta(seconds=ahead_s) for ahead_s in (299, 301)]
    sweeps = [make_sweep(measured_at=moment) for moment in times]
    near, far = preparer.from_msgpack(encode_sweeps(sweeps))
    assert isinstance(near, NewSweep)
    assert isinstance(far, Refusal)
    assert "measured_at" in far.error
    assert "301 s in the future" in far.error


def test_one_bad_sweep_does_not_reject_its_neighbours(preparer, make_sweep):
    good, bad = (sweep_to_mapping(make_sweep(seed)) for seed in (1, 2))
    bad["measured_at"] = "2026-01-31T03:00:00"
    body = msgpack.packb([good, bad, 7])
    first, second, third = preparer.from_msgpack(body)
    assert isinstance(first, NewSweep)
    assert isinstance(second, Refusal)
    assert "time zone" in second.error
    assert isinstance(third, Refusal)


@pytest.mark.parametrize(
    "changes",
    [{"run": "a\0b"}, {"idempotency_key": "k\0"}, {"thermal_cycle": "c\0"}],
)
def test_a_nul_character_is_refused_before_the_database_does(
    preparer, make_sweep, changes
):
    with pytest.raises(MeasurementError, match="NUL"):
        preparer.prepare(make_sweep(**changes))


def test_a_lone_surrogate_is_refused(preparer, make_sweep):
    with pytest.raises(MeasurementError, match="cannot be stored"):
        preparer.prepare(make_sweep(run="\ud800"))


def test_a_touchstone_file_becomes_a_sweep(preparer, make_sweep):
    sweep = make_sweep()
    suffix, text = format_touchstone(sweep.frequency_hz, sweep.traces)
    form = FORM | {"purpose": "wide", "is_reference": "true", "run": "7"}
    (new,) = preparer.from_file(text.encode(), f"trace{suffix}", form)
    assert isinstance(new, NewSweep)
    assert new.is_reference
    assert new.s_parameters == ("S11", "S21")
    assert json.loads(new.details)["run"] == "7"


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"cavity": "cavity-1"}, "measured_at"),
        ({"measured_at": FORM["measured_at"]}, "cavity"),
        (FORM | {"purpose": "fun"}, "purpose"),
        (FORM | {"is_reference": "perhaps"}, "is_reference"),
    ],
)
def test_a_missing_or_wrong_field_is_named(preparer, make_sweep, form, field):
    sweep = make_sweep()
    suffix, text = format_touchstone(sweep.frequency_hz, sweep.traces)
    (refused,) = preparer.from_file(text.encode(), f"trace{suffix}", form)
    assert isinstance(refused, Refusal)
    assert refused.error.startswith(f"{field}:")


def test_an_unknown_form_field_is_named(preparer):
    with pytest.raises(MeasurementError, match="colour"):
        preparer.from_file(b"", "x.s2p", FORM | {"colour": "red"})


@pytest.mark.parametrize("name", ["x.s2p", "x.npz", "x.csv"])
def test_garbage_is_refused_in_one_sentence(preparer, name):
    with pytest.raises(MeasurementError, match="file"):
        preparer.from_file(b"\x00\x01garbage", name, FORM)


def test_a_file_to_judge_is_read_whole_or_not_at_all(make_sweep):
    sweep = make_sweep()
    suffix, text = format_touchstone(sweep.frequency_hz, sweep.traces)
    (read,) = sweeps_of_file(text.encode(), f"a{suffix}", FORM, 4)
    assert read.cavity == "cavity-1"
    with pytest.raises(MeasurementError, match="at most 0"):
        sweeps_of_file(text.encode(), f"a{suffix}", FORM, 0)
