"""A sudden change against the last few sweeps, whatever the absolute judgement. Pure.

A sweep's signature is its log-ratio to the reference in sixteen bands a trace. What
changes between neighbouring sweeps tells how much is usual; the newest one against the
median of the last five tells a jump, even where nobody was taught what it means.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from models.diagnosis import Jump

LOOK_BACK = 5
"""Sweeps that the newest one is compared with."""

LEAST_SWEEPS = 3
"""Fewer tell nothing of what is usual."""

SUDDEN_FROM = 10.0
"""In usual changes. A steady drift makes three of the median of five; ten is a jump."""

Signature: TypeAlias = Mapping[str, Sequence[float]]
"""Trace to levels in neper, then phases in rad, of its bands."""

_Reals = npt.NDArray[np.float64]
_LEAST_CHANGE = 2e-4


def jump_of(newest: Signature, before: Sequence[Signature]) -> Jump | None:
    """Compare a sweep with those before it.

    Parameters
    ----------
    before
        Signatures of earlier sweeps against the same reference, newest first.

    Returns
    -------
    Jump or None
        None where fewer than three of them have the same traces.
    """
    alike = [each for each in before[:LOOK_BACK] if each.keys() == newest.keys()]
    if len(alike) < LEAST_SWEEPS or not newest:
        return None
    traces = list(newest)
    sizes = _sizes(
        np.array([newest[trace] for trace in traces], dtype=np.float64),
        np.array([[each[trace] for trace in traces] for each in alike], np.float64),
    )
    at, band = np.unravel_index(sizes.argmax(), sizes.shape)
    size = float(sizes[at, band])
    return Jump(
        size=size,
        is_sudden=size >= SUDDEN_FROM,
        trace=traces[at],
        band=int(band),
        sweeps=len(alike),
    )


def _sizes(newest: _Reals, before: _Reals) -> _Reals:
    """Return the changes of all bands, in usual ones of their trace.

    Parameters
    ----------
    newest
        Shape (trace, 2 band).
    before
        Shape (sweep, trace, 2 band), newest first.

    Returns
    -------
    ndarray
        Shape (trace, band).
    """
    sweeps, traces, _ = before.shape
    last = before[0]
    # Phases wrap; all are taken against the last sweep before they are compared.
    moved = _wrapped(before - last)
    usual = np.abs(np.diff(moved, axis=0)).reshape(sweeps - 1, traces, 2, -1)
    scale = 1.4826 * np.median(usual, axis=(0, 3))
    away = np.abs(_wrapped(newest - last) - np.median(moved, axis=0))
    even = away.reshape(traces, 2, -1) / np.maximum(scale, _LEAST_CHANGE)[..., None]
    return np.asarray(np.sqrt(np.mean(even**2, axis=1)))


def _wrapped(change: _Reals) -> _Reals:
    """Bring the phases, the second half of the last axis, between -pi and pi."""
    half = change.shape[-1] // 2
    phases = (change[..., half:] + np.pi) % (2 * np.pi) - np.pi
    return np.concatenate([change[..., :half], phases], axis=-1)
