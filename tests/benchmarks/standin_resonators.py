"""Resonators that were never measured, made from two that were.

Each measured sweep is stretched to the linewidth, moved to the frequency and scaled
to the depth that other constants would have given it; its noise, standing waves and the
tilt of its line stay as measured, but for a tilt that is added. The loss at another
energy is read between the five powers of the archive.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

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
    """How another resonator differs, as factors on what was measured.

    ``tilt`` is added where the line is driven hardest, in units of a linewidth; at
    0.77 the line would jump (Swenson et al., J. Appl. Phys. 113, 104501, 2013).
    """

    base: str
    two_level: float = 1.0
    kinetic: float = 1.0
    coupling_q: float = 1.0
    frequency: float = 1.0
    power_db: float = 0.0
    tilt: float = 0.0


OTHERS = {
    "A": Unlike(base="RES-1", two_level=1.06, kinetic=1.03, coupling_q=1.4),
    "B": Unlike(base="RES-2", two_level=0.94, kinetic=0.97, frequency=0.95),
    "C": Unlike(base="RES-2", kinetic=1.05, frequency=1.06, power_db=4.0),
    "D": Unlike(base="RES-1", two_level=0.92, frequency=0.93, power_db=-3.0),
    "E": Unlike(base="RES-1", two_level=1.15, kinetic=0.92),
    "F": Unlike(base="RES-2", two_level=1.03, coupling_q=2.0, frequency=0.98),
}


def draw_others(seed: int, bases: tuple[str, ...], spread: float) -> dict[str, Unlike]:
    """Draw one resonator from each base: film, coupling, drive and tilt.

    ``spread`` is that of the two-level systems, of which kinetic inductances have half;
    the two resonators of the archive differ by 0.013 and 0.005.
    """
    rng = np.random.default_rng(seed)
    return {
        f"{base}-{seed}-{number}": Unlike(
            base=base,
            two_level=float(np.exp(spread * rng.normal())),
            kinetic=float(np.exp(0.5 * spread * rng.normal())),
            coupling_q=float(np.exp(rng.uniform(np.log(0.5), np.log(2.5)))),
            frequency=float(rng.uniform(0.92, 1.08)),
            power_db=float(rng.uniform(-5.0, 5.0)),
            tilt=float(rng.uniform(0.0, 0.7)),
        )
        for number, base in enumerate(bases)
    }


def make_others(
    measured: "Measured", others: Mapping[str, Unlike], step: int
) -> dict[str, np.ndarray]:
    """Make every one of the others at each power, at every so many temperatures."""
    rows = [
        made
        for name, unlike in others.items()
        for made in _Made(measured, unlike, step).sweeps(name)
    ]
    columns = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    return columns | {
        "s": columns["s"].astype(np.complex64)[:, None],
        "s_parameters": np.array(measured.archive.s_parameters),
        "measured_at": 1.5e9 + 60.0 * np.arange(len(rows)),
    }


class Measured:
    """The archive, each sweep fitted once."""

    def __init__(self, archive: LabelledArchive) -> None:
        self.archive = archive
        self.power_dbm = archive.labels["source_power"].astype(float)

    @cached_property
    def lines(self) -> np.ndarray:
        """f0 in Hz, QL and Q0 of every sweep, shape (sweep, 3)."""
        fits = (
            fit_resonance(self.archive.axis(row), self.archive.s[row, 0], name="S21")
            for row in range(self.archive.sweep_count)
        )
        return np.array(
            [(fit.resonant_frequency_hz, fit.loaded_q, fit.unloaded_q) for fit in fits]
        )

    def rows_of(self, base: str, step: int) -> np.ndarray:
        """Return rows by power and temperature, shape (power, temperature)."""
        own = np.flatnonzero(self.archive.cavity == base)
        by_power = [
            own[self.power_dbm[own] == each] for each in np.unique(self.power_dbm[own])
        ]
        kelvin = self.archive.temperature_k
        return np.array([each[np.argsort(kelvin[each])][::step] for each in by_power])


class _Made:
    """One of the others, from the fits of its base at all powers."""

    def __init__(self, measured: Measured, unlike: Unlike, step: int) -> None:
        self.archive, self.unlike = measured.archive, unlike
        self.rows = measured.rows_of(unlike.base, step)
        self.power_dbm = measured.power_dbm[self.rows[:, 0]]
        self.f0_hz, self.loaded_q, unloaded_q = np.moveaxis(
            measured.lines[self.rows], 2, 0
        )
        self.coupling_q = 1.0 / (1.0 / self.loaded_q - 1.0 / unloaded_q)
        self.log_loss = -np.log(unloaded_q)
        self.log_energy = self.power_dbm[:, None] * np.log(10.0) / 10.0 + np.log(
            self.loaded_q**2 / self.coupling_q
        )

    def sweeps(self, name: str) -> Iterator[dict[str, object]]:
        kelvin = self.archive.temperature_k[self.rows]
        lines = {
            (power, place): self._line(power, place, float(kelvin[power, place]))
            for power, place in np.ndindex(self.rows.shape)
        }
        hardest = max(
            self._drive(power, lines[power, place][0]) for power, place in lines
        )
        for (power, place), (loaded_q, depth) in lines.items():
            at = float(kelvin[power, place])
            tilt = self.unlike.tilt * self._drive(power, loaded_q) / hardest
            axis, trace = self._stretched(power, place, at, loaded_q, depth)
            yield {
                "frequency_hz": axis,
                "s": _tilted(
                    axis, trace, self._moved(power, place, at), loaded_q, tilt
                ),
                "cavity": name,
                "thermal_cycle": f"{name}:{self.power_dbm[power]:.0f}dBm",
                "is_reference": place == 0,
                "temperature_k": at,
            }

    def _drive(self, power: int, loaded_q: float) -> float:
        """Return what tilts a line, as far as it varies: energy times QL."""
        return float(10.0 ** (self.power_dbm[power] / 10.0) * loaded_q**3)

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


def _tilted(
    axis: np.ndarray, trace: np.ndarray, f0_hz: float, loaded_q: float, tilt: float
) -> np.ndarray:
    """Return the trace whose every point moved down by what is stored there."""
    away = loaded_q * (axis - f0_hz) / f0_hz
    moved = axis - tilt / (1.0 + 4.0 * away**2) * f0_hz / loaded_q
    return np.interp(axis, moved, trace.real) + 1j * np.interp(axis, moved, trace.imag)
