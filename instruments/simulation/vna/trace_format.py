"""Traces as they are displayed (``CALC:FORM``) and read as FDATA."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from instruments.simulation.failures.situation import ComplexTrace

FORMATS = (
    "MLOGarithmic",
    "MLINear",
    "PHASe",
    "UPHase",
    "REAL",
    "IMAGinary",
    "POLar",
    "SMITh",
    "SCOMplex",
    "COMPlex",
)
"""Display formats that the emulator knows."""

_TINY = 1e-15


def _level_db(trace: ComplexTrace) -> npt.NDArray[np.float64]:
    return np.asarray(20.0 * np.log10(np.abs(trace) + _TINY))


def _phase_degrees(trace: ComplexTrace) -> npt.NDArray[np.float64]:
    return np.asarray(np.degrees(np.angle(trace)))


def _unwrapped_degrees(trace: ComplexTrace) -> npt.NDArray[np.float64]:
    return np.asarray(np.degrees(np.unwrap(np.angle(trace))))


_DISPLAYS: dict[str, Callable[[ComplexTrace], npt.NDArray[np.float64]]] = {
    "MLOG": _level_db,
    "MLIN": np.abs,
    "PHAS": _phase_degrees,
    "UPH": _unwrapped_degrees,
    "REAL": np.real,
    "IMAG": np.imag,
}


def interleave(trace: ComplexTrace) -> npt.NDArray[np.float64]:
    """Return real and imaginary parts in turn, shape (2 point,)."""
    return np.ascontiguousarray(trace).view(np.float64)


def displayed(
    trace: ComplexTrace, display: str, *, has_pairs: bool = False
) -> npt.NDArray[np.float64]:
    """Return a trace in a display format, shape (point,) or (2 point,).

    Parameters
    ----------
    display
        Short form of one of ``FORMATS``; phases in degrees, levels in dB.
    has_pairs
        Give every format two numbers a point, the second 0 where there is one.
    """
    shown = _DISPLAYS.get(display, interleave)(trace)
    if not has_pairs or shown.size != trace.size:
        return shown
    return np.column_stack([shown, np.zeros_like(shown)]).ravel()
