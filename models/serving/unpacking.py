"""A model from the tensors of its folder."""

from collections.abc import Mapping
from typing import Any, TypedDict

import numpy as np
import torch

from models.calibration import (
    ClassCalibration,
    IntervalCalibration,
    NoveltyCalibration,
)
from models.calibration.presence import PresenceCalibration
from models.coordinates.storing import check_form, form_of
from models.errors import ModelFolderError
from models.fingerprint import Fingerprint
from models.networks.architecture import Architecture
from models.networks.density import DensityGrid
from models.networks.ensemble import Ensemble
from models.networks.inputs import CoordinateInputs
from models.opinion import Opinion
from models.opinion.storing import opinion_of
from models.preprocessing.canonical import CanonicalForm
from models.receiver.storing import judge_of
from models.receiver.twin_departure import TwinDeparture, twin_of
from models.serving.checking import (
    check_shapes,
    check_sizes,
    expected_shapes,
    score_names,
)
from models.serving.packing import (
    COORDINATES,
    FINGERPRINT,
    OPINION,
    READERS,
    RECEIVER,
    THERMOMETER,
    TWIN,
)
from models.serving.trained import TrainedModel
from models.stored_arrays import Arrays, ArrayTaker, taken
from models.thermometry import ResonatorThermometer


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
    owned = {prefix: taken(tensors, prefix) for prefix in READERS}
    known = tensors["novelty.bank"].shape[1] if "novelty.bank" in tensors else 0
    check_shapes(tensors, expected_shapes(ensemble, manifest, known), shown)
    prefix = "ensemble."
    ensemble.load_state_dict(
        {
            name.removeprefix(prefix): torch.from_numpy(value.copy())
            for name, value in tensors.items()
            if name.startswith(prefix)
        }
    )
    described = manifest["readers"].get("receiver")
    if described is None and owned[RECEIVER]:
        raise ModelFolderError(f"{shown}: holds a receiver that the manifest lacks")
    inputs = _inputs_of(
        manifest["readers"].get("coordinates"), owned[COORDINATES], architecture
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
        class_calibration=_class_calibrations(manifest, tensors),
        interval_calibration=_interval_calibrations(manifest, tensors),
        novelty_calibration=_novelty_of(manifest, tensors),
        receiver=None if described is None else judge_of(described, owned[RECEIVER]),
        names_condition=bool(described and described["names_condition"]),
        inputs=inputs,
        presence=_presence_of(manifest, tensors),
        units={str(name): str(unit) for name, unit in manifest["units"].items()},
        **_readers_of(manifest, owned, inputs),
    )


class _Readers(TypedDict):
    """Who reads beside the networks and the receiver's judge."""

    thermometer: ResonatorThermometer | None
    fingerprint: Fingerprint | None
    opinion: Opinion | None
    twin: TwinDeparture | None


def _readers_of(
    manifest: dict[str, Any],
    owned: Mapping[str, Arrays],
    inputs: CoordinateInputs | None,
) -> _Readers:
    """Rebuild those who are named or have arrays: one without the other is refused."""
    readers = manifest["readers"]
    lines, parts, opinion = owned[THERMOMETER], owned[FINGERPRINT], owned[OPINION]
    return {
        "thermometer": (
            ResonatorThermometer.from_arrays(lines)
            if readers["thermometer"] or lines
            else None
        ),
        "fingerprint": (
            Fingerprint.from_arrays(parts) if readers["fingerprint"] or parts else None
        ),
        "opinion": (
            opinion_of(readers.get("opinion", {}), opinion, _outputs(manifest))
            if readers.get("opinion") or opinion
            else None
        ),
        "twin": twin_of(
            readers.get("twin"), owned[TWIN], None if inputs is None else inputs.form
        ),
    }


def _class_calibrations(
    manifest: dict[str, Any], tensors: Arrays
) -> dict[str, ClassCalibration]:
    found = {}
    for name in manifest["classes"]:
        heat, sure, unknown = tensors[f"classes.{name}"]
        found[name] = ClassCalibration(
            softmax_temperature=float(heat),
            set_threshold=float(sure),
            unknown_threshold=float(unknown),
        )
    return found


def _interval_calibrations(
    manifest: dict[str, Any], tensors: Arrays
) -> dict[str, IntervalCalibration]:
    return {
        name: IntervalCalibration(
            softmax_temperature=float(tensors[f"intervals.{name}.temperature"][0]),
            band_edges=tensors[f"intervals.{name}.edges"],
            offsets=tensors[f"intervals.{name}.offsets"],
        )
        for name in manifest["densities"]
    }


def _novelty_of(manifest: dict[str, Any], tensors: Arrays) -> NoveltyCalibration:
    return NoveltyCalibration(
        quantiles=tensors["novelty.quantiles"],
        tail=tensors["novelty.tail"],
        sweep_count=int(tensors["novelty.count"][0]),
        names=score_names(manifest),
    )


def _presence_of(
    manifest: dict[str, Any], tensors: Arrays
) -> PresenceCalibration | None:
    if not manifest["readers"].get("presence"):
        return None
    return PresenceCalibration(
        weights=tensors["presence.weights"],
        offset=tensors["presence.offset"],
        thresholds=tensors["presence.thresholds"],
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
