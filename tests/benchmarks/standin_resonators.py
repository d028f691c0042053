"""Resonators that were never measured, made from two that were.

Each measured sweep is stretched to the linewidth, moved to the frequency and scaled
to the depth that other constants would have given it; its noise, standing waves and the
tilt of its line stay as measured. The loss at another energy is read between the five
powers of the archive.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from instruments.files import LabelledArchive
from models.fitting import fit_resonance
from models.thermometry.physics import (
    quasiparticles,
    two_level_loss,
    two_level_shift,
)

# Of the archive's film, as a thermometer finds them.
TWO_LEVEL_RATIO = 1.9e-4
KINETIC_FRACTION = 0.137
CRITICAL_K = 9.1
RESISTIVE_RATIO = 1.7
FLOOR_LOSS = 3.3e-6


@dataclass(frozen=True, kw_only=True)
class Unlike:
    """How another resonator differs, as factors on what was measured."""

    base: str
    two_level: float = 1.0
    kinetic: float = 1.0
    coupling_q: float = 1.0
    frequency: float = 1.0
    power_db: float = 0.0


OTHERS = {
    "A": Unlike(base="RES-1", two_level=1.06, kinetic=1.03, coupling_q=1.4),
    "B": Unlike(base="RES-2", two_level=0.94, kinetic=0.97, frequency=0.95),
    "C": Unlike(base="RES-2", kinetic=1.05, frequency=1.06, power_db=4.0),
    "D": Unlike(base="RES-1", two_level=0.92, frequency=0.93, power_db=-3.0),
    "E": Unlike(base="RES-1", two_level=1.15, kinetic=0.92),
    "F": Unlike(base="RES-2", two_level=1.03, coupling_q=2.0, frequency=0.98),
}


def make_others(archive: LabelledArchive, step: int) -> dict[str, np.ndarray]:
    """Make every one of the others at each power, at every so many temperatures."""
    rows = [
        made
        for name, unlike in OTHERS.items()
        for made in _Measured(archive, unlike, step).made(name)
    ]
    columns = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    return columns | {
        "s": columns["s"].astype(np.complex64)[:, None],
        "s_parameters": np.array(archive.s_parameters),
        "measured_at": 1.5e9 + 60.0 * np.arange(len(rows)),
    }


class _Measured:
    """The resonator that another is made from, fitted at all powers."""

    def __init__(self, archive: LabelledArchive, unlike: Unlike, step: int) -> None:
        own = np.flatnonzero(archive.cavity == unlike.base)
        power_dbm = archive.labels["source_power"][own].astype(float)
        self.power_dbm = np.unique(power_dbm)
        by_power = [own[power_dbm == each] for each in self.power_dbm]
        self.rows = np.array(
            [each[np.argsort(archive.temperature_k[each])][::step] for each in by_power]
        )
        self.archive, self.unlike = archive, unlike
        fits = [
            fit_resonance(archive.axis(int(row)), archive.s[row, 0], name="S21")
            for row in self.rows.ravel()
        ]
        shape = self.rows.shape
        self.f0_hz = np.reshape([each.resonant_frequency_hz for each in fits], shape)
        self.loaded_q = np.reshape([each.loaded_q for each in fits], shape)
        unloaded_q = np.reshape([each.unloaded_q for each in fits], shape)
        self.coupling_q = 1.0 / (1.0 / self.loaded_q - 1.0 / unloaded_q)
        self.log_loss = -np.log(unloaded_q)
        self.log_energy = self.power_dbm[:, None] * np.log(10.0) / 10.0 + np.log(
            self.loaded_q**2 / self.coupling_q
        )

    def made(self, name: str) -> Iterator[dict[str, object]]:
        for power, power_dbm in enumerate(self.power_dbm):
            for place, row in enumerate(self.rows[power]):
                kelvin = float(self.archive.temperature_k[row])
                loaded_q, depth = self._line(power, place, kelvin)
                axis, trace = self._stretched(power, place, kelvin, loaded_q, depth)
                yield {
                    "frequency_hz": axis,
                    "s": trace,
                    "cavity": name,
                    "thermal_cycle": f"{name}:{power_dbm:.0f}dBm",
                    "is_reference": place == 0,
                    "temperature_k": kelvin,
                }

    def _line(self, power: int, place: int, kelvin: float) -> tuple[float, float]:
        """Return QL of the other and by how much its circle is larger."""
        unlike, at = self.unlike, np.array([kelvin])
        f0_hz = self.f0_hz[power, 0]
        _, absorbed = quasiparticles(at, f0_hz, CRITICAL_K)
        warm = RESISTIVE_RATIO * KINETIC_FRACTION * float(absorbed[0])
        louder = float(
            (two_level_loss(at, f0_hz * unlike.frequency) / two_level_loss(at, f0_hz))[
                0
            ]
        )
        coupling_q = float(np.median(self.coupling_q)) * unlike.coupling_q
        loaded_q = float(self.loaded_q[power, place])
        drive_dbm = self.power_dbm[power] + unlike.power_db
        for _ in range(30):
            log_energy = drive_dbm * np.log(10.0) / 10.0
            log_energy += np.log(loaded_q**2 / coupling_q)
            known = self.log_energy[:, place], self.log_loss[:, place]
            loss = float(np.exp(np.interp(log_energy, *known)))
            frozen = max(loss - warm - FLOOR_LOSS, 0.02 * loss)
            loss = (
                unlike.two_level * louder * frozen + unlike.kinetic * warm + FLOOR_LOSS
            )
            loaded_q = 0.5 * loaded_q + 0.5 / (loss + 1.0 / coupling_q)
        was = self.loaded_q[power, place] / self.coupling_q[power, place]
        return loaded_q, loaded_q / coupling_q / float(was)

    def _stretched(
        self, power: int, place: int, kelvin: float, loaded_q: float, depth: float
    ) -> tuple[np.ndarray, np.ndarray]:
        row = int(self.rows[power, place])
        axis = self.archive.axis(row)
        trace = self.archive.s[row, 0].astype(np.complex128)
        f0_hz, was_q = self.f0_hz[power, place], self.loaded_q[power, place]
        away = (axis - f0_hz) / f0_hz
        line = 1.0 / (1.0 + 2j * was_q * away)
        even = away / np.abs(away).max()
        columns = np.stack([np.ones_like(line), even + 0j, line], axis=1)
        found = np.linalg.lstsq(columns, trace, rcond=None)[0]
        around = columns[:, :2] @ found[:2]
        moved_hz = self._moved(power, place, kelvin)
        stretch = (moved_hz / loaded_q) / (f0_hz / was_q)
        return moved_hz + (axis - f0_hz) * stretch, around + depth * (trace - around)

    def _moved(self, power: int, place: int, kelvin: float) -> float:
        """Return f0 of the other in Hz."""
        unlike = self.unlike
        f0_hz = float(self.f0_hz[power, 0])
        coldest_k = float(self.archive.temperature_k[self.rows[power, 0]])
        at = np.array([kelvin, coldest_k])
        own, _ = quasiparticles(at, f0_hz, CRITICAL_K)
        pull = two_level_shift(at, f0_hz)
        other_pull = two_level_shift(at, f0_hz * unlike.frequency)
        shift = float(self.f0_hz[power, place]) / f0_hz - 1.0
        shift += TWO_LEVEL_RATIO * (
            unlike.two_level * float(other_pull[0] - other_pull[1])
            - float(pull[0] - pull[1])
        )
        shift += KINETIC_FRACTION * (unlike.kinetic - 1.0) * float(own[0] - own[1])
        return f0_hz * unlike.frequency * (1.0 + shift)
