"""What a twin's document leaves open is what a fit may move."""

import json

import numpy as np
import pytest

from instruments.simulation.physics.chain import usual_receiver
from instruments.simulation.physics.chain.drawing import CABLES_TOUCHED
from models.twin.described_prior import described_twin
from models.twin.description import (
    Description,
    UnusableDescriptionError,
    read_description,
)
from models.twin.limits_map import Knowledge
from models.twin.parameters import cycle_constants, hardware_constants

LENGTH = "weak_line.parts.1.length_m"
PLANE = "weak_line.connectors.0.reactance_ratio"


@pytest.fixture(scope="module")
def receiver():
    return usual_receiver(has_jpa=False)


@pytest.fixture
def twin(tmp_path, receiver):
    def read(document, knowledge=Knowledge.FITTED):
        path = tmp_path / "twin.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return described_twin(receiver, read_description(path), knowledge)

    return read


def deviations(twin):
    covariance = twin.shared.factor @ twin.shared.factor.T
    return dict(zip(twin.shared.names, np.sqrt(np.diag(covariance)), strict=True))


def test_without_a_file_a_cycle_moves_what_it_moves(receiver):
    found = deviations(described_twin(receiver, Description(), Knowledge.FITTED))
    cycle = {known.name: known.prior_sigma for known in cycle_constants(receiver)}
    assert found == pytest.approx(cycle)
    found = deviations(described_twin(receiver, Description(), Knowledge.CATALOGUE))
    assert set(found) == {known.name for known in hardware_constants(receiver)}


def test_sigmas_of_a_fit_add_to_what_a_cycle_moves(twin):
    document = {
        "constants": {
            LENGTH: {"value": 0.31, "sigma": 1e-4},
            PLANE: {"value": 0.1, "sigma": 0.01},
        }
    }
    made = twin(document)
    found = deviations(made)
    assert found[LENGTH] == pytest.approx(1e-4)
    expected = np.hypot(0.01, CABLES_TOUCHED.reactance_sigma)
    assert found[PLANE] == pytest.approx(expected)
    assert made.hardware.weak_line.parts[1].length_m == 0.31
    centre = dict(zip(made.shared.names, made.shared.centre, strict=True))
    assert centre[PLANE] == 0.1


def test_what_was_fitted_is_no_longer_known_as_bought(twin):
    document = {"constants": {LENGTH: {"value": 0.31, "sigma": 1e-4}}}
    found = deviations(twin(document, Knowledge.CATALOGUE))
    assert found[LENGTH] == pytest.approx(1e-4)
    plain = deviations(twin({"constants": {LENGTH: 0.31}}, Knowledge.CATALOGUE))
    assert plain[LENGTH] == pytest.approx(5e-3)


NAMES = ["weak_line.parts.2.length_m", LENGTH]


def described(matrix):
    """Two constants with this covariance."""
    return {
        "constants": {
            name: {"value": 0.3, "sigma": float(np.sqrt(matrix[row, row]))}
            for row, name in enumerate(NAMES)
        },
        "covariance": matrix.tolist(),
    }


def covariance_of(shared):
    covariance = shared.factor @ shared.factor.T
    rows = [shared.names.index(name) for name in NAMES]
    return covariance[np.ix_(rows, rows)]


def test_covariance_keeps_its_correlations(twin):
    matrix = np.asarray([[4e-8, 3e-8], [3e-8, 9e-8]])
    shared = twin(described(matrix)).shared
    assert covariance_of(shared) == pytest.approx(matrix)
    moved = shared.values(np.eye(len(shared.names))[[shared.names.index(LENGTH)]])
    assert moved.shape == (1, len(shared.names))


def test_constants_that_are_known_in_sum_only_may_be_off_by_rounding(twin):
    matrix = np.asarray([[4e-8, -6.000000001e-8], [-6.00001e-8, 9e-8]])
    shared = twin(described(matrix)).shared
    assert covariance_of(shared) == pytest.approx(matrix, rel=1e-5)


def test_a_matrix_that_is_no_covariance_is_refused(twin):
    document = {
        "constants": {
            LENGTH: {"value": 0.3, "sigma": 1e-4},
            "weak_line.parts.2.length_m": {"value": 0.3, "sigma": 1e-4},
        },
        "covariance": [[1e-8, 2e-8], [2e-8, 1e-8]],
    }
    with pytest.raises(UnusableDescriptionError, match="positive definite") as caught:
        twin(document)
    assert "\n" not in str(caught.value)
