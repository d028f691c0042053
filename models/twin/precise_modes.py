"""From where descents ended to what is said: modes, intervals, what is determinable."""

import numpy as np
import numpy.typing as npt
import scipy.stats

from models.twin.joint_descent import Descent, JointData, descend
from models.twin.joint_model import JointModel
from models.twin.limits_state import (
    COLDEST_K,
    FIELD_PRIOR_TESLA,
    TEMPERATURE_PRIOR_DEX,
    WARMEST_K,
)
from models.twin.precise_estimate import (
    EstimateState,
    Interval,
    OtherMode,
    PreciseEstimate,
    refused,
)
from models.twin.precise_gate import Explained

Reals = npt.NDArray[np.float64]
Trials = npt.NDArray[np.intp]

LARGEST_EXCESS = 9.0
"""Chi-square that another mode may be worse by and is still told of."""

LARGEST_DEX = 0.2
"""Standard deviation of log10 T from which T is not determinable."""

LARGEST_FIELD_SIGMA_TESLA = 0.5 * FIELD_PRIOR_TESLA
"""Standard deviation of B from which B is not determinable."""

_QUANTILES = (0.05, 0.16, 0.5, 0.84, 0.95)
_APART = 9.0
# Wider than this the posterior of log10 T is no parabola: its profile is followed.
_LARGEST_LAPLACE_DEX = 0.05
_FLAT_DEX = 0.1
_PROFILE_COUNT = 16
_PROFILE_REACH = 4.0
_PROFILE_STEPS = 4
_HELD_RATIO = 1e-5


def conclude(
    model: JointModel,
    data: JointData,
    found: Descent,
    qualities: list[Explained],
    trials: Trials,
) -> PreciseEstimate:
    """Return what is said of one sweep.

    Parameters
    ----------
    qualities
        Of all trials.
    trials
        Those of this sweep, one for each start.
    """
    order = trials[np.argsort(found.costs[trials])]
    best = int(order[0])
    quality = qualities[best]
    if not quality.is_explained:
        return refused(quality.reason, quality)
    covariance = np.linalg.inv(found.information[best])[-2:, -2:]
    others = _other_modes(model, found, order, covariance)
    sigma = np.sqrt(np.diag(covariance))
    temperature = _temperature(model, data.of(order[:1]), found.places[best], sigma[0])
    field = _field(model, found.places[best], FIELD_PRIOR_TESLA * float(sigma[1]))
    state, reason = _state(temperature, field, others, quality)
    return PreciseEstimate(
        state=state,
        reason=reason,
        temperature_k=temperature,
        magnetic_field_tesla=field,
        correlation_ratio=float(covariance[0, 1] / sigma[0] / sigma[1]),
        other_modes=others,
        quality=quality,
    )


def _state(
    temperature: Interval,
    field: Interval,
    others: tuple[OtherMode, ...],
    quality: Explained,
) -> tuple[EstimateState, str]:
    if others:
        first = others[0]
        return EstimateState.AMBIGUOUS, (
            f"{first.temperature_k:.3g} K and"
            f" {1e3 * first.magnetic_field_tesla:.3g} mT explain it as well but for"
            f" {first.chi_square_excess:.2g} of chi-square; {quality.reason}"
        )
    unknown = [
        name
        for name, one in (("temperature", temperature), ("field", field))
        if one.state is EstimateState.NOT_DETERMINABLE
    ]
    if unknown:
        return EstimateState.NOT_DETERMINABLE, (
            f"the sweep tells too little of the {' and the '.join(unknown)};"
            f" {quality.reason}"
        )
    return EstimateState.ESTIMATED, quality.reason


