"""Which assemblies are alike across classes: a load moved from port to port."""

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from models.fingerprint.view import Reals

_LEAST_FAMILIES = 3


def families_of(distances: Reals) -> npt.NDArray[np.intp]:
    """Group assemblies by mutual distance, cut where merging grows dear.

    Leaving one family out is what a part looks like that was never seen at any port.

    Parameters
    ----------
    distances
        Shape (assembly, assembly).

    Returns
    -------
    ndarray
        Number of the family of each assembly, from 0.
    """
    count = len(distances)
    if count < 2 * _LEAST_FAMILIES:
        return np.arange(count)
    even = 0.5 * (distances + distances.T)
    even = even - even[~np.eye(count, dtype=np.bool_)].min()
    np.fill_diagonal(even, 0.0)
    tree = linkage(squareform(even, checks=False), "average")
    heights = tree[:, 2]
    # Merge number i leaves count - i - 1 families.
    first, last = count // 4, count - _LEAST_FAMILIES
    gaps = heights[first + 1 : last + 1] - heights[first:last]
    cut = first + int(np.argmax(gaps))
    limit = 0.5 * (heights[cut] + heights[cut + 1])
    return np.asarray(fcluster(tree, limit, "distance") - 1, dtype=np.intp)
