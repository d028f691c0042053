"""Tensors of a model folder, and back."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.calibration import (
    ClassCalibration,
    IntervalCalibration,
    NoveltyCalibration,
)
from models.calibration.presence import PresenceCalibration
from models.coordinates.storing import (
    check_form,
    form_arrays,
    form_of,
    form_record,
)
from models.errors import ModelFolderError
from models.fingerprint import Fingerprint
from models.networks.architecture import Architecture
from models.networks.density import DensityGrid
from models.networks.ensemble import Ensemble
from models.networks.inputs import CoordinateInputs
from models.opinion.storing import opinion_arrays, opinion_of, opinion_record
from models.preprocessing.canonical import CanonicalForm
from models.receiver.storing import judge_arrays, judge_of, judge_record
from models.receiver.twin_departure import twin_arrays, twin_of, twin_record
from models.serving.checking import (
    check_shapes,
    check_sizes,
    expected_shapes,
    score_names,
)
from models.serving.trained import TrainedModel
from models.stored_arrays import Arrays, ArrayTaker, prefixed, taken
from models.thermometry import ResonatorThermometer

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


def model_of(manifest: dict[str, Any], tensors: Arrays, shown: str) -> TrainedModel:
    """Rebuild a model.

    Raises
    ------
    ModelFolderError
        If a tensor is missing, left over or of another shape, or a size is absurd.
    """
    architecture = Architecture.from_record(manifest["architecture"])
    check_sizes(architecture, shown)
    ensemble = Ensemble(architecture)
    readers = manifest["readers"]
    receiver_arrays = taken(tensors, RECEIVER)
    line_arrays = taken(tensors, THERMOMETER)
    part_arrays = taken(tensors, FINGERPRINT)
    coordinate_arrays = taken(tensors, COORDINATES)
    opinion_arrays_read = taken(tensors, OPINION)
    twin_arrays_read = taken(tensors, TWIN)
    known = tensors["novelty.bank"].shape[1] if "novelty.bank" in tensors else 0
    check_shapes(tensors, expected_shapes(ensemble, manifest, known), shown)
    described = readers.get("receiver")
    if described is None and receiver_arrays:
        raise ModelFolderError(f"{shown}: holds a receiver that the manifest lacks")
    inputs = _inputs_of(readers.get("coordinates"), coordinate_arrays, architecture)
    prefix = "ensemble."
    ensemble.load_state_dict(
        {
            name.removeprefix(prefix): torch.from_numpy(value.copy())
            for name, value in tensors.items()
            if name.startswith(prefix)
        }
    )
    return TrainedModel(
        form=_form_of(manifest, tensors),
        ensemble=ensemble.eval().requires_grad_(False),
        bank=torch.from_numpy(tensors["novelty.bank"].astype(np.float32)),
        densities={
            str(name): DensityGrid.from_record(record)
            for name, record in manifest["densities"].items()
        },
        classes={
            str(name): tuple(str(label) for label in labels)
            for name, labels in manifest["classes"].items()
        },
        class_calibration={
            name: ClassCalibration(
                softmax_temperature=float(tensors[f"classes.{name}"][0]),
                set_threshold=float(tensors[f"classes.{name}"][1]),
                unknown_threshold=float(tensors[f"classes.{name}"][2]),
            )
            for name in manifest["classes"]
        },
        interval_calibration={
            name: IntervalCalibration(
                softmax_temperature=float(tensors[f"intervals.{name}.temperature"][0]),
                band_edges=tensors[f"intervals.{name}.edges"],
                offsets=tensors[f"intervals.{name}.offsets"],
            )
            for name in manifest["densities"]
        },
        novelty_calibration=NoveltyCalibration(
            quantiles=tensors["novelty.quantiles"],
            tail=tensors["novelty.tail"],
            sweep_count=int(tensors["novelty.count"][0]),
            names=score_names(manifest),
        ),
        receiver=None if described is None else judge_of(described, receiver_arrays),
        names_condition=bool(described and described["names_condition"]),
        thermometer=(
            ResonatorThermometer.from_arrays(line_arrays)
            if readers.get("thermometer") or line_arrays
            else None
        ),
        fingerprint=(
            Fingerprint.from_arrays(part_arrays)
            if readers.get("fingerprint") or part_arrays
            else None
        ),
        inputs=inputs,
        opinion=(
            opinion_of(
                readers.get("opinion", {}), opinion_arrays_read, _outputs(manifest)
            )
            if readers.get("opinion") or opinion_arrays_read
            else None
        ),
        presence=(
            PresenceCalibration(
                weights=tensors["presence.weights"],
                offset=tensors["presence.offset"],
                thresholds=tensors["presence.thresholds"],
            )
            if readers.get("presence")
            else None
        ),
        twin=twin_of(
            readers.get("twin"),
            twin_arrays_read,
            None if inputs is None else inputs.form,
        ),
        units={str(name): str(unit) for name, unit in manifest["units"].items()},
    )


def _outputs(manifest: dict[str, Any]) -> dict[str, int]:
    """Return how much an opinion says of each target: one number, or one a class."""
    return dict.fromkeys(manifest["densities"], 1) | {
        name: len(labels) for name, labels in manifest["classes"].items()
    }


def _inputs_of(
    record: dict[str, Any] | None, arrays: Arrays, architecture: Architecture
) -> CoordinateInputs | None:
    if record is None:
        if arrays or architecture.coordinate_count:
            raise ModelFolderError("coordinates: the manifest says nothing of them")
        return None
    check_form(record, "coordinates")
    taker = ArrayTaker(arrays, "coordinates")
    form = form_of(record, taker)
    count = form.trace_of.size + form.trace_of_texture.size
    inputs = CoordinateInputs(
        form=form,
        centre=taker.take("centre", (count,)),
        spread=taker.take("spread", (count,)),
    )
    taker.finish()
    fits = (
        inputs.width == architecture.coordinate_count
        and len(form.traces) == architecture.trace_count
        and bool((inputs.spread > 0).all())
    )
    if not fits:
        raise ModelFolderError("coordinates: do not fit the networks")
    return inputs


def _form_of(manifest: dict[str, Any], tensors: Arrays) -> CanonicalForm:
    return CanonicalForm(
        s_parameters=tuple(str(name) for name in manifest["s_parameters"]),
        bands_hz=np.asarray(manifest["bands_hz"], dtype=np.float64).reshape(-1, 2),
        kept=tensors["form.kept"].astype(np.bool_),
        weight=tensors["form.weight"],
    )
