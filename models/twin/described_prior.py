"""What a description, or a fitted twin, leaves open of a receiver's constants."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instruments.simulation.physics.chain import ReceiverHardware, list_constants
from models.twin.description import Description
from models.twin.joint_prior import SharedPrior
from models.twin.limits_map import Knowledge
from models.twin.parameters import cycle_constants, hardware_constants

Reals = npt.NDArray[np.float64]

_ROUNDING = 1e-5
_LEAST_EIGENVALUE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedTwin:
    """A receiver, and what is uncertain about it in a new thermal cycle.

    Attributes
    ----------
    hardware
        The receiver.
    shared
        Its uncertain constants.
    """

    hardware: ReceiverHardware
    shared: SharedPrior


def described_twin(
    receiver: ReceiverHardware, description: Description, knowledge: Knowledge
) -> DescribedTwin:
    """Return a receiver with the constants of a description, and their uncertainty.

    What a thermal cycle moves is free with its spread; to that comes what the file
    says: each constant's ``sigma``, or the whole ``covariance`` in their order.

    Parameters
    ----------
    receiver
        What the description does not name stays as in this one.
    knowledge
        Whether everything else is known exactly, or as bought.

    Raises
    ------
    UnusableDescriptionError
        If it describes another receiver, or its covariance is none.
    """
    hardware = description.applied_to(receiver)
    try:
        shared = _prior(hardware, knowledge, description)
    except ValueError as error:
        raise description.refusal(error) from None
    return DescribedTwin(hardware=hardware, shared=shared)


def _prior(
    hardware: ReceiverHardware,
    knowledge: Knowledge,
    description: Description,
) -> SharedPrior:
    moved = {known.name: known.prior_sigma for known in cycle_constants(hardware)}
    bought = {}
    if knowledge is Knowledge.CATALOGUE:
        bought = {one.name: one.prior_sigma for one in hardware_constants(hardware)}
    known = []
    variances = []
    for one in list_constants(hardware):
        # What was fitted is no longer known as bought.
        fitted = description.sigmas.get(one.name, 0.0)
        own = 0.0 if fitted > 0.0 else bought.get(one.name, 0.0)
        variance = moved.get(one.name, 0.0) ** 2 + own**2
        if variance > 0.0 or fitted > 0.0:
            known.append(one)
            variances.append(variance)
    names = tuple(one.name for one in known)
    matrix = np.diag(variances) + _fitted(names, description)
    return SharedPrior(
        names=names,
        centre=np.asarray([one.value for one in known]),
        factor=_factor(matrix),
        low=np.asarray([one.low for one in known]),
        high=np.asarray([one.high for one in known]),
    )


def _fitted(names: tuple[str, ...], description: Description) -> Reals:
    """Return the covariance of a fit, rows in the order of the names."""
    sigmas, covariance = description.sigmas, description.covariance
    if covariance is None:
        return np.diag([sigmas.get(name, 0.0) ** 2 for name in names])
    order = {name: index for index, name in enumerate(sigmas)}
    found = np.zeros((len(names), len(names)))
    rows = [row for row, name in enumerate(names) if name in order]
    theirs = [order[names[row]] for row in rows]
    found[np.ix_(rows, rows)] = covariance[np.ix_(theirs, theirs)]
    return found


def _factor(covariance: Reals) -> Reals:
    """Return the lower factor, worked out where all numbers are of one size.

    A fit's covariance is the inverse of an information matrix, and as good as rounding
    leaves it: constants that are known in sum only have eigenvalues of nothing.
    """
    sigma = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(sigma, sigma)
    try:
        values, vectors = np.linalg.eigh(0.5 * (correlation + correlation.T))
        known = (vectors * np.maximum(values, _LEAST_EIGENVALUE)) @ vectors.T
        factor = np.linalg.cholesky(known)
    except np.linalg.LinAlgError:
        raise ValueError("covariance is not a covariance: it is not finite") from None
    if values[0] < -_ROUNDING:
        raise ValueError("covariance is not positive definite")
    return np.asarray(sigma[:, None] * factor)
