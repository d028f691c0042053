import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from instruments.errors import ForeignFileError
from instruments.files import format_touchstone, read_touchstone
from instruments.measurement import MeasurementError

TWO_PORT = b"""! a comment
# GHz S RI R 50
1.0  0.1 0.2  0.3 0.4  0.5 0.6  0.7 0.8
2.0  0.1 0.2  0.3 0.4  0.5 0.6  0.7 0.8 ! and another
"""


def test_two_port_order_is_column_first():
    read = read_touchstone(TWO_PORT, "x.s2p")
    assert read.frequency_hz.tolist() == [1e9, 2e9]
    assert read.traces["S21"].tolist() == [0.3 + 0.4j] * 2
    assert read.traces["S12"].tolist() == [0.5 + 0.6j] * 2
    assert read.reference_ohm == 50.0


def test_path_is_read_as_bytes_are(tmp_path):
    (tmp_path / "x.S2P").write_bytes(TWO_PORT)
    read = read_touchstone(tmp_path / "x.S2P")
    assert np.array_equal(
        read.traces["S22"], read_touchstone(TWO_PORT, "x.s2p").traces["S22"]
    )


@pytest.mark.parametrize(
    ("option", "first", "second", "expected"),
    [
        ("# Hz S RI R 50", 0.5, -0.5, 0.5 - 0.5j),
        ("# hz s ma r 75", 2.0, 90.0, 2j),
        ("# KHZ S DB", 20.0, 180.0, -10.0),
        ("#", 2.0, 0.0, 2.0),
        ("", 2.0, 0.0, 2.0),
    ],
)
def test_forms_and_defaults(option, first, second, expected):
    unit = {"# h": 1.0, "# H": 1.0, "# K": 1e3}.get(option[:3], 1e9)
    read = read_touchstone(f"{option}\n3 {first} {second}\n".encode(), "x.s1p")
    assert read.traces["S11"][0] == pytest.approx(expected, abs=1e-12)
    assert read.frequency_hz[0] == 3 * unit


def test_three_ports_wrap_lines_row_first():
    text = "# MHz S RI\n1 11 0 12 0 13 0\n 21 0 22 0 23 0\n 31 0 32 0 33 0\n"
    read = read_touchstone(text.encode(), "x.s3p")
    assert {name: trace[0].real for name, trace in read.traces.items()} == {
        f"S{row}{column}": float(10 * row + column)
        for row in (1, 2, 3)
        for column in (1, 2, 3)
    }


def test_noise_parameters_are_left_out():
    noise = b"1.0 2.0 0.3 40 0.5\n2.0 2.0 0.3 40 0.5\n"
    read = read_touchstone(TWO_PORT + noise, "x.s2p")
    assert read.frequency_hz.size == 2


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"1 2 3\n", "x.s999p", "names 999 ports"),
        (b"1 2 3\n", "x.s99999999999999p", "ports"),
        (b"1 2 3\n", "x.s5p", "names 5 ports"),
        (b"1 2 3\n", "x.txt", "ends in .s1p"),
        (b"1 2\n", "x.s1p", "whole points"),
        (b"", "x.s1p", "whole points"),
        (b"1 nan 3\n", "x.s1p", "NaN or infinity"),
        (b"1 inf 3\n", "x.s1p", "NaN or infinity"),
        (b"1 two 3\n", "x.s1p", "two"),
        (b"2 1 1\n1 1 1\n", "x.s1p", "rise strictly"),
        (b"1 1 1\n1 1 1\n", "x.s1p", "rise strictly"),
        (b"-1 1 1\n", "x.s1p", "below 0"),
        (b"# GHz Z RI\n1 1 1\n", "x.s1p", "says 'z'"),
        (b"# GHz S DB\n1 99999 1\n", "x.s1p", "no S-parameters"),
        (b"# GHz S RI R x\n1 1 1\n", "x.s1p", "impedance"),
        (b"[Version] 2.0\n# GHz S RI\n1 1 1\n", "x.s1p", "Touchstone 2"),
        (b"\x80\x04\x95pickle", "x.s2p", "whole points"),
    ],
)
def test_hostile_content_is_refused_in_one_sentence(content, name, sentence):
    with pytest.raises(ForeignFileError, match=sentence):
        read_touchstone(content, name)


def test_too_many_points_and_bytes_are_refused():
    row = b"".join(b"%d 0 0\n" % index for index in range(1, 200_003))
    with pytest.raises(ForeignFileError, match="200001 points"):
        read_touchstone(row, "x.s1p")
    with pytest.raises(ForeignFileError, match="bytes"):
        read_touchstone(b"!" * (64 * 1024 * 1024 + 1), "x.s1p")


def test_absent_file_is_named(tmp_path):
    with pytest.raises(ForeignFileError, match="No such file"):
        read_touchstone(tmp_path / "none.s2p")


SINGLES = hnp.arrays(
    np.float32,
    10,
    elements=st.floats(-(2.0**100), 2.0**100, width=32),
).map(lambda pairs: pairs.view(np.complex64))


@given(
    trace=SINGLES,
    names=st.sets(
        st.sampled_from([f"S{r}{c}" for r in (1, 2, 3, 4) for c in (1, 2, 3, 4)]),
        min_size=1,
    ),
)
def test_writing_and_reading_returns_the_same_bits(trace, names):
    frequency_hz = np.linspace(4.1e9, 7.3e9, 5)
    suffix, text = format_touchstone(frequency_hz, dict.fromkeys(names, trace))
    read = read_touchstone(text.encode(), f"x{suffix}")
    assert np.array_equal(read.frequency_hz, frequency_hz)
    assert read.traces.keys() == names
    for values in read.traces.values():
        assert np.array_equal(values.astype(np.complex64), trace)


def test_trace_with_a_path_does_not_fit():
    with pytest.raises(MeasurementError, match="S21:reflection"):
        format_touchstone(np.ones(1), {"S21:reflection": np.ones(1, np.complex64)})
