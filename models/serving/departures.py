"""How strange sweeps are that are judged healthy: as far from health as none was."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from models.calibration import NoveltyCalibration
from models.serving.judgements import Judgements


def with_departures(
    judged: Judgements, calibration: NoveltyCalibration, faulty: npt.NDArray[np.bool_]
) -> Judgements:
    """Combine p-values, those of departures from health among them.

    A sweep with a named fault departs by that very fault, and is not asked.

    Parameters
    ----------
    faulty
        Where the condition is judged other than healthy, shape (sweep,).
    """
    asked = {
        name: np.where(faulty, np.nan, values)
        for name, values in judged.departure_p_values.items()
    }
    return replace(
        judged,
        p_value=calibration.combined(judged.novelty, *asked.values()),
        departure_p_values=asked,
    )
