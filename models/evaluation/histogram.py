"""Predictive distributions as histograms: CRPS, density loss and PIT, exactly.

Inside of a bin the density is constant, so the distribution function is a chain of
straight lines and every integral below has a closed form.
"""

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]


def cumulative(probabilities: Reals) -> Reals:
    """Return the distribution function at the edges, (sweep, bin) to (sweep, edge)."""
    total = np.zeros((probabilities.shape[0], probabilities.shape[1] + 1))
    np.cumsum(probabilities, axis=1, out=total[:, 1:])
    return np.asarray(total / total[:, -1:])


def histogram_pit(probabilities: Reals, edges: Reals, truth: Reals) -> Reals:
    """Return the distribution function at the truth (PIT), shape (sweep,).

    Parameters
    ----------
    probabilities
        Shape (sweep, bin); rows need not be normalised.
    edges
        Rising, shape (bin + 1,).
    truth
        In the unit of the edges, shape (sweep,).
    """
    below, share, step = _placed(cumulative(probabilities), edges, truth)
    return below + share * step


def histogram_crps(probabilities: Reals, edges: Reals, truth: Reals) -> Reals:
    """Return the continuous ranked probability score, shape (sweep,).

    The integral of (F(y) - [y >= truth])^2 over y, in the unit of the edges; for a
    point it is the absolute error.
    """
    rising = cumulative(probabilities)
    widths = np.diff(edges)
    left = _integral_of_square(rising[:, :-1], rising[:, 1:], widths)
    right = _integral_of_square(1.0 - rising[:, :-1], 1.0 - rising[:, 1:], widths)
    row = np.arange(truth.size)
    place = _bin_of(edges, truth)
    inside = np.clip(truth, edges[0], edges[-1])
    at = histogram_pit(probabilities, edges, inside)
    start, stop = rising[row, place], rising[row, place + 1]
    before = _integral_of_square(start, at, inside - edges[place])
    after = _integral_of_square(1.0 - at, 1.0 - stop, edges[place + 1] - inside)
    lower = np.cumsum(left, axis=1)[row, place] - left[row, place]
    upper = np.cumsum(right[:, ::-1], axis=1)[:, ::-1][row, place] - right[row, place]
    return np.asarray(lower + before + after + upper + np.abs(truth - inside))


def histogram_cde_loss(probabilities: Reals, edges: Reals, truth: Reals) -> Reals:
    """Return each sweep's part of the conditional density loss, shape (sweep,).

    The integral of p(y)^2 over y less 2 p(truth) (Izbicki and Lee 2017); lower is
    better, zero is what no density at all would get.
    """
    widths = np.diff(edges)
    density = np.diff(cumulative(probabilities), axis=1) / widths
    at = density[np.arange(truth.size), _bin_of(edges, truth)]
    outside = (truth < edges[0]) | (truth > edges[-1])
    return np.asarray(
        (density**2 * widths).sum(axis=1) - 2.0 * np.where(outside, 0, at)
    )


def histogram_quantile(probabilities: Reals, edges: Reals, level: float) -> Reals:
    """Return one quantile, shape (sweep,)."""
    rising = cumulative(probabilities)
    place = (rising[:, 1:] < level).sum(axis=1).clip(max=edges.size - 2)
    row = np.arange(place.size)
    start, stop = rising[row, place], rising[row, place + 1]
    share = (level - start) / np.maximum(stop - start, 1e-12)
    return np.asarray(edges[place] + share.clip(0, 1) * np.diff(edges)[place])


def histogram_of_quantiles(quantiles: Reals, levels: Reals, edges: Reals) -> Reals:
    """Return the histogram that a few quantiles tell of.

    Straight between them, exponential beyond the outermost two, at the rate of these;
    what lies off the grid counts in its end bins.

    Parameters
    ----------
    quantiles
        Rising along each row, shape (sweep, level).
    levels
        Probabilities of the quantiles, shape (level,).
    edges
        Shape (bin + 1,).

    Returns
    -------
    ndarray
        Probabilities, shape (sweep, bin).
    """
    rising = np.empty((quantiles.shape[0], edges.size))
    # Quantiles that coincide would make a step of no width.
    least = 1e-6 * (edges[-1] - edges[0])
    known = np.maximum.accumulate(quantiles + least * np.arange(levels.size), axis=1)
    for row, points in enumerate(known):
        rising[row] = np.interp(edges, points, levels)
    low = (known[:, 1] - known[:, 0]) / np.log(levels[1] / levels[0])
    high = (known[:, -1] - known[:, -2]) / np.log((1 - levels[-2]) / (1 - levels[-1]))
    under = (edges - known[:, :1]) / low[:, None]
    over = (edges - known[:, -1:]) / high[:, None]
    rising = np.where(under < 0, levels[0] * np.exp(np.minimum(under, 0)), rising)
    tail = 1.0 - (1.0 - levels[-1]) * np.exp(-np.maximum(over, 0))
    rising = np.where(over > 0, tail, rising)
    rising[:, 0], rising[:, -1] = 0.0, 1.0
    return np.asarray(np.diff(rising, axis=1))


def _bin_of(edges: Reals, truth: Reals) -> npt.NDArray[np.intp]:
    return np.clip(np.searchsorted(edges, truth, "right") - 1, 0, edges.size - 2)


def _placed(rising: Reals, edges: Reals, truth: Reals) -> tuple[Reals, Reals, Reals]:
    place = _bin_of(edges, truth)
    row = np.arange(truth.size)
    share = (truth - edges[place]) / np.diff(edges)[place]
    start = rising[row, place]
    return start, share.clip(0.0, 1.0), rising[row, place + 1] - start


def _integral_of_square(start: Reals, stop: Reals, width: Reals) -> Reals:
    return np.asarray(width * (start**2 + start * stop + stop**2) / 3.0)
