import json
from dataclasses import replace

import pytest

from models.diagnosis import (
    LABEL,
    NOT_CLASSIFIED,
    NOT_TRAINED,
    Classification,
    Diagnosis,
    Estimate,
    EstimateState,
    FollowedMode,
    Jump,
    LabelEstimate,
    OutOfDistribution,
    ResonanceEstimate,
    ResonanceFlag,
    ResonanceKind,
    ResonanceState,
    SecondOpinion,
    TrackState,
)

WARM = Estimate(
    state=EstimateState.ESTIMATED, median=9.0, p05=7.0, p16=8.0, p84=10.0, p95=12.0
)
LEAK = Classification(
    state=EstimateState.ESTIMATED,
    label="leak",
    probability=0.7,
    conformal_set=("leak", "bend"),
    top=(("leak", 0.7), ("bend", 0.2)),
    present={"leak": 0.9, "bend": 0.4},
    present_set=("leak",),
)


@pytest.fixture
def diagnosis() -> Diagnosis:
    return Diagnosis(
        model_version="v1",
        temperature_k=WARM,
        magnetic_field_tesla=NOT_TRAINED,
        condition=LEAK,
        component=NOT_CLASSIFIED,
        out_of_distribution=OutOfDistribution(
            p_value=0.2, scores={"t2": 3.0}, contributions={"t2": {"S21": [1.0]}}
        ),
        integrity=("not_finite",),
        resonance=ResonanceEstimate(
            state=ResonanceState.OK,
            kind=ResonanceKind.NOTCH,
            flags=(ResonanceFlag.DRIVEN,),
        ),
        reference_sweep="reference",
        mode=FollowedMode(number=2, state=TrackState.FOLLOWED, axis="time"),
        second_opinion=SecondOpinion(
            temperature_k=WARM, magnetic_field_tesla=NOT_TRAINED, condition=LEAK
        ),
        labels={LABEL + "pressure": LabelEstimate(estimate=WARM, unit="Pa")},
        signature={"S21": [0.1, 0.2]},
        jump=Jump(size=12.0, is_sudden=True, trace="S21", band=3, sweeps=5),
        adaptive={"temperature_k": {"alpha": 0.08}},
    )


def test_saved_equals_loaded(diagnosis):
    record = json.loads(json.dumps(diagnosis.to_record()))
    again = Diagnosis.from_record(record)
    assert again == diagnosis
    assert again.resonance.flags[0] is ResonanceFlag.DRIVEN
    bare = replace(
        diagnosis, resonance=None, mode=None, second_opinion=None, jump=None, labels={}
    )
    assert Diagnosis.from_record(json.loads(json.dumps(bare.to_record()))) == bare


def test_record_has_the_names_of_the_contract(diagnosis):
    record = diagnosis.to_record()
    for classes in (record["condition"], record["second_opinion"]["condition"]):
        assert classes["set"] == ["leak", "bend"]
        assert classes["top"][0] == ["leak", 0.7]
        assert "conformal_set" not in classes
    assert record["labels"]["pressure"]["median"] == 9.0
    assert record["labels"]["pressure"]["unit"] == "Pa"


def test_records_of_earlier_versions_are_read(diagnosis):
    record = diagnosis.to_record()
    later = ("mode", "second_opinion", "labels", "signature", "jump", "adaptive")
    for name in later:
        del record[name]
    del record["condition"]["present"]
    del record["condition"]["present_set"]
    old = Diagnosis.from_record(record)
    assert old.jump is None
    assert old.labels == {}
    assert old.condition == replace(LEAK, present={}, present_set=())


def test_further_labels_are_asked_for_by_their_names(diagnosis):
    assert diagnosis.estimate("temperature_k") is WARM
    assert diagnosis.estimate(LABEL + "pressure") is WARM
    assert diagnosis.estimate("magnetic_field_tesla") is NOT_TRAINED
