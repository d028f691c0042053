"""What an export of the service tells of a sweep that nobody called it: not learnt."""

import numpy as np

from instruments.files import LabelledArchive

_EXPORTED = "sweep_id"
_FORMER = "diagnosed_"
_OWN = frozenset(
    {
        "received_at",
        "if_bandwidth_hz",
        "source_power_dbm",
        "averaging_count",
        "sweep_time_s",
        "condition:start_lateness_s",
        "resonant_frequency_hz",
        "resonant_frequency_sigma_hz",
        "loaded_q",
        "loaded_q_sigma",
        "coupling_beta",
        "coupling_beta_sigma",
    }
)


def scalar_labels(archive: LabelledArchive) -> list[str]:
    """Return the scalar labels of an archive that can be learnt.

    In an export these are what people called the sweep and what sensors read; not its
    settings, when it was stored, what was fitted, and what a former model said.
    """
    is_export = _EXPORTED in archive.labels
    return [
        name
        for name, values in archive.labels.items()
        if np.issubdtype(values.dtype, np.number)
        and values.ndim == 1
        and not (is_export and (name in _OWN or name.startswith(_FORMER)))
    ]
