"""A model as tensors of its folder."""

from typing import Any

import numpy as np
import numpy.typing as npt

from models.coordinates.storing import (
    form_arrays,
    form_record,
)
from models.opinion.storing import opinion_arrays, opinion_record
from models.receiver.storing import judge_arrays, judge_record
from models.receiver.twin_departure import twin_arrays, twin_record
from models.serving.trained import TrainedModel
from models.stored_arrays import Arrays, prefixed

RECEIVER = "receiver."
"""Prefix of the arrays of a receiver's judge."""

THERMOMETER = "thermometer."
"""Prefix of the arrays of a thermometer."""

FINGERPRINT = "fingerprint."
"""Prefix of the arrays of a fingerprint."""

COORDINATES = "coordinates."
"""Prefix of the arrays that put sweeps into coordinates."""

OPINION = "opinion."
"""Prefix of the arrays of a second opinion."""

TWIN = "twin."
"""Prefix of the arrays of a comparison with the fitted twin."""

READERS = (RECEIVER, THERMOMETER, FINGERPRINT, COORDINATES, OPINION, TWIN)
"""Prefixes of the arrays of all who read beside the networks."""

_HALVES = ("receiver.", "component.", "pretrained.")


def tensors_of(model: TrainedModel) -> Arrays:
    """Return everything that a model has learnt, by name."""
    tensors: Arrays = {
        f"ensemble.{name}": _as_stored(name, value.detach().numpy())
        for name, value in model.ensemble.state_dict().items()
    }
    tensors["form.kept"] = model.form.kept.astype(np.uint8)
    tensors["form.weight"] = model.form.weight
    tensors["novelty.bank"] = model.bank.half().numpy()
    tensors["novelty.quantiles"] = model.novelty_calibration.quantiles
    tensors["novelty.tail"] = model.novelty_calibration.tail
    tensors["novelty.count"] = np.array([model.novelty_calibration.sweep_count])
    for name, classes in model.class_calibration.items():
        tensors[f"classes.{name}"] = np.array(
            [
                classes.softmax_temperature,
                classes.set_threshold,
                classes.unknown_threshold,
            ]
        )
    for name, intervals in model.interval_calibration.items():
        tensors[f"intervals.{name}.temperature"] = np.array(
            [intervals.softmax_temperature]
        )
        tensors[f"intervals.{name}.edges"] = intervals.band_edges
        tensors[f"intervals.{name}.offsets"] = intervals.offsets
    if model.presence is not None:
        for name in ("weights", "offset", "thresholds"):
            tensors[f"presence.{name}"] = getattr(model.presence, name)
    tensors |= _reader_arrays(model)
    return {name: np.ascontiguousarray(value) for name, value in tensors.items()}


def _reader_arrays(model: TrainedModel) -> Arrays:
    """Return the arrays of all who read beside the networks."""
    tensors: Arrays = {}
    if model.receiver is not None:
        tensors |= prefixed(RECEIVER, judge_arrays(model.receiver))
    if model.thermometer is not None:
        tensors |= prefixed(THERMOMETER, model.thermometer.to_arrays())
    if model.fingerprint is not None:
        tensors |= prefixed(FINGERPRINT, model.fingerprint.to_arrays())
    if model.inputs is not None:
        tensors |= prefixed(COORDINATES, form_arrays(model.inputs.form))
        tensors[f"{COORDINATES}centre"] = model.inputs.centre.astype(np.float32)
        tensors[f"{COORDINATES}spread"] = model.inputs.spread.astype(np.float32)
    if model.opinion is not None:
        tensors |= prefixed(OPINION, opinion_arrays(model.opinion))
    if model.twin is not None:
        tensors |= prefixed(TWIN, twin_arrays(model.twin))
    return tensors


def readers_record(model: TrainedModel) -> dict[str, Any]:
    """Return what the manifest says of the readers beside the network."""
    record: dict[str, Any] = {
        "thermometer": model.thermometer is not None,
        "fingerprint": model.fingerprint is not None,
    }
    if model.receiver is not None:
        record["receiver"] = judge_record(model.receiver) | {
            "names_condition": model.names_condition
        }
    if model.presence is not None:
        record["presence"] = True
    if model.inputs is not None:
        record["coordinates"] = form_record(model.inputs.form)
    if model.opinion is not None:
        record["opinion"] = opinion_record(model.opinion)
    if model.twin is not None:
        record["twin"] = twin_record(model.twin)
    return record


def _as_stored(name: str, value: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Store a tower's weights in half precision, which they were rounded to."""
    return value.astype(np.float16) if name.startswith(_HALVES) else value
