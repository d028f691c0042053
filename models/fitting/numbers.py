"""From a finding to the numbers and flags of an estimate."""

import math
from collections.abc import Iterator
from dataclasses import replace

from models.diagnosis import (
    ResonanceEstimate,
    ResonanceFlag,
    ResonanceKind,
    ResonanceState,
)
from models.fitting.coupling import circle, couple, overcoupled_probability, rotation
from models.fitting.driven import FOLD
from models.fitting.finding import Finding
from models.fitting.lineshape import Line
from models.fitting.spread import root_of
from models.fitting.window import Window

_LEAST_LOSS_RATIO = 0.02
_LEAST_WANDER = 0.01
_LARGEST_ROTATION_EFFECT = 0.1


def numbers(
    window: Window,
    finding: Finding,
    *,
    kind: ResonanceKind,
    through_magnitude: float | None,
    masked_point_count: int,
) -> ResonanceEstimate:
    """Return the estimate of a finding, still without verdict.

    Parameters
    ----------
    through_magnitude
        |S21| of a through, in units of the window's trace; None where unknown.
    """
    line, spread = finding.refined.line, finding.covariance
    first = 2 * line.amplitudes.size
    loaded_q = window.loaded_q(line.centre, line.half_width)
    is_through = kind is ResonanceKind.TRANSMISSION
    estimate = ResonanceEstimate(
        state=ResonanceState.OK,
        kind=kind,
        resonant_frequency_hz=window.frequency(line.centre),
        resonant_frequency_sigma_hz=window.half_span_hz * root_of(spread[first, first]),
        loaded_q=loaded_q,
        loaded_q_sigma=loaded_q * root_of(spread[first + 1, first + 1]),
        overcoupled_probability=overcoupled_probability(kind, line, spread),
        asymmetry_rad=None if is_through else rotation(line),
        line_delay_s=_delay_s(window, line),
        line_shape=line.shape.value,
        flags=tuple(sorted(_flags(finding, kind, masked_point_count))),
        masked_point_count=masked_point_count,
    )
    coupling = couple(kind, line, spread, loaded_q, through_magnitude)
    if coupling is not None:
        estimate = replace(
            estimate,
            unloaded_q=coupling.unloaded_q,
            unloaded_q_sigma=coupling.unloaded_q_sigma,
            coupling_q=coupling.coupling_q,
            coupling_q_sigma=coupling.coupling_q_sigma,
            coupling_beta=coupling.coupling_beta,
            coupling_beta_sigma=coupling.coupling_beta_sigma,
        )
    return _with_extras(estimate, window, finding)


def _with_extras(
    estimate: ResonanceEstimate, window: Window, finding: Finding
) -> ResonanceEstimate:
    if (drive := finding.driven) is not None and drive.shift_ratio:
        return replace(
            estimate,
            drive_ratio=drive.shift_ratio / FOLD,
            drive_ratio_sigma=drive.shift_ratio_sigma / FOLD,
        )
    if (modes := finding.modes) is not None:
        rate = modes.coupling_rate if modes.are_crossing else None
        return replace(
            estimate,
            second_frequency_hz=window.frequency(modes.second_centre),
            second_loaded_q=window.loaded_q(
                modes.second_centre, modes.second_half_width
            ),
            mode_coupling_hz=None if rate is None else rate * window.half_span_hz,
        )
    if ResonanceFlag.SMEARED in estimate.flags:
        wander_hz = finding.departure.wander_fraction * window.half_span_hz
        return replace(estimate, frequency_wander_hz=wander_hz)
    return estimate


def _flags(
    finding: Finding, kind: ResonanceKind, masked: int
) -> Iterator[ResonanceFlag]:
    departure, line = finding.departure, finding.refined.line
    loss = departure.loss_ratio
    if masked:
        yield ResonanceFlag.POINTS_MASKED
    if (drive := finding.driven) is not None:
        yield ResonanceFlag.DRIVEN if drive.shift_ratio else ResonanceFlag.SATURATING
        loss = 0.0
        if drive.is_folded:
            yield ResonanceFlag.BIFURCATED
    if finding.modes is not None:
        yield ResonanceFlag.SECOND_MODE
        if finding.modes.are_crossing:
            yield ResonanceFlag.CROSSING
    elif abs(loss) > _LEAST_LOSS_RATIO:
        yield ResonanceFlag.SATURATING
    is_lorentzian = finding.driven is None and finding.modes is None
    if is_lorentzian and departure.wander_fraction > _LEAST_WANDER * line.half_width:
        yield ResonanceFlag.SMEARED
    if kind is not ResonanceKind.TRANSMISSION and _is_rotated(kind, line):
        yield ResonanceFlag.ROTATED


def _is_rotated(kind: ResonanceKind, line: Line) -> bool:
    """Tell whether the two readings of a rotated circle part."""
    full = 2.0 if kind is ResonanceKind.REFLECTION else 1.0
    vector = circle(line)
    whole, along = abs(vector), vector.real
    if whole >= full or along <= 0.0:
        return True
    # Q_0 = Q_L full / (full - d), for both readings of d.
    return (whole - along) / (full - along) > _LARGEST_ROTATION_EFFECT


def _delay_s(window: Window, line: Line) -> float | None:
    if not line.shape.has_line:
        return None
    phase = line.phase_slope
    if not line.shape.fits_phase:
        phase += float((line.amplitudes[2] / line.amplitudes[0]).imag)
    return -phase / (2.0 * math.pi * window.half_span_hz)