def _other_modes(
    model: JointModel, found: Descent, order: Trials, covariance: Reals
) -> tuple[OtherMode, ...]:
    """Return what lies apart from the best by more than errors, each place once."""
    weight = np.linalg.inv(covariance)
    kept = [int(order[0])]
    others = []
    for trial in order[1:].tolist():
        excess = float(found.costs[trial] - found.costs[kept[0]])
        if not excess < LARGEST_EXCESS:
            break
        apart = found.places[kept][:, -2:] - found.places[trial, -2:]
        if np.einsum("mi,ij,mj->m", apart, weight, apart).min() < _APART:
            continue
        kept.append(trial)
        temperature_k, field_tesla = model.asked_at(found.places[[trial]], -1)
        others.append(
            OtherMode(
                temperature_k=float(temperature_k[0]),
                magnetic_field_tesla=float(field_tesla[0]),
                chi_square_excess=excess,
            )
        )
    return tuple(others)


def _field(model: JointModel, place: Reals, sigma_tesla: float) -> Interval:
    _, (centre_tesla,) = model.asked_at(place[None], -1)
    reach = scipy.stats.norm.ppf(_QUANTILES) * sigma_tesla
    quantiles = centre_tesla + reach
    is_known = sigma_tesla < LARGEST_FIELD_SIGMA_TESLA
    return _interval(quantiles, sigma_tesla, is_known=is_known)


def _temperature(
    model: JointModel, data: JointData, place: Reals, sigma: float
) -> Interval:
    """Return T from Laplace's parabola of log10 T, or from its profile where wide."""
    sigma_dex = TEMPERATURE_PRIOR_DEX * float(sigma)
    if sigma_dex < _LARGEST_LAPLACE_DEX:
        steps = place[-2] + sigma * scipy.stats.norm.ppf(_QUANTILES)
    else:
        steps = _profile_quantiles(model, data, place, sigma)
    origin_k = model.sweeps[-1].temperature_k
    quantiles = origin_k * 10.0 ** (TEMPERATURE_PRIOR_DEX * steps)
    quantiles = np.clip(quantiles, COLDEST_K, WARMEST_K)
    return _interval(quantiles, sigma_dex, is_known=sigma_dex < LARGEST_DEX)


def _profile_quantiles(
    model: JointModel, data: JointData, place: Reals, sigma: float
) -> Reals:
    """Return quantiles of log10 T where everything else is fitted at each T."""
    origin_k = model.sweeps[-1].temperature_k
    bounds = np.log10(np.asarray([COLDEST_K, WARMEST_K]) / origin_k)
    lowest, highest = bounds * (1.0 - 1e-6) / TEMPERATURE_PRIOR_DEX
    reach = _PROFILE_REACH * sigma
    # A cold receiver stands still: there the parabola says nothing of how far.
    is_flat = TEMPERATURE_PRIOR_DEX * sigma > _FLAT_DEX
    low = lowest if is_flat else max(lowest, place[-2] - reach)
    nodes = np.linspace(low, min(highest, place[-2] + reach), _PROFILE_COUNT)
    held = model.with_asked_prior((_HELD_RATIO, 1.0))
    places = np.repeat(place[None], nodes.size, axis=0)
    places[:, -2] = nodes
    many = data.of(np.zeros(nodes.size, dtype=np.intp))
    many.centre[:, -2] = nodes
    found = descend(held, many, places, _PROFILE_STEPS)
    _, volume = np.linalg.slogdet(found.information)
    height = -0.5 * (found.costs + nodes**2 + volume)
    fine = np.linspace(nodes[0], nodes[-1], 50 * nodes.size)
    density = np.exp(np.interp(fine, nodes, height - height.max()))
    share = np.cumsum(density) / density.sum()
    return np.asarray(np.interp(_QUANTILES, share, fine))


def _interval(quantiles: Reals, sigma: float, *, is_known: bool) -> Interval:
    p05, p16, median, p84, p95 = (float(one) for one in quantiles)
    return Interval(
        state=EstimateState.ESTIMATED if is_known else EstimateState.NOT_DETERMINABLE,
        median=median if is_known else None,
        p05=p05,
        p16=p16,
        p84=p84,
        p95=p95,
        sigma=sigma,
    )
