"""A file that describes a receiver is read; any other is refused in one sentence."""

import json

import pytest

from instruments.simulation.physics.chain import usual_receiver
from models.twin.description import UnusableDescriptionError, read_description

LENGTH = "weak_line.parts.1.length_m"
PLANE = "weak_line.connectors.0.reactance_ratio"


@pytest.fixture
def read(tmp_path):
    def read(document):
        path = tmp_path / "twin.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return read_description(path)

    return read


def test_what_a_file_says_is_the_receivers(read):
    description = read(
        {
            "constants": {LENGTH: {"value": 0.31, "sigma": 1e-4}, PLANE: 0.0},
            "delays": [{"name": "weak_line", "sigma_s": 7e-13, "is_identified": True}],
        }
    )
    assert description.values == {LENGTH: 0.31, PLANE: 0.0}
    assert description.sigmas == {LENGTH: 1e-4, PLANE: 0.0}
    assert description.delay_sigmas_s == {"weak_line": 7e-13}
    described = read({"constants": {LENGTH: 0.31}}).applied_to(usual_receiver())
    assert described.weak_line.parts[1].length_m == 0.31


def test_no_file_says_nothing():
    receiver = usual_receiver()
    assert read_description(None).applied_to(receiver) == receiver


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ("{", "is no JSON"),
        ("[1]", "holds no constants"),
        ({"constants": [1]}, "holds no constants"),
        ({"constants": {}, "state": "misfit"}, "ended as a misfit"),
        ({"constants": {"nobody.knows": 1.0}}, "nobody.knows"),
        ({"constants": {LENGTH: "long"}}, "long"),
        ({"constants": {LENGTH: {"sigma": 1.0}}}, "value"),
        ({"constants": {LENGTH: {"value": 1.0, "sigma": -1.0}}}, "finite"),
        ({"constants": {LENGTH: float("nan")}}, "finite"),
        ({"constants": {LENGTH: 1e9}}, "outside of its physical range"),
        ({"constants": {LENGTH: 0.3}, "covariance": [[1.0, 2.0]]}, "1 x 1"),
        ({"constants": {}, "delays": [{"name": "weak_line"}]}, "sigma_s"),
    ],
)
def test_what_is_no_description_is_refused_in_one_sentence(read, document, named):
    with pytest.raises(UnusableDescriptionError, match=named) as caught:
        read(document).applied_to(usual_receiver(has_jpa=False))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UnusableDescriptionError, match=r"gone\.json"):
        read_description(tmp_path / "gone.json")


@pytest.mark.parametrize(
    ("told", "asked", "has"),
    [
        (None, None, True),
        (False, None, False),
        (False, True, True),
        (None, False, False),
    ],
)
def test_a_file_says_whether_there_is_a_jpa_unless_somebody_asks(
    read, told, asked, has
):
    description = read({"constants": {}} | ({} if told is None else {"has_jpa": told}))
    assert (description.usual(has_jpa=asked).jpa is not None) == has


def test_a_jpa_is_there_or_not(read):
    with pytest.raises(UnusableDescriptionError, match="has_jpa must be true or false"):
        read({"constants": {}, "has_jpa": "perhaps"})
