"""Ports of a measured switch, through a line that is made anew, and with a new load."""

import numpy as np
import pytest

from instruments.files import read_archive
from models.fingerprint import UNKNOWN, Fingerprint, WideSweep
from models.training.references import references_of


@pytest.fixture(scope="module")
def campaign(reference_data):
    path = reference_data / "switch_fingerprint_campaign1.npz"
    with np.load(path) as held:
        load = held["label:load"].astype(str)
    return read_archive(path), load


def _sweep(archive, row, line=lambda trace: trace):
    trace = line(archive.s[row, 0].astype(np.complex128))
    return WideSweep(frequency_hz=archive.axis(row), traces={"S11": trace})


def _taught(archive, rows):
    references = references_of(archive)
    place = {row: number for number, row in enumerate(rows)}
    return Fingerprint.fit(
        [_sweep(archive, row) for row in rows],
        [str(archive.component[row]) for row in rows],
        [place[references[row]] for row in rows],
        [str(archive.thermal_cycle[row]) for row in rows],
    )


def _line(axis, rng):
    """Gain, delay and two more connectors, of -23 dB each."""
    turn = np.exp(-2j * np.pi * axis * rng.uniform(-0.3e-9, 0.3e-9))
    early = 0.07 * np.exp(-2j * np.pi * axis * rng.uniform(1e-9, 9e-9))
    late = 0.07 * np.exp(-2j * np.pi * axis * rng.uniform(1e-9, 9e-9))
    gain = 10.0 ** (rng.uniform(-0.6, 0.6) / 20.0)
    return lambda trace: gain * turn * (early + trace / (1.0 - late * trace))


def _mated_again(axis, rng):
    """Return a part's own connector anew: 2 ps more or less, both ways."""
    return np.exp(-2j * np.pi * axis * rng.normal(0.0, 2e-12))


def test_new_cabling_and_a_load_never_seen(campaign):
    archive, load = campaign
    cold = archive.temperature_k < 10.0
    ports = cold & np.char.startswith(archive.component.astype(str), "port")
    unseen = "MOS3"
    head = _taught(archive, np.flatnonzero(cold & (load != unseen)))
    rng = np.random.default_rng(11)
    references = references_of(archive)
    named, mated, strangers = [], [], []
    for row in np.flatnonzero(ports):
        axis = archive.axis(row)
        line, joint = _line(axis, rng), _mated_again(axis, rng)
        reference = _sweep(archive, references[row], line)
        judged = head.judge(_sweep(archive, row, line), reference)
        again = _sweep(archive, row, lambda trace, of=line, by=joint: of(trace * by))
        other = head.judge(again, reference)
        if load[row] == unseen:
            strangers.extend([judged.component, other.component])
        else:
            named.append(judged.component == archive.component[row])
            mated.append(other.component == archive.component[row])
    assert np.mean(named) >= 0.97
    assert np.mean(mated) >= 0.97
    assert np.mean([each == UNKNOWN for each in strangers]) >= 0.5
