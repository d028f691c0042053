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
    sizes = {trace: _size(newest[trace], [e[trace] for e in alike]) for trace in newest}
    trace = max(sizes, key=lambda name: sizes[name][0])
    size, band = sizes[trace]
    return Jump(
        size=size,
        is_sudden=size >= SUDDEN_FROM,
        trace=trace,
        band=band,
        sweeps=len(alike),
    )


def _size(
    newest: Sequence[float], before: Sequence[Sequence[float]]
) -> tuple[float, int]:
    """Return the largest change of a trace's bands, in usual ones, and its band."""
    known = np.array(before, dtype=np.float64)
    last = known[0]
    # Phases wrap; all are taken against the last sweep before they are compared.
    moved = _wrapped(known - last)
    usual = np.abs(np.diff(moved, axis=0))
    scale = 1.4826 * np.median(usual.reshape(usual.shape[0], 2, -1), axis=(0, 2))
    away = np.abs(_wrapped(np.array(newest) - last) - np.median(moved, axis=0))
    even = away.reshape(2, -1) / np.maximum(scale, _LEAST_CHANGE)[:, None]
    by_band = np.sqrt(np.mean(even**2, axis=0))
    band = int(by_band.argmax())
    return float(by_band[band]), band


def _wrapped(change: _Reals) -> _Reals:
    """Bring the phases, the second half of the last axis, between -pi and pi."""
    half = change.shape[-1] // 2
    phases = (change[..., half:] + np.pi) % (2 * np.pi) - np.pi
    return np.concatenate([change[..., :half], phases], axis=-1)
