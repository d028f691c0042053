"""The simplest explanation of a trace that its residuals leave standing."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from models.fitting.crossing import TwoModes, fit_two_modes
from models.fitting.departure import Departure, departure_of, wander_of
from models.fitting.lineshape import Line, LineShape, Reals, angular_weights
from models.fitting.power import DrivenLine, fit_saturating, fit_shifted
from models.fitting.refine import (
    RefinedLine,
    correlation_of,
    line_of,
    refine,
    structure,
)
from models.fitting.search import find_candidate
from models.fitting.spread import covariance
from models.fitting.window import Window

_LEAST_SHIFT = 0.03
_LEAST_LOSS = 0.1
_LEAST_WANDER = 0.01
_WIDEST = 0.5
_WIDEST_SHIFTED = 0.2
_LEAST_STRUCTURE = 0.03
_STRONG_EVIDENCE = 20.0
_WIDER = 4.0
_SETTLED = 0.003
_INTRUDER_WIDTHS = 2.0
_INTRUDER_HEIGHT = 0.03
_INTRUDER_SIGNIFICANCE = 40.0


@dataclass(frozen=True, slots=True)
class Finding:
    """A line, how well it is known, and what else the trace shows.

    Attributes
    ----------
    covariance
        Of the line's coefficients, shape (coefficient, coefficient).
    departure
        What the residuals of the Lorentzian show.
    driven, modes
        The driven line or the two modes that replaced it, at most one of them.
    """

    refined: RefinedLine
    covariance: Reals
    departure: Departure
    driven: DrivenLine | None = None
    modes: TwoModes | None = None


def explain(window: Window, refined: RefinedLine, *, richer: bool = True) -> Finding:
    """Explain a trace; by a richer line where allowed and the residuals call for it."""
    plain, calls = _lorentzian(window, refined)
    if not (richer and calls) or refined.line.half_width > _WIDEST:
        return plain
    if refined.line.shape is not LineShape.CURVED:
        # A driven line comes with curved leakage, which must not pass for the drive.
        curved, calls_still = _lorentzian(window, _curved(window, refined.line))
        is_line = curved.refined.line.half_width < _WIDEST
        if is_line and _preferred(window, [plain, curved], plain) is curved:
            plain, calls = curved, calls_still
    return _best(window, plain, is_rough=_is_rough(window, plain)) if calls else plain


def _lorentzian(window: Window, refined: RefinedLine) -> tuple[Finding, bool]:
    """Return a Lorentzian as a finding, and whether it calls for a richer line."""
    wander = wander_of(window.offset, refined)
    plain = Finding(
        refined,
        covariance(window.offset, refined),
        Departure(wander_fraction=wander),
    )
    is_shaken = wander > _LEAST_WANDER * refined.line.half_width
    if refined.is_white or (is_shaken and not _is_structured(refined)):
        return plain, False
    departure = departure_of(window.offset, refined)
    plain = replace(plain, departure=departure)
    is_driven = (
        abs(departure.shift_ratio) > _LEAST_SHIFT
        or abs(departure.loss_ratio) > _LEAST_LOSS
    )
    return plain, is_driven or _is_rough(window, plain)


def _curved(window: Window, line: Line) -> RefinedLine:
    phase = line.phase_slope if line.shape.has_line else 0.0
    start = line_of(LineShape.CURVED, line.centre, line.half_width, phase)
    return refine(window.offset, window.trace, start)


def _is_structured(refined: RefinedLine) -> bool:
    height = float(abs(refined.line.amplitudes[1]))
    return structure(refined.residual) > _LEAST_STRUCTURE * height


def _is_rough(window: Window, finding: Finding) -> bool:
    refined = finding.refined
    return _is_structured(refined) or _has_intruder(window, refined)


def _has_intruder(window: Window, refined: RefinedLine) -> bool:
    """Tell whether a small second line stands out of the residuals, off the first."""
    second = find_candidate(window.offset, refined.residual)
    line = refined.line
    if abs(second.centre - line.centre) < _INTRUDER_WIDTHS * line.half_width:
        return False
    energy = float(np.vdot(refined.residual, refined.residual).real)
    height = second.height(window.offset, refined.residual)
    is_tall = height > _INTRUDER_HEIGHT * float(abs(line.amplitudes[1]))
    is_clear = second.explained * energy > _INTRUDER_SIGNIFICANCE * _noise(refined)
    return is_tall and is_clear


def _noise(refined: RefinedLine) -> float:
    """Return the noise power of a point, from differences of neighbours."""
    change = np.diff(refined.residual, 2)
    return float(np.median(np.abs(change) ** 2)) / 6.0 / math.log(2.0)


def _best(window: Window, plain: Finding, *, is_rough: bool) -> Finding:
    found = [plain]
    for candidate in _candidates(window, plain, is_rough=is_rough):
        found.append(candidate)
        line = candidate.refined.line
        if structure(candidate.refined.residual) < _SETTLED * abs(line.amplitudes[1]):
            break
    return _preferred(window, found, plain)


def _preferred(window: Window, found: list[Finding], plain: Finding) -> Finding:
    line = plain.refined.line
    weights = angular_weights(window.offset, line.centre, _WIDER * line.half_width)
    return min(found, key=lambda finding: _penalty(finding, found, weights))


def _candidates(window: Window, plain: Finding, *, is_rough: bool) -> Iterator[Finding]:
    """Yield richer explanations, the likelier and cheaper ones first."""
    offset, trace, refined = window.offset, window.trace, plain.refined
    departure = plain.departure
    if is_rough or departure.loss_ratio < 0.0:
        yield _with_drive(plain, fit_saturating(offset, trace, refined))
    # Of a wider line the tilt is not told from the bend of its surroundings.
    is_narrow = refined.line.half_width < _WIDEST_SHIFTED
    if is_narrow and (is_rough or departure.shift_ratio):
        drive = fit_shifted(offset, trace, refined, departure)
        if drive.is_shifted:
            yield _with_drive(plain, drive)
    if is_rough:
        modes = fit_two_modes(offset, trace, refined)
        if modes.are_distinct:
            yield replace(
                plain,
                refined=modes.refined,
                covariance=modes.covariance,
                modes=modes,
            )


def _with_drive(plain: Finding, drive: DrivenLine) -> Finding:
    return replace(
        plain, refined=drive.refined, covariance=drive.covariance, driven=drive
    )


def _penalty(finding: Finding, others: list[Finding], weights: Reals) -> float:
    """Return the Bayesian information criterion, up to a constant."""
    # The best explanation tells how many samples are independent.
    rest = min(correlation_of(other.refined.residual) for other in others)
    size = finding.refined.residual.size
    count = 2.0 * size * (1.0 - rest) / (1.0 + rest)
    error = float(weights @ np.abs(finding.refined.residual) ** 2) + 1e-20 * size
    richness = finding.covariance.shape[0]
    is_rich = finding.driven is not None or finding.modes is not None
    return float(
        count * math.log(error)
        + richness * math.log(max(count, 2.0))
        + _STRONG_EVIDENCE * is_rich
    )
