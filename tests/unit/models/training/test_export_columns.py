"""An export is learnt from by what people called it, whatever else it tells."""

import numpy as np

from instruments.files import LabelledArchive
from models.training.export_columns import scalar_labels
from service.operations.exporting.columns import COUNT, KINDS, LABELS, NUMBER

OWN = {name for name, kind in KINDS.items() if kind in {NUMBER, COUNT}}
OWN -= {*LABELS, "measured_at"}


def archive(**labels):
    return LabelledArchive(
        frequency_hz=np.linspace(4e9, 8e9, 3),
        s=np.ones((2, 1, 3), np.complex64),
        s_parameters=("S21",),
        cavity=np.array(["c", "c"]),
        thermal_cycle=np.array(["a", "a"]),
        measured_at=np.array([1.0, 2.0]),
        is_reference=np.array([True, False]),
        labels={name: np.asarray(values) for name, values in labels.items()},
    )


def test_what_the_service_tells_of_a_sweep_is_not_learnt():
    told = {name: [0.1, 0.2] for name in OWN}
    sensed = {"condition:stage_temperature_k": [4.0, 5.0], "strain": [1.0, 2.0]}
    export = archive(sweep_id=["x", "y"], **told, **sensed)
    assert scalar_labels(export) == list(sensed)


def test_in_an_archive_of_ones_own_every_number_is_a_label():
    own = archive(loaded_q=[8e3, 9e3], note=["a", "b"], if_bandwidth_hz=[100, 300])
    assert scalar_labels(own) == ["loaded_q", "if_bandwidth_hz"]
