"""Whether a narrow sweep looks like the cavity that it is said to be.

A mode is a circle in the complex plane: ``s(f) = p(f) + c / (1 + 2j Q (f - f0) / f0)``
with a slowly varying ``p``, here a cubic that stands for leakage and cables (Petersan
and Anlage, J. Appl. Phys. 84, 3392 (1998), eq. 1, has a constant). For each f0 and Q of
a grid ``p`` and ``c`` follow from linear least squares.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from instruments.measurement import FrequencyAxis, Sweep, SweepPurpose, TraceArray
from instruments.polling.tracking import ModePosition

_LEAST_POINTS = 21
_LEAST_EXPLAINED = 0.1
_CHANCE_POINTS = 16.0
_LEAST_DEPTH = 0.1
_BACKGROUND_DEGREE = 3
_STEP_LINEWIDTHS = 0.5
_EDGE_LINEWIDTHS = 1.0
_MAX_CENTRES = 81
_Q_RATIOS = (0.5, 1.0, 2.0)
_SPIKE_SIGMAS = 12.0
_NEIGHBOURS = 2

Samples = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeEvidence:
    """What speaks for a mode on a trace.

    Attributes
    ----------
    explained_fraction
        0 to 1: the share of the power left by the background that the best mode takes.
    depth_ratio
        Size of that mode over the typical magnitude of the trace.
    point_count
        Points of the trace; of few points noise alone explains much.
    """

    explained_fraction: float
    depth_ratio: float
    point_count: int

    @property
    def is_convincing(self) -> bool:
        """Whether there is a mode: neither noise nor the tail of something else."""
        # Noise passes with a chance of about (templates) exp(-16), near 1e-5.
        least = max(_LEAST_EXPLAINED, min(_CHANCE_POINTS / self.point_count, 0.5))
        return self.explained_fraction >= least and self.depth_ratio >= _LEAST_DEPTH


def find_mode(
    axis_hz: FrequencyAxis, trace: TraceArray, position: ModePosition
) -> ModeEvidence:
    """Look for a mode on a trace, anywhere but at the edges, with half to twice its Q.

    Parameters
    ----------
    axis_hz
        Frequency axis in Hz, shape (point,).
    trace
        One S-parameter, complex, shape (point,); points that stand alone are ignored.
    position
        Where the mode should be, and how wide.
    """
    linewidth_hz = position.resonant_frequency_hz / position.loaded_q
    detuning = (axis_hz - axis_hz.mean()) / linewidth_hz
    # Rounded, so that a mode that moves by some Hz finds its templates again.
    known = np.round(detuning, 6)
    background, modes, norms = _templates(known.tobytes())
    samples = _without_spikes(np.asarray(trace, np.complex128))
    left = samples - background @ (background.T @ samples)
    power = float(np.vdot(left, left).real)
    overlaps = np.abs(left.conj() @ modes)
    best = int(np.argmax(overlaps)) if overlaps.size else 0
    typical = float(np.median(np.abs(samples)))
    if power <= 0.0 or typical <= 0.0 or not overlaps.size:
        return ModeEvidence(
            explained_fraction=0.0, depth_ratio=0.0, point_count=axis_hz.size
        )
    return ModeEvidence(
        explained_fraction=float(overlaps[best] ** 2) / power,
        depth_ratio=float(overlaps[best] / norms[best]) / typical,
        point_count=axis_hz.size,
    )


def looks_expected(sweep: Sweep, position: ModePosition) -> bool:
    """Tell whether a sweep shows a mode where one should be.

    Wide sweeps, which seldom resolve the mode, and those of less than 21 points are
    given the benefit of the doubt.
    """
    if sweep.purpose is SweepPurpose.WIDE or sweep.point_count < _LEAST_POINTS:
        return True
    return any(
        find_mode(sweep.frequency_hz, trace, position).is_convincing
        for trace in sweep.traces.values()
    )


@lru_cache(maxsize=64)
def _templates(
    packed: bytes,
) -> tuple[npt.NDArray[np.float64], Samples, npt.NDArray[np.float64]]:
    """Return background, modes of unit norm without it, and their norms before."""
    detuning = np.frombuffer(packed, np.float64)
    half = max(float(np.abs(detuning).max()), 1e-9)
    powers = np.vander(detuning / half, _BACKGROUND_DEGREE + 1)
    background = np.linalg.qr(powers)[0]
    reach = max(half - _EDGE_LINEWIDTHS, 0.0)
    count = int(np.clip(2.0 * reach / _STEP_LINEWIDTHS, 1, _MAX_CENTRES))
    centres = np.linspace(-reach, reach, count | 1)
    ratios = np.asarray(_Q_RATIOS)
    grid = 2j * (detuning[:, None, None] - centres[:, None]) * ratios
    modes = (1.0 / (1.0 + grid)).reshape(detuning.size, -1)
    modes = modes - background @ (background.T @ modes)
    norms = np.maximum(np.linalg.norm(modes, axis=0), 1e-6)
    return background, np.asarray(modes / norms), norms


def _without_spikes(trace: Samples) -> Samples:
    """Replace points that stand alone by the median of their neighbourhood."""
    padded = np.pad(trace, _NEIGHBOURS, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEIGHBOURS + 1)
    usual = np.median(around.real, axis=1) + 1j * np.median(around.imag, axis=1)
    apart = np.abs(trace - usual)
    typical = float(np.median(apart))
    return np.where(apart > _SPIKE_SIGMAS * max(typical, 1e-30), usual, trace)
