"""Which sweep of an archive is the reference of which."""

import numpy as np
import numpy.typing as npt

from instruments.files import LabelledArchive


def references_of(archive: LabelledArchive) -> npt.NDArray[np.intp]:
    """Return the reference of every sweep, -1 where there is none; shape (sweep,).

    It is the newest reference of the same cavity and thermal cycle that is not later
    than the sweep, else the first later one; a sweep is its own only where it is the
    only one.
    """
    found = np.full(archive.sweep_count, -1, dtype=np.intp)
    keys = np.char.add(np.char.add(archive.cavity, "\0"), archive.thermal_cycle)
    for key in np.unique(keys):
        sweeps = np.flatnonzero(keys == key)
        known = sweeps[archive.is_reference[sweeps]]
        if known.size == 0:
            continue
        known = known[np.argsort(archive.measured_at[known], kind="stable")]
        for sweep in sweeps:
            others = known[known != sweep]
            earlier = others[archive.measured_at[others] <= archive.measured_at[sweep]]
            if others.size:
                found[sweep] = earlier[-1] if earlier.size else others[0]
            else:
                found[sweep] = sweep
    return found
