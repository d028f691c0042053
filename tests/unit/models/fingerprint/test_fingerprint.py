import numpy as np
import pytest

from models.errors import ModelFolderError, TrainingRefusedError
from models.fingerprint import UNKNOWN, Fingerprint, WideSweep
from models.fingerprint.bank import standing
from models.fingerprint.families import families_of
from models.fingerprint.view import View, echo_of, strongest_delay_s

AXIS_HZ = np.linspace(0.1e9, 16e9, 1201)
PORTS = ("port1", "port2", "port3")
LOADS = ("a", "b", "c", "d")


def _line(seed, level=0.0):
    """Common line: loss, delay, and connectors with the level as amplitude."""
    rng = np.random.default_rng(seed)
    delay_s = 9e-9 + rng.uniform(-0.2e-9, 0.2e-9)
    loss = np.exp(-0.3 * np.sqrt(AXIS_HZ / 6e9)) * 10 ** (rng.uniform(-0.5, 0.5) / 20)
    early = level * np.exp(-2j * np.pi * AXIS_HZ * rng.uniform(1e-9, 6e-9))
    late = level * np.exp(-2j * np.pi * AXIS_HZ * rng.uniform(5e-9, 9e-9))
    turn = loss * np.exp(-2j * np.pi * AXIS_HZ * delay_s)
    return lambda part: early + turn * part / (1.0 - late * part)


def _assembly(port, load):
    """Reflection of a load behind a port: delay, loss and a joint of each."""
    number, kind = PORTS.index(port), LOADS.index(load)
    turn = np.exp(-2j * np.pi * AXIS_HZ * (0.3e-9 + 4e-12 * number + 60e-12 * kind))
    joint = 0.05 * np.exp(-2j * np.pi * AXIS_HZ * (0.1e-9 + 0.1e-9 * number))
    return -(0.97 - 0.01 * number) * turn * (1.0 + joint)


def _session(line, loads=LOADS, noise_seed=0):
    """A known state and every port with every load, seen through one line."""
    rng = np.random.default_rng(noise_seed)

    def seen(part):
        noise = 1e-3 * (rng.normal(size=AXIS_HZ.size) + 1j * rng.normal(size=1201))
        return WideSweep(frequency_hz=AXIS_HZ, traces={"S11": line(part) + noise})

    known = seen(-np.ones(AXIS_HZ.size))
    pairs = [(port, load) for port in PORTS for load in loads]
    return known, pairs, [seen(_assembly(*pair)) for pair in pairs]


def _taught(loads=LOADS):
    known, pairs, sweeps = _session(_line(1), loads)
    names = ["short", *(port for port, _ in pairs)]
    return Fingerprint.fit(
        [known, *sweeps], names, [0] * len(names), ["session"] * len(names)
    )


@pytest.fixture(scope="module")
def head():
    return _taught()


def test_ports_are_named_through_a_line_that_was_made_anew(head):
    known, pairs, sweeps = _session(_line(2, level=0.1), noise_seed=5)
    judged = [head.judge(sweep, known) for sweep in sweeps]
    assert [each.component for each in judged] == [port for port, _ in pairs]
    for each, (port, _) in zip(judged, pairs, strict=True):
        assert each.compared
        assert port in each.conformal_set
        assert each.probabilities.sum() == pytest.approx(1.0)


def test_a_load_never_seen_is_unknown():
    head = _taught(LOADS[:3])
    known, pairs, sweeps = _session(_line(3, level=0.1), noise_seed=6)
    judged = [head.judge(sweep, known) for sweep in sweeps]
    for each, (port, load) in zip(judged, pairs, strict=True):
        assert each.component == (UNKNOWN if load == "d" else port)
        assert (each.reason is None) == (load != "d")
        # What is like nothing that was learnt is of none of its classes.
        assert each.conformal_set == (() if load == "d" else (port,))


@pytest.mark.parametrize("slip_s", [-4e-12, 4e-12])
def test_a_connector_mated_again_makes_no_port_another(head, slip_s):
    """By its delay alone every port is now its neighbour."""
    known, pairs, sweeps = _session(_line(2), noise_seed=5)
    turn = np.exp(-2j * np.pi * AXIS_HZ * slip_s)
    for sweep, (port, _) in zip(sweeps, pairs, strict=True):
        mated = WideSweep(
            frequency_hz=AXIS_HZ, traces={"S11": sweep.traces["S11"] * turn}
        )
        assert head.judge(mated, known).component == port


def test_without_a_known_state_it_is_said_and_less_sure(head):
    known, _, sweeps = _session(_line(2, level=0.1), noise_seed=5)
    alone = [head.judge(sweep) for sweep in sweeps]
    both = [head.judge(sweep, known) for sweep in sweeps]
    assert not any(each.compared for each in alone)
    assert np.mean([each.probabilities.max() for each in alone]) < np.mean(
        [each.probabilities.max() for each in both]
    )


