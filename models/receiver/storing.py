"""A receiver's judge as arrays and a JSON-ready record, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.calibration import NoveltyCalibration
from models.calibration.novelty import GRID_SIZE
from models.calibration.presence import parts_of
from models.coordinates.signal import Reals
from models.coordinates.storing import form_arrays, form_of, form_record
from models.emulation.storing import (
    emulator_arrays,
    emulator_of,
    emulator_record,
)
from models.errors import MALFORMED, ModelFolderError
from models.networks.density import LEVELS
from models.receiver.checking import OWNER, check_record
from models.receiver.failures import FailureHead
from models.receiver.features import FeatureForm
from models.receiver.intervals import GROUP_COUNT, Stretch
from models.receiver.judge import (
    DEPARTURE,
    EXPERTS,
    ReceiverJudge,
    ScalarReading,
    SetJudge,
)
from models.receiver.resolution import MOST_SPANS, NO_SPANS
from models.receiver.ridge import RidgeReader
from models.receiver.softmax import SoftmaxHead
from models.stored_arrays import Arrays, ArrayTaker, symmetric, triangle_of

_HEAD_PARTS = ("centre", "scale", "weight", "offset")


def judge_record(judge: ReceiverJudge) -> dict[str, Any]:
    """Return all of a judge that is no array."""
    parts = form_record(judge.form) | emulator_record(judge.emulator)
    return parts | {
        "labels": list(judge.labels),
        "healthy": judge.healthy,
        "sets": [
            {
                "traces": list(traces),
                "softmax_temperature": each.softmax_temperature,
                "condition": each.condition is not None,
                "scalars": sorted(each.scalars),
                "spans": {
                    name: reading.stretch.spans.shape[0]
                    for name, reading in sorted(each.scalars.items())
                    if reading.stretch.spans.size
                },
                "failures": each.failures is not None,
                "departure_sweeps": (
                    0 if each.departure is None else each.departure.sweep_count
                ),
            }
            for traces, each in judge.sets.items()
        ],
    }


def judge_arrays(judge: ReceiverJudge) -> Arrays:
    """Return all arrays of a judge by name."""
    arrays: Arrays = {
        "texture.centre": judge.texture_centre,
        "texture.scale": judge.texture_scale,
    }
    arrays |= emulator_arrays(judge.emulator) | form_arrays(judge.form)
    for index, each in enumerate(judge.sets.values()):
        arrays |= _set_arrays(f"set.{index}", each)
    return arrays


def judge_of(record: Mapping[str, Any], arrays: Arrays) -> ReceiverJudge:
    """Rebuild a judge.

    Raises
    ------
    ModelFolderError
        If the record is malformed, an array is missing, left over, not finite or of
        another shape, or a number is absurd.
    """
    try:
        return _judge_of(record, arrays)
    except MALFORMED as error:
        raise ModelFolderError(
            f"receiver: the record is incomplete or malformed ({str(error)[:80]})"
        ) from None


def _judge_of(record: Mapping[str, Any], arrays: Arrays) -> ReceiverJudge:
    check_record(record)
    taker = ArrayTaker(arrays, OWNER)
    form = form_of(record, taker)
    count, texture = len(form.names), form.trace_of_texture.size
    emulator = emulator_of(record, taker, count, OWNER)
    labels = tuple(str(label) for label in record["labels"])
    healthy = int(record["healthy"])
    parts = 0 if healthy < 0 else len(parts_of(labels, labels[healthy]))
    features = count + texture + 2 + FeatureForm.of(form, emulator).further
    sets = {
        tuple(bool(flag) for flag in each["traces"]): _set_of(
            each,
            f"set.{index}",
            taker,
            (count, features, len(labels), parts),
        )
        for index, each in enumerate(record["sets"])
    }
    judge = ReceiverJudge(
        form=form,
        emulator=emulator,
        labels=labels,
        healthy=healthy,
        texture_centre=taker.take("texture.centre", (texture,)),
        texture_scale=taker.take("texture.scale", (texture,)),
        sets=sets,
    )
    taker.finish()
    return judge


def _set_arrays(prefix: str, judge: SetJudge) -> Arrays:
    arrays: Arrays = {f"{prefix}.usual": judge.usual}
    if judge.departure is not None:
        arrays[f"{prefix}.departure.quantiles"] = judge.departure.quantiles
        arrays[f"{prefix}.departure.tail"] = judge.departure.tail
    heads = {"condition": judge.condition}
    if judge.failures is not None:
        heads["failures"] = judge.failures.head
        arrays[f"{prefix}.failures.thresholds"] = judge.failures.thresholds
    for head, own in heads.items():
        for name in _HEAD_PARTS if own is not None else ():
            values = getattr(own, name)
            arrays[f"{prefix}.{head}.{name}"] = values.astype(np.float32)
    for name, reading in judge.scalars.items():
        whole = f"{prefix}.{name}"
        arrays[f"{whole}.offsets"] = reading.offsets
        arrays[f"{whole}.expert"] = reading.expert.astype(np.int64)
        arrays[f"{whole}.factors"] = reading.stretch.factors
        if reading.stretch.spans.size:
            arrays[f"{whole}.spans"] = reading.stretch.spans
        for part in ("centre", "scale", "weight"):
            values = getattr(reading.ridge, part)
            arrays[f"{whole}.ridge.{part}"] = values.astype(np.float32)
        precision = triangle_of(reading.ridge.precision)
        arrays[f"{whole}.ridge.precision"] = precision.astype(np.float32)
        arrays[f"{whole}.ridge.offset"] = np.array(
            [reading.ridge.offset, reading.ridge.floor]
        )
    return arrays


def _set_of(
    record: Mapping[str, Any],
    prefix: str,
    taker: ArrayTaker,
    sizes: tuple[int, int, int, int],
) -> SetJudge:
    count, features, classes, parts = sizes
    condition, failures = None, None
    if record["condition"]:
        condition = _head_of(f"{prefix}.condition", taker, (features, classes))
    if record["failures"]:
        whole = f"{prefix}.failures"
        failures = FailureHead(
            head=_head_of(whole, taker, (features, parts)),
            thresholds=taker.take(f"{whole}.thresholds", (parts,)),
        )
    spans = record.get("spans", {})
    scalars = {
        str(name): _reading_of(
            f"{prefix}.{name}", taker, count, int(spans.get(name, 0))
        )
        for name in record["scalars"]
    }
    usual = taker.take(f"{prefix}.usual", (GROUP_COUNT,))
    if not (usual > 0).all():
        raise ModelFolderError(f"{OWNER}: array '{prefix}.usual' is not positive")
    return SetJudge(
        departure=_departure_of(record, f"{prefix}.departure", taker),
        condition=condition,
        softmax_temperature=float(record["softmax_temperature"]),
        usual=usual,
        scalars=scalars,
        failures=failures,
    )


def _head_of(prefix: str, taker: ArrayTaker, shape: tuple[int, int]) -> SoftmaxHead:
    features, outputs = shape
    return SoftmaxHead(
        centre=taker.take(f"{prefix}.centre", (features,)),
        scale=taker.take(f"{prefix}.scale", (features,)),
        weight=taker.take(f"{prefix}.weight", (features, outputs)),
        offset=taker.take(f"{prefix}.offset", (outputs,)),
    )


def _departure_of(
    record: Mapping[str, Any], prefix: str, taker: ArrayTaker
) -> NoveltyCalibration | None:
    count = int(record["departure_sweeps"])
    if count == 0:
        return None
    found = NoveltyCalibration(
        quantiles=taker.take(f"{prefix}.quantiles", (1, GRID_SIZE)),
        tail=taker.take(f"{prefix}.tail", (1,)),
        sweep_count=count,
        names=(DEPARTURE,),
    )
    if count < 1 or not ((found.quantiles > 0).all() and found.tail[0] > 0):
        raise ModelFolderError(f"{OWNER}: '{prefix}' holds a number not above zero")
    return found


def _reading_of(
    prefix: str, taker: ArrayTaker, count: int, span_count: int
) -> ScalarReading:
    parts = {
        name: taker.take(f"{prefix}.ridge.{name}", (count,), gaps=True)
        for name in ("centre", "scale", "weight")
    }
    shape = (GROUP_COUNT, len(LEVELS))
    offset = taker.take(f"{prefix}.ridge.offset", (2,))
    expert = taker.take(f"{prefix}.expert", (GROUP_COUNT,)).astype(np.intp)
    if not ((expert >= 0) & (expert < len(EXPERTS))).all():
        raise ModelFolderError(f"receiver: array '{prefix}.expert' names nobody")
    return ScalarReading(
        ridge=RidgeReader(
            **parts,
            offset=float(offset[0]),
            floor=float(offset[1]),
            precision=symmetric(
                taker.take(f"{prefix}.ridge.precision", (count * (count + 1) // 2,))
            ),
        ),
        offsets=taker.take(f"{prefix}.offsets", shape),
        expert=expert,
        stretch=Stretch(
            factors=taker.take(f"{prefix}.factors", shape),
            spans=_spans_of(f"{prefix}.spans", taker, span_count),
        ),
    )


def _spans_of(name: str, taker: ArrayTaker, count: int) -> Reals:
    if count == 0:
        return NO_SPANS
    spans = taker.take(name, (count, 2)) if 0 < count <= MOST_SPANS else None
    if spans is None or not (spans[:, 0] < spans[:, 1]).all():
        raise ModelFolderError(f"{OWNER}: array {name!r} holds no spans")
    return spans
