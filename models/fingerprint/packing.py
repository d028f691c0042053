"""Arrays of a fingerprint head, and back, each shape held against what it must be."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import ModelFolderError
from models.fingerprint.bank import Bank
from models.fingerprint.view import BAND_COUNT, BIN_COUNT, View

_MOST_ASSEMBLIES = 4096
_VIEWS = ("ratio", "absolute")
_BANK_ARRAYS = ("values", "covered", "labels", "weight", "familiar", "numbers")
_NUMBERS = ("sharpness", "set_threshold", "furthest", "least_probability")


def arrays_of(
    classes: Sequence[str],
    s_parameters: Sequence[str],
    views: Mapping[str, View],
    banks: Mapping[str, Bank],
) -> dict[str, npt.NDArray[Any]]:
    """Return all that was learnt, by name; texts as UTF-8 bytes."""
    arrays: dict[str, npt.NDArray[Any]] = {
        "classes": _bytes_of(classes),
        "s_parameters": _bytes_of(s_parameters),
    }
    for kind, bank in banks.items():
        view = views[kind]
        stacked = np.stack([bank.values.real, bank.values.imag])
        arrays[f"{kind}.values"] = stacked.astype(np.float32)
        arrays[f"{kind}.covered"] = bank.covered.astype(np.uint8)
        arrays[f"{kind}.labels"] = bank.labels.astype(np.int64)
        arrays[f"{kind}.weight"] = bank.weight
        arrays[f"{kind}.familiar"] = bank.familiar
        arrays[f"{kind}.numbers"] = np.array(
            [view.low_hz, view.high_hz, view.gate_resolutions]
            + [getattr(bank, name) for name in _NUMBERS]
        )
    return {name: np.ascontiguousarray(each) for name, each in arrays.items()}


def parts_of(
    arrays: Mapping[str, npt.NDArray[Any]],
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, View], dict[str, Bank]]:
    """Return classes, traces, views and banks.

    Raises
    ------
    ModelFolderError
        If an array is missing, left over, not finite or of another shape.
    """
    kinds = [kind for kind in _VIEWS if f"{kind}.values" in arrays]
    expected = {"classes", "s_parameters"}
    expected |= {f"{kind}.{name}" for kind in kinds for name in _BANK_ARRAYS}
    if odd := sorted(expected ^ arrays.keys()):
        raise ModelFolderError(
            f"fingerprint: array {odd[0][:80]!r} is missing or unknown"
        )
    if "absolute" not in kinds:
        raise ModelFolderError("fingerprint: array 'absolute.values' is missing")
    classes = _texts_of(arrays["classes"])
    names = _texts_of(arrays["s_parameters"])
    views, banks = {}, {}
    for kind in kinds:
        own = {name: arrays[f"{kind}.{name}"] for name in _BANK_ARRAYS}
        _check(own, len(names), len(classes), kind)
        low_hz, high_hz, gate, *numbers = (float(each) for each in own["numbers"])
        views[kind] = View(low_hz=low_hz, high_hz=high_hz, gate_resolutions=gate)
        banks[kind] = Bank(
            values=own["values"][0].astype(np.complex128) + 1j * own["values"][1],
            covered=own["covered"].astype(np.bool_),
            labels=own["labels"].astype(np.intp),
            class_count=len(classes),
            weight=own["weight"].astype(np.float64),
            familiar=own["familiar"].astype(np.float64),
            band_hz=views[kind].band_hz,
            keeps_phase=kind == "ratio",
            **dict(zip(_NUMBERS, numbers, strict=True)),
        )
    return classes, names, views, banks


def _bytes_of(texts: Sequence[str]) -> npt.NDArray[np.uint8]:
    return np.frombuffer("\n".join(texts).encode(), dtype=np.uint8)


def _texts_of(values: npt.NDArray[Any]) -> tuple[str, ...]:
    return tuple(values.astype(np.uint8).tobytes().decode().split("\n"))


def _check(
    own: Mapping[str, npt.NDArray[Any]], trace_count: int, class_count: int, kind: str
) -> None:
    count = min(own["labels"].size, _MOST_ASSEMBLIES)
    shapes = {
        "values": (2, count, trace_count, BIN_COUNT),
        "covered": (count, trace_count, BIN_COUNT),
        "labels": (count,),
        "weight": (trace_count, BAND_COUNT),
        "familiar": (3,),
        "numbers": (3 + len(_NUMBERS),),
    }
    for name, shape in shapes.items():
        if own[name].shape != shape or not np.isfinite(own[name]).all():
            raise ModelFolderError(
                f"fingerprint: array '{kind}.{name}' must be finite and of shape "
                f"{shape}"
            )
    if count == 0 or not ((own["labels"] >= 0) & (own["labels"] < class_count)).all():
        raise ModelFolderError(f"fingerprint: array '{kind}.labels' names no class")