def test_axis_and_order_of_traces_do_not_matter(head):
    known, _, sweeps = _session(_line(1))
    coarse = slice(None, None, 2)
    for sweep in sweeps[:4]:
        half = WideSweep(
            frequency_hz=AXIS_HZ[coarse],
            traces={"S99": sweep.traces["S11"], "S11": sweep.traces["S11"][coarse]},
        )
        assert head.judge(half, known).component == head.judge(sweep, known).component


@pytest.mark.parametrize("points", [2, 40])
def test_a_sweep_outside_of_the_band_or_without_the_trace_is_unknown(head, points):
    known = _session(_line(1))[0]
    axis = np.linspace(20e9, 30e9, points)
    away = WideSweep(frequency_hz=axis, traces={"S11": np.ones(points, complex)})
    for sweep in (away, WideSweep(frequency_hz=AXIS_HZ, traces={})):
        judged = head.judge(sweep, known)
        assert judged.component == UNKNOWN
        assert "too little of the learnt band" in judged.reason
        assert set(judged.conformal_set) == set(head.classes)


def test_saved_equals_loaded(head):
    known, _, sweeps = _session(_line(4, level=0.1))
    again = Fingerprint.from_arrays(head.to_arrays())
    for sweep in sweeps:
        one, other = head.judge(sweep, known), again.judge(sweep, known)
        assert one.component == other.component
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-4)


def test_the_same_sweeps_and_seed_teach_the_same_head(head):
    again = _taught().to_arrays()
    for name, values in head.to_arrays().items():
        np.testing.assert_array_equal(values, again[name])


@pytest.mark.parametrize("change", ["missing", "extra", "shape", "nan", "label"])
def test_arrays_that_were_changed_are_refused(head, change):
    arrays = head.to_arrays()
    if change == "missing":
        del arrays["absolute.weight"]
    elif change == "extra":
        arrays["more"] = np.zeros(1)
    elif change == "shape":
        arrays["ratio.familiar"] = np.zeros(4)
    elif change == "nan":
        arrays["ratio.numbers"] = np.full_like(arrays["ratio.numbers"], np.nan)
    else:
        arrays["ratio.labels"] = arrays["ratio.labels"] + 100
    with pytest.raises(ModelFolderError, match="fingerprint: array"):
        Fingerprint.from_arrays(arrays)


def test_one_component_teaches_nothing():
    known, _, sweeps = _session(_line(1))
    with pytest.raises(TrainingRefusedError, match="two labelled components"):
        Fingerprint.fit([known, *sweeps], ["a"] * 13, [0] * 13, ["s"] * 13)


def test_a_reference_of_the_part_itself_is_not_compared_with():
    _, pairs, sweeps = _session(_line(1))
    own = [row - row % len(LOADS) for row in range(len(sweeps))]
    names = [port for port, _ in pairs]
    head = Fingerprint.fit(sweeps, names, own, names)
    assert set(head.banks) == {"absolute"}
    assert not head.judge(sweeps[1], sweeps[0]).compared


def test_the_gate_keeps_the_part_and_drops_what_comes_before():
    part = _assembly("port1", "a")
    known, clean = _line(1)(part), _line(1, level=0.1)(part)
    delay_s = strongest_delay_s(AXIS_HZ, known)
    view = View(low_hz=AXIS_HZ[0], high_hz=AXIS_HZ[-1], gate_resolutions=40.0)
    bare = View(low_hz=AXIS_HZ[0], high_hz=AXIS_HZ[-1], gate_resolutions=0.0)
    left = [
        np.abs(
            each.binned(echo_of(AXIS_HZ, clean, delay_s))[0]
            - each.binned(echo_of(AXIS_HZ, known, delay_s))[0]
        )[50:-50].mean()
        for each in (view, bare)
    ]
    assert left[0] < 0.3 * left[1]


def test_loads_moved_from_port_to_port_are_families():
    load = np.repeat(np.arange(4), 3)
    distances = np.where(load[:, None] == load, -4.0, -1.0)
    distances = distances + 0.1 * np.random.default_rng(0).normal(size=(12, 12))
    np.fill_diagonal(distances, -10.0)
    family = families_of(distances)
    assert len(np.unique(family)) == 4
    assert all(len(np.unique(family[load == each])) == 1 for each in range(4))


def test_standing_is_distance_and_lead():
    np.testing.assert_allclose(
        standing(np.array([[-2.0, -5.0, -4.5], [-1.0, np.inf, -3.0]])),
        [[-5.0, 0.5], [-3.0, 2.0]],
    )
