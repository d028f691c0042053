"""What a condition is told from: departures from health, whitened and pressed.

A failure of a connection has another delay and phase in every thermal cycle, so a few
cycles show only a few of the directions that it may depart in. Beside the departures
themselves stand numbers that such a failure leaves alike: how far each trace departs in
each kind of coordinate, the power of each order of its ripple whatever the phase, and
how alike the traces depart, which tells what they share.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from models.coordinates import CoordinateForm
from models.coordinates.signal import Reals
from models.emulation import HealthyEmulator
from models.emulation.posterior import Posterior

Indices: TypeAlias = npt.NDArray[np.intp]

_RIPPLE_ORDER = 3
_LEAST_SHARED_ORDER = 2
_LEAST_POWER = 1e-6
_KINDS = 3


def pressed(values: Reals) -> Reals:
    """Press large departures, keep small ones: sign(x) ln(1 + |x|), same shape."""
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def orders_of(form: CoordinateForm) -> Indices:
    """Return the Legendre order of each coordinate, 0 for what is none."""
    found = []
    for name in form.names:
        kind, _, order = name.split(" ")[-1].rpartition("_")
        found.append(
            int(order) if kind in {"level", "phase"} and order.isdigit() else 0
        )
    return np.array(found, dtype=np.intp)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureForm:
    """What is looked at together.

    Attributes
    ----------
    means
        Squared residuals to their means over the coordinates of a trace that are of one
        kind: slow over the band, ripple, echoes and modes; shape (coordinate, group).
    ripple
        Coordinates that two traces may share, shape (trace, name): orders of level,
        then the same orders of phase. Traces without a smooth part have none.
    spread
        Of healthy sweeps in these, shape (trace, name).
    trace_count
        Traces of the form.
    """

    means: Reals
    ripple: Indices
    spread: Reals
    trace_count: int

    @property
    def further(self) -> int:
        """Features beside residuals, texture, place and chi-square."""
        rippled, names = self.ripple.shape
        groups, pairs = self.means.shape[1], _pairs_of(self.trace_count)
        own = groups + 2 * self.trace_count + pairs
        return int(own + _pairs_of(rippled) + rippled * (names // 2))

    @classmethod
    def of(cls, form: CoordinateForm, emulator: HealthyEmulator) -> "FeatureForm":
        """Find what belongs together in a form."""
        order = orders_of(form)
        last = [name.split(" ")[-1] for name in form.names]
        followed = np.array([name.startswith(("echo_", "mode_")) for name in last])
        kind = np.where(followed, 2, order >= _RIPPLE_ORDER)
        group = form.trace_of * _KINDS + kind
        known = np.unique(group)
        member = (group[:, None] == known).astype(np.float64)
        ripple = _ripple(form, order)
        variance = np.median(
            np.diagonal(emulator.covariances, axis1=1, axis2=2), axis=0
        )
        return cls(
            means=member / member.sum(axis=0),
            ripple=ripple,
            spread=(np.sqrt(variance) * emulator.scale)[ripple],
            trace_count=len(form.traces),
        )


def _pairs_of(count: int) -> int:
    return count * (count - 1) // 2


def _ripple(form: CoordinateForm, order: Indices) -> Indices:
    """Return the numbers of the orders of level and phase, trace by trace."""
    place = {name: number for number, name in enumerate(form.names)}
    orders = range(_LEAST_SHARED_ORDER, int(order.max(initial=0)) + 1)
    found = [
        [
            place[f"{trace} {what}_{each}"]
            for what in ("level", "phase")
            for each in orders
        ]
        for trace, own in form.traces.items()
        if own.logarithmic
    ]
    return np.array(found, dtype=np.intp).reshape(len(found), 2 * len(orders))


def condition_features(
    posterior: Posterior, texture: Reals, form: FeatureForm
) -> Reals:
    """Return the features of sweeps, shape (sweep, feature).

    Parameters
    ----------
    posterior
        Of the healthy emulator: its residuals say what no temperature and field of a
        healthy receiver explains.
    texture
        Power in bands of delay over that of healthy sweeps, in their spreads, shape
        (sweep, texture); 0 where a trace is missing.
    """
    chi = np.log(np.maximum(posterior.chi_square, 1e-6))
    places = np.stack([posterior.best_place, chi], axis=1)
    powers = pressed(texture)
    return np.concatenate(
        [
            pressed(posterior.residuals),
            powers,
            places,
            np.log1p(posterior.residuals**2 @ form.means),
            _of_texture(powers, form.trace_count),
            *_of_ripple(posterior.departures, form),
        ],
        axis=1,
    )


def _of_texture(powers: Reals, traces: int) -> Reals:
    """Return most and mean of each trace's bands, and most of what two traces share."""
    # The last number of each trace is its noise.
    bands = powers.reshape(powers.shape[0], traces, -1)[:, :, :-1]
    found = [bands.max(axis=2), bands.mean(axis=2)]
    if traces > 1:
        one, two = np.array(list(combinations(range(traces), 2))).T
        found.append(np.minimum(bands[:, one], bands[:, two]).max(axis=2))
    return np.concatenate(found, axis=1)


def _of_ripple(departures: Reals, form: FeatureForm) -> tuple[Reals, Reals]:
    """Return how unlike two traces depart, and the power of each order of ripple."""
    own = departures[:, form.ripple]
    count, traces, names = own.shape
    even = ((own / form.spread) ** 2).reshape(count, traces, 2, names // 2)
    orders = 0.5 * np.log1p(even.sum(axis=2)).reshape(count, -1)
    if traces < 2:
        return np.zeros((count, 0)), orders
    one, two = np.array(list(combinations(range(traces), 2))).T
    power = (own**2).sum(axis=2)
    apart = ((own[:, one] - own[:, two]) ** 2).sum(axis=2) + _LEAST_POWER
    return np.log(apart / (power[:, one] + power[:, two] + _LEAST_POWER)), orders
