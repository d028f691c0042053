"""Which coordinates and which doubt serve best, told by cycles left out."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.coordinates.signal import Flags, Reals
from models.emulation.healthy import (
    HealthyEmulator,
    HealthySweeps,
    Settings,
    fit_emulator,
    folds_of,
    tempered,
)
from models.emulation.posterior import Posterior
from models.emulation.reading import PosteriorReader

ORDERS = (2, 4, 7, 14, 20)
"""Highest Legendre orders that are tried."""

SHRINKAGES = (0.03, 0.1, 0.3)
"""Shares of no correlation that are tried."""

TEMPERINGS = (1.0, 0.7, 0.5, 0.35, 0.25, 0.17, 0.1)
"""Powers of the likelihood that are tried."""

FROZEN_SHARES = (0.0, *(float(share) for share in np.arange(0.1, 0.96, 0.05)))
"""Shares of the temperature axis that are tried as telling nothing."""

_LEAST_GAIN = 0.02
_FOLDS = 5
_MOST_SWEEPS = 300
_LEAST_LOG_DENSITY = -6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen.

    Attributes
    ----------
    order
        Highest Legendre order that temperature and field are judged by.
    score
        Mean log density at the truth on left-out cycles, per dex.
    frozen_share
        Share of the temperature axis, from its cold end, in which nothing moves.
    """

    settings: Settings
    order: int
    tempering: float
    score: float
    frozen_share: float = 0.0


def choose(sweeps: HealthySweeps, order_of: npt.NDArray[np.intp]) -> Choice:
    """Choose settings by the log density that left-out cycles get at the truth.

    Parameters
    ----------
    order_of
        Legendre order of each coordinate, 0 for what is no Legendre coefficient.
    """
    plain = Settings()
    if float(np.ptp(sweeps.place)) == 0.0 or np.unique(sweeps.cycle).size < 3:
        return Choice(settings=plain, order=ORDERS[-1], tempering=0.5, score=0.0)
    best = None
    for order in ORDERS:
        found = _scored(sweeps, order_of, order, plain)
        if best is None or found.score > best.score:
            best = found
    assert best is not None
    for shrinkage in SHRINKAGES:
        settings = Settings(shrinkage=shrinkage)
        if settings != plain:
            found = _scored(sweeps, order_of, best.order, settings)
            if found.score > best.score:
                best = found
    frozen = _scored(sweeps, order_of, best.order, best.settings, FROZEN_SHARES)
    return frozen if frozen.score > best.score + _LEAST_GAIN else best


def fit_chosen(
    sweeps: HealthySweeps, choice: Choice, order_of: npt.NDArray[np.intp]
) -> HealthyEmulator:
    """Fit an emulator as chosen."""
    used = np.asarray(order_of <= choice.order)
    fitted = fit_emulator(sweeps, choice.settings, used)
    return tempered(fitted, choice.tempering, choice.frozen_share)


def _scored(
    sweeps: HealthySweeps,
    order_of: npt.NDArray[np.intp],
    order: int,
    settings: Settings,
    frozen_shares: tuple[float, ...] = (0.0,),
) -> Choice:
    fold = folds_of(sweeps.cycle, _FOLDS)
    step = max(fold.size // _MOST_SWEEPS, 1)
    used = np.asarray(order_of <= order)
    scores = np.zeros((len(frozen_shares), len(TEMPERINGS)))
    count = 0
    for index in range(int(fold.max()) + 1):
        out = np.flatnonzero(fold == index)[::step]
        emulator = fit_emulator(sweeps.taken(fold != index), settings, used)
        count += out.size
        scores += _scores(emulator, sweeps, out, frozen_shares)
    scores /= max(count, 1)
    frozen, best = np.unravel_index(scores.argmax(), scores.shape)
    return Choice(
        settings=settings,
        order=order,
        tempering=TEMPERINGS[best],
        score=float(scores[frozen, best]),
        frozen_share=frozen_shares[frozen],
    )


def _scores(
    emulator: HealthyEmulator,
    sweeps: HealthySweeps,
    rows: npt.NDArray[np.intp],
    frozen_shares: tuple[float, ...],
) -> Reals:
    """Return the sum of log densities at the truth, (frozen share, tempering)."""
    values = sweeps.values[rows]
    posterior = PosteriorReader(emulator, _common(values)).read(values)
    low, high = emulator.place_range
    found = np.empty((len(frozen_shares), len(TEMPERINGS)))
    for column, tempering in enumerate(TEMPERINGS):
        heated = replace(posterior, density=posterior.density**tempering)
        for row, share in enumerate(frozen_shares):
            below = low + share * (high - low)
            logs = log_density(
                heated.frozen(below) if share else heated, sweeps.place[rows]
            )
            found[row, column] = np.maximum(logs, _LEAST_LOG_DENSITY).sum()
    return found


def log_density(posterior: Posterior, place: Reals) -> Reals:
    """Return the log of the density at places of the temperature axis, (sweep,)."""
    steps = np.diff(posterior.places, axis=1)
    middle = 0.5 * (posterior.density[:, 1:] + posterior.density[:, :-1])
    total = np.log(np.maximum((middle * steps).sum(axis=1), 1e-300))
    at = np.array(
        [
            np.interp(each, places, density)
            for each, places, density in zip(
                place, posterior.places, posterior.density, strict=True
            )
        ]
    )
    return np.asarray(np.log(np.maximum(at, 1e-300)) - total)


def _common(values: Reals) -> Flags:
    """Return the coordinates that most of the sweeps have."""
    return np.asarray(np.isfinite(values).mean(axis=0) > 0.5)
