"""Fisher information with nuisances marginalised, in units of the priors.

Every number is measured in its prior's standard deviation, so that a prior is the unit
matrix and no entry depends on a choice of units.
"""

import numpy as np
import numpy.typing as npt
import scipy.linalg

from models.twin.limits_jacobian import SweepSlopes

Reals = npt.NDArray[np.float64]

LARGEST_CONDITION_RATIO = 1e14
"""Condition number beyond which double precision resolves no marginal."""


class UnresolvedError(ArithmeticError):
    """An information matrix is singular, or too near to it for its numbers."""


def marginal_information(information: Reals, kept: int) -> Reals:
    """Return the information on the last numbers when all others are free.

    Parameters
    ----------
    information
        Shape (number, number), symmetric.
    kept
        How many of the last numbers are asked for.

    Returns
    -------
    ndarray
        Schur complement, shape (kept, kept): with the Cholesky factor L it is
        L22 L22^T, without an inverse.

    Raises
    ------
    UnresolvedError
        If the matrix is not finite, not positive definite, or its condition is
        beyond ``LARGEST_CONDITION_RATIO``.
    """
    corner = cholesky(information)[-kept:, -kept:]
    return np.asarray(corner @ corner.T)


def cholesky(information: Reals) -> Reals:
    """Return the lower Cholesky factor of an information matrix, checked.

    Raises
    ------
    UnresolvedError
        As in ``marginal_information``.
    """
    if not np.isfinite(information).all():
        raise UnresolvedError(
            "the information matrix holds a number that is not finite"
        )
    try:
        factor = np.asarray(scipy.linalg.cholesky(information, lower=True))
    except scipy.linalg.LinAlgError:
        raise UnresolvedError("the information matrix is singular") from None
    diagonal = np.diag(factor)
    if (diagonal.max() / diagonal.min()) ** 2 > LARGEST_CONDITION_RATIO:
        raise UnresolvedError("the information matrix is too near to singular")
    return factor


def shared_information(
    reference: SweepSlopes, temperature_prior_ratio: float, field_prior_ratio: float
) -> Reals:
    """Return what a reference sweep tells of the shared constants, priors not counted.

    Parameters
    ----------
    reference
        Derivatives of the reference sweep; its own state is marginalised.
    temperature_prior_ratio, field_prior_ratio
        How well its temperature and its field are known, over the priors of a sweep
        of which nothing is known.

    Returns
    -------
    ndarray
        Shape (constant, constant).
    """
    rows = np.concatenate([reference.shared, reference.asked, reference.state], axis=1)
    information = rows.T @ rows
    size = reference.shared.shape[1]
    precision = np.ones(len(information) - size)
    precision[:2] = [temperature_prior_ratio**-2, field_prior_ratio**-2]
    information[size:, size:] += np.diag(precision)
    return schur_complement(information, size)


def schur_complement(information: Reals, kept: int) -> Reals:
    """Return the information on the first numbers when all others are free.

    Parameters
    ----------
    information
        Shape (number, number), symmetric, priors included.
    kept
        How many of the first numbers are asked for.
    """
    factor = cholesky(information[kept:, kept:])
    crossed = information[kept:, :kept]
    left = scipy.linalg.solve_triangular(factor, crossed, lower=True)
    return np.asarray(information[:kept, :kept] - left.T @ left)


def asked_information(
    sweep: SweepSlopes, shared: Reals | None, *, has_asked_prior: bool = True
) -> Reals:
    """Return the information on log10 T and B, everything else marginalised.

    Parameters
    ----------
    sweep
        Derivatives of the sweep.
    shared
        What other sweeps tell of the shared constants, shape (constant, constant);
        None where the constants are known exactly.
    has_asked_prior
        Whether the priors of log10 T and B count.

    Returns
    -------
    ndarray
        Shape (2, 2), in units of the priors.

    Raises
    ------
    UnresolvedError
        As in ``marginal_information``.
    """
    blocks = [sweep.state, sweep.asked]
    if shared is not None:
        blocks.insert(0, sweep.shared)
    rows = np.concatenate(blocks, axis=1)
    information = rows.T @ rows
    count = information.shape[0] - (0 if has_asked_prior else 2)
    information[np.arange(count), np.arange(count)] += 1.0
    if shared is not None:
        size = shared.shape[0]
        information[:size, :size] += shared
    return marginal_information(information, 2)
