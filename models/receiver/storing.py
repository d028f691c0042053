"""A receiver's judge as arrays and a JSON-ready record, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from models.coordinates import CoordinateForm
from models.coordinates.trace import SNAP_ORDER, TraceForm
from models.emulation import HealthyEmulator
from models.emulation.design import Design
from models.errors import ModelFolderError
from models.networks.density import LEVELS
from models.receiver.intervals import GROUP_COUNT, Stretch
from models.receiver.judge import EXPERTS, ReceiverJudge, ScalarReading, SetJudge
from models.receiver.ridge import RidgeReader
from models.receiver.softmax import SoftmaxHead

Arrays = dict[str, npt.NDArray[Any]]

_MOST_TRACES = 32
_MOST_BINS = 4096
_MOST_SETS = 64
_MOST_PARTS = 32
_MOST_PLACES = 512
_MOST_LABELS = 4096


def judge_record(judge: ReceiverJudge) -> dict[str, Any]:
    """Return all of a judge that is no array."""
    emulator = judge.emulator
    return {
        "band_hz": list(judge.form.band_hz),
        "bin_count": judge.form.bin_count,
        "traces": [
            {
                "name": name,
                "delay_s": trace.delay_s,
                "logarithmic": trace.logarithmic,
                "turns_at_middle": trace.turns_at_middle,
                "gates": list(trace.gates),
                "windows": [list(window) for window in trace.windows],
            }
            for name, trace in judge.form.traces.items()
        ],
        "labels": list(judge.labels),
        "healthy": judge.healthy,
        "field_scale": emulator.design.field_scale,
        "freedom": emulator.freedom,
        "place_range": list(emulator.place_range),
        "field_range_tesla": list(emulator.field_range_tesla),
        "tempering": emulator.tempering,
        "sets": [
            {
                "traces": list(traces),
                "softmax_temperature": each.softmax_temperature,
                "condition": each.condition is not None,
                "scalars": sorted(each.scalars),
            }
            for traces, each in judge.sets.items()
        ],
    }


def judge_arrays(judge: ReceiverJudge) -> Arrays:
    """Return all arrays of a judge by name."""
    emulator = judge.emulator
    arrays: Arrays = {
        "texture.centre": judge.texture_centre,
        "texture.scale": judge.texture_scale,
        "emulator.fine": emulator.design.fine,
        "emulator.coarse": emulator.design.coarse,
        "emulator.centre": emulator.centre,
        "emulator.scale": emulator.scale,
        "emulator.used": emulator.used.astype(np.uint8),
        "emulator.coefficients": emulator.coefficients,
        "emulator.band_places": emulator.band_places,
        "emulator.covariances": emulator.covariances.astype(np.float32),
    }
    for index, trace in enumerate(judge.form.traces.values()):
        arrays[f"trace.{index}.kept"] = trace.kept.astype(np.uint8)
        arrays[f"trace.{index}.snaps"] = trace.snaps
        arrays[f"trace.{index}.snap_range"] = trace.snap_range
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
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        raise ModelFolderError(
            f"receiver: the record is incomplete or malformed ({str(error)[:80]})"
        ) from None


def _judge_of(record: Mapping[str, Any], arrays: Arrays) -> ReceiverJudge:
    _check_sizes(record)
    _check_numbers(record)
    taker = _Taker(dict(arrays))
    form = _form_of(record, taker)
    count, texture = len(form.names), form.trace_of_texture.size
    emulator = _emulator_of(record, taker, count)
    classes = len(record["labels"])
    sets = {
        tuple(bool(flag) for flag in each["traces"]): _set_of(
            each, f"set.{index}", taker, (count, count + texture + 2, classes)
        )
        for index, each in enumerate(record["sets"])
    }
    judge = ReceiverJudge(
        form=form,
        emulator=emulator,
        labels=tuple(str(label) for label in record["labels"]),
        healthy=int(record["healthy"]),
        texture_centre=taker.take("texture.centre", (texture,)),
        texture_scale=taker.take("texture.scale", (texture,)),
        sets=sets,
    )
    taker.finish()
    return judge


class _Taker:
    """Hands arrays out once, each held against what it must be."""

    def __init__(self, arrays: Arrays) -> None:
        self._left = arrays

    def take(
        self, name: str, shape: tuple[int | None, ...], *, gaps: bool = False
    ) -> npt.NDArray[np.float64]:
        """Return an array; None stands for any length."""
        if name not in self._left:
            raise ModelFolderError(f"receiver: array {name!r} is missing")
        values = np.asarray(self._left.pop(name), dtype=np.float64)
        fits = values.ndim == len(shape) and all(
            wanted in {None, got}
            for wanted, got in zip(shape, values.shape, strict=True)
        )
        if not fits:
            raise ModelFolderError(
                f"receiver: array {name!r} has shape {values.shape}, needs {shape}"
            )
        if not gaps and not np.isfinite(values).all():
            raise ModelFolderError(f"receiver: array {name!r} is not finite")
        return values

    def rising(self, name: str) -> npt.NDArray[np.float64]:
        """Return an array of places that rise."""
        values = self.take(name, (None,))
        if values.size > _MOST_PLACES or not (np.diff(values) > 0).all():
            raise ModelFolderError(f"receiver: array {name!r} does not rise")
        return values

    def finish(self) -> None:
        """Refuse what nobody asked for."""
        if self._left:
            name = min(self._left)[:80]
            raise ModelFolderError(f"receiver: array {name!r} is not known")


def _set_arrays(prefix: str, judge: SetJudge) -> Arrays:
    arrays: Arrays = {}
    if judge.condition is not None:
        for name in ("centre", "scale", "weight", "offset"):
            arrays[f"{prefix}.condition.{name}"] = getattr(judge.condition, name)
    for name, reading in judge.scalars.items():
        whole = f"{prefix}.{name}"
        arrays[f"{whole}.offsets"] = reading.offsets
        arrays[f"{whole}.expert"] = reading.expert.astype(np.int64)
        arrays[f"{whole}.factors"] = reading.stretch.factors
        arrays[f"{whole}.shift"] = reading.stretch.shift
        for part in ("centre", "scale", "weight"):
            arrays[f"{whole}.ridge.{part}"] = getattr(reading.ridge, part)
        arrays[f"{whole}.ridge.offset"] = np.array(
            [reading.ridge.offset, reading.ridge.floor]
        )
        arrays[f"{whole}.ridge.precision"] = reading.ridge.precision.astype(np.float32)
    return arrays


def _form_of(record: Mapping[str, Any], taker: _Taker) -> CoordinateForm:
    bins = int(record["bin_count"])
    traces = {}
    for index, each in enumerate(record["traces"]):
        gates = tuple(int(gate) for gate in each["gates"])
        traces[str(each["name"])] = TraceForm(
            delay_s=float(each["delay_s"]),
            logarithmic=bool(each["logarithmic"]),
            kept=taker.take(f"trace.{index}.kept", (bins,)) > 0.5,
            turns_at_middle=float(each["turns_at_middle"]),
            gates=gates,
            snaps=taker.take(f"trace.{index}.snaps", (len(gates), SNAP_ORDER + 1)),
            snap_range=taker.take(f"trace.{index}.snap_range", (len(gates), 2)),
            windows=tuple((int(low), int(high)) for low, high in each["windows"]),
        )
    start, stop = record["band_hz"]
    return CoordinateForm(
        band_hz=(float(start), float(stop)), bin_count=bins, traces=traces
    )


def _emulator_of(
    record: Mapping[str, Any], taker: _Taker, count: int
) -> HealthyEmulator:
    design = Design(
        fine=taker.rising("emulator.fine"),
        coarse=taker.rising("emulator.coarse"),
        field_scale=float(record["field_scale"]),
    )
    terms = design.penalty(0.0).shape[0]
    places = taker.rising("emulator.band_places")
    covariances = taker.take("emulator.covariances", (places.size, count, count))
    if not _positive(covariances):
        raise ModelFolderError(
            "receiver: array 'emulator.covariances' is no covariance"
        )
    low, high = record["place_range"]
    weak, strong = record["field_range_tesla"]
    return HealthyEmulator(
        design=design,
        centre=taker.take("emulator.centre", (count,)),
        scale=taker.take("emulator.scale", (count,)),
        used=taker.take("emulator.used", (count,)) > 0.5,
        coefficients=taker.take("emulator.coefficients", (terms, count)),
        band_places=places,
        covariances=covariances,
        freedom=float(record["freedom"]),
        place_range=(float(low), float(high)),
        field_range_tesla=(float(weak), float(strong)),
        tempering=float(record["tempering"]),
    )


def _set_of(
    record: Mapping[str, Any], prefix: str, taker: _Taker, sizes: tuple[int, int, int]
) -> SetJudge:
    count, features, classes = sizes
    condition = None
    if record["condition"]:
        whole = f"{prefix}.condition"
        condition = SoftmaxHead(
            centre=taker.take(f"{whole}.centre", (features,)),
            scale=taker.take(f"{whole}.scale", (features,)),
            weight=taker.take(f"{whole}.weight", (features, classes)),
            offset=taker.take(f"{whole}.offset", (classes,)),
        )
    scalars = {
        str(name): _reading_of(f"{prefix}.{name}", taker, count)
        for name in record["scalars"]
    }
    return SetJudge(
        condition=condition,
        softmax_temperature=float(record["softmax_temperature"]),
        scalars=scalars,
    )


def _reading_of(prefix: str, taker: _Taker, count: int) -> ScalarReading:
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
            precision=taker.take(f"{prefix}.ridge.precision", (count, count)),
        ),
        offsets=taker.take(f"{prefix}.offsets", shape),
        expert=expert,
        stretch=Stretch(
            factors=taker.take(f"{prefix}.factors", shape),
            shift=taker.take(f"{prefix}.shift", (GROUP_COUNT,)),
        ),
    )


def _check_sizes(record: Mapping[str, Any]) -> None:
    """Refuse sizes that no training gives, before anything is made of them."""
    absurd = (
        not 1 <= len(record["traces"]) <= _MOST_TRACES
        or not 2 <= int(record["bin_count"]) <= _MOST_BINS
        or not 1 <= len(record["sets"]) <= _MOST_SETS
        or len(record["labels"]) > _MOST_LABELS
        or not -1 <= int(record["healthy"]) < max(len(record["labels"]), 1)
        or any(len(each["traces"]) != len(record["traces"]) for each in record["sets"])
        or any(
            len(each["gates"]) > _MOST_PARTS or len(each["windows"]) > _MOST_PARTS
            for each in record["traces"]
        )
        or any(
            not 0 <= int(low) < int(high) <= int(record["bin_count"])
            for each in record["traces"]
            for low, high in each["windows"]
        )
        or any(
            not 0 <= int(gate) < int(record["bin_count"])
            for each in record["traces"]
            for gate in each["gates"]
        )
    )
    if absurd:
        raise ModelFolderError("receiver: a size is out of bounds")


def _check_numbers(record: Mapping[str, Any]) -> None:
    """Refuse numbers that are not finite, or not positive where they must be."""
    numbers = [
        *record["band_hz"],
        *record["place_range"],
        *record["field_range_tesla"],
        record["field_scale"],
        *(
            number
            for each in record["traces"]
            for number in (each["delay_s"], each["turns_at_middle"])
        ),
    ]
    positive = [
        record["freedom"],
        record["tempering"],
        *(each["softmax_temperature"] for each in record["sets"]),
    ]
    if not np.isfinite(np.array(numbers + positive, dtype=np.float64)).all():
        raise ModelFolderError("receiver: a number is not finite")
    if min(positive) <= 0 or record["field_scale"] < 0:
        raise ModelFolderError("receiver: a number is not positive")


def _positive(covariances: npt.NDArray[np.float64]) -> bool:
    try:
        np.linalg.cholesky(covariances)
    except np.linalg.LinAlgError:
        return False
    return True
