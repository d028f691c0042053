"""Uncertainties from refits of resampled residuals, to confirm the covariance."""

import math
from dataclasses import replace

import numpy as np

from models.fitting.finding import Finding
from models.fitting.lineshape import Complexes, Line, Reals
from models.fitting.refine import RefinedLine, refine
from models.fitting.window import Window

_SEED = 20_250_304
_LONGEST_BLOCK_SHARE = 0.1


def confirmed(window: Window, finding: Finding, count: int) -> Finding:
    """Replace the covariance by that of refits; driven and double lines keep theirs.

    Residuals are drawn in blocks as long as they remember their neighbours (H. R.
    Kuensch, Ann. Statist. 17, 1217, 1989), with random signs, and weighed as they are
    near the line. The same trace gives the same answer.

    Parameters
    ----------
    count
        Number of refits.
    """
    if finding.driven is not None or finding.modes is not None or count < 2:
        return finding
    refined = finding.refined
    best = window.trace - refined.residual
    draw = np.random.default_rng(_SEED)
    found = [
        _coefficients(
            refine(
                window.offset,
                best + _resampled(refined, draw),
                refined.line,
            ).line
        )
        for _ in range(count)
    ]
    spread = np.cov(np.stack(found), rowvar=False)
    return replace(finding, covariance=np.asarray(spread))


def _resampled(refined: RefinedLine, draw: np.random.Generator) -> Complexes:
    residual = refined.residual
    size = residual.size
    memory = (1.0 + refined.correlation) / (1.0 - refined.correlation)
    block = int(min(max(math.ceil(memory), 1), max(size * _LONGEST_BLOCK_SHARE, 1)))
    starts = draw.integers(0, size - block + 1, size // block + 1)
    signs = np.repeat(draw.choice((-1.0, 1.0), starts.size), block)[:size]
    picked = (starts[:, None] + np.arange(block)).ravel()[:size]
    return np.asarray(residual[picked] * signs)


def _coefficients(line: Line) -> Reals:
    parts = [line.amplitudes.real, line.amplitudes.imag]
    searched = [line.centre, math.log(line.half_width)]
    if line.shape.fits_phase:
        searched.append(line.phase_slope)
    return np.concatenate([*parts, searched])
