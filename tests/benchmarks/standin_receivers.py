"""Receivers with a wiring of their own, independent of the project's twin.

What a model is worth is told on receivers that nobody tuned it for. These are drawn
from a seed: lines, planes of reflection, a circulator, four modes; every thermal cycle
draws its own nuisances. `generous` has three traces and strong echoes; `harsh` has two,
re-mated connectors, and a contraction that is saturated when cold.
"""

from dataclasses import dataclass

import numpy as np

CONDITIONS = (
    "amplifier",
    "circulator",
    "loose_connector",
    "nbti_normal",
    "switch",
    "vna_drift",
)


@dataclass(frozen=True)
class Style:
    """How hard a receiver is to read."""

    traces: tuple[str, ...]
    points: int
    low_ghz: float
    high_ghz: float
    drift: float
    remated: bool
    log_term: float
    noise: float
    conditions: tuple[str, ...]


GENEROUS = Style(
    traces=("S21", "S21:reflection", "S11"),
    points=401,
    low_ghz=4.0,
    high_ghz=8.0,
    drift=0.004,
    remated=False,
    log_term=1e-5,
    noise=5e-4,
    conditions=CONDITIONS,
)
HARSH = Style(
    traces=("S21", "S21:reflection"),
    points=801,
    low_ghz=4.5,
    high_ghz=7.0,
    drift=0.01,
    remated=True,
    log_term=0.0,
    noise=1e-3,
    conditions=tuple(name for name in CONDITIONS if name != "switch"),
)
SWEEPS_PER_CYCLE = 70


def contraction(temperature_k):
    """Return the change of length against 293 K; copper (Ekin)."""
    known_k = [1, 4, 20, 40, 77, 100, 150, 200, 250, 293, 320.0]
    percent = [0.324, 0.324, 0.3235, 0.318, 0.302, 0.282, 0.221, 0.148, 0.07, 0, -0.045]
    return -1e-2 * np.interp(temperature_k, known_k, percent)


def resistivity(temperature_k, residual_ratio=60.0):
    """Return resistivity over that at 293 K by Bloch and Grueneisen, 343 K."""

    def phonons(kelvin):
        end = 343.0 / max(kelvin, 1.0)
        at = np.linspace(1e-3, 1.0, 200) * end
        integrand = at**5 / ((np.exp(np.minimum(at, 500)) - 1) * (1 - np.exp(-at)))
        return end**-5 * np.trapezoid(integrand, at)

    share = phonons(temperature_k) / phonons(293.0)
    return share * (1 - 1 / residual_ratio) + 1 / residual_ratio


def circulator(ghz, centre, splitting, quality):
    """Return S21 and S31 of the eigenvalue model with 0.2 dB of loss."""
    turn = np.exp(2j * np.pi / 3)
    values = []
    for sign in (-1, 1):
        at = 2 * quality * (ghz - centre * (1 + sign * splitting / 2)) / centre
        values.append((1 + 1j * at) / (1 - 1j * at))
    plus, minus = values
    loss = 10 ** (-0.2 / 20)
    through = loss * (-1 + turn * plus + turn.conjugate() * minus) / 3
    back = loss * (-1 + turn.conjugate() * plus + turn * minus) / 3
    return through, back


class StandIn:
    """One drawn receiver."""

    def __init__(self, style, seed):
        draw = np.random.default_rng([seed, 1])
        self.style, self.seed = style, seed
        self.ghz = np.linspace(style.low_ghz, style.high_ghz, style.points)
        self.middle = 0.5 * (style.low_ghz + style.high_ghz)
        self.delays_ns = [draw.uniform(*span) for span in ((9, 16), (12, 22), (8, 14))]
        self.loss_db = [draw.uniform(4, 8), draw.uniform(3, 7)]
        self.planes = [
            (draw.uniform(0.04, 0.1) * draw.choice([-1, 1]), draw.uniform(3, 9))
            for _ in range(4)
        ]
        self.centre = self.middle * draw.uniform(0.97, 1.03)
        self.splitting = draw.uniform(0.36, 0.46)
        low, high = style.low_ghz + 0.3, style.high_ghz - 0.3
        self.modes = [
            (draw.uniform(low, high), tuned, draw.uniform(1.5e3, 8e3))
            for tuned in (0.1, -0.08, 0.0, 0.0)
        ]
        self.field_slope = draw.uniform(1.2, 2.4) * 1e-3 * draw.choice([-1, 1])
        self.thermal_slope = draw.uniform(0.02, 0.05)

    def record(self, seed, cycles, first=0):
        """Record cycles as a mapping in the form of a labelled archive."""
        parts = [self._cycle(seed, cycle) for cycle in range(first, first + cycles)]
        whole = {
            name: np.concatenate([part[name] for part in parts]) for name in parts[0]
        }
        return whole | {
            "frequency_hz": 1e9 * self.ghz,
            "s_parameters": np.array(self.style.traces),
        }

    def _cycle(self, seed, number):
        draw = np.random.default_rng([seed, self.seed, number])
        count = SWEEPS_PER_CYCLE
        when = np.sort(draw.uniform(0, 1, count))
        when[0] = 0.0
        kelvin, tesla = self._schedule(draw, when)
        condition = np.full(count, "healthy", dtype="<U20")
        severity = np.zeros(count)
        for _ in range(draw.integers(1, 4)):
            start, length = draw.integers(3, count - 6), draw.integers(4, 12)
            condition[start : start + length] = draw.choice(self.style.conditions)
            severity[start : start + length] = draw.uniform(0.25, 1.0)
        own = _Nuisances.draw(self, draw, count)
        sweeps = [
            self._sweep(draw, own, row, kelvin[row], tesla[row], condition[row], sev)
            for row, sev in enumerate(severity)
        ]
        return {
            "s": np.array(sweeps, dtype=np.complex64),
            "temperature_k": kelvin,
            "magnetic_field_tesla": tesla,
            "condition": condition,
            "cavity": np.full(count, "one"),
            "thermal_cycle": np.full(count, f"c{number:02d}"),
            "measured_at": 1.7e9 + 30 * 86400.0 * number + 6 * 86400.0 * when,
            "is_reference": np.arange(count) == 0,
        }

    def _schedule(self, draw, when):
        cold, warm, hold = -2.0, np.log10(300.0), draw.uniform(0.55, 0.75)
        down = warm + (cold - warm) * (when / hold) ** draw.uniform(0.7, 1.5)
        up = cold + (warm - cold) * np.clip((when - hold) / (1 - hold), 0, 1) * (
            draw.uniform(0, 1)
        )
        place = np.where(when < hold, down, up) + draw.normal(0, 0.1, when.size)
        kelvin = 10 ** np.clip(place, -2.2, np.log10(305.0))
        kelvin[0] = 295.0
        field = draw.uniform(-0.05, 0.06, when.size)
        tesla = np.where(draw.random(when.size) < 0.5, 0.0, field)
        tesla[0] = 0.0
        return kelvin, tesla

    def _sweep(self, draw, own, row, kelvin, tesla, condition, severity):
        traces = _Sweep(self, own, row, kelvin, tesla, condition, severity).traces()
        noisy = []
        for trace in traces[: len(self.style.traces)]:
            white = draw.normal(size=(2, 2, self.ghz.size)) / np.sqrt(2)
            relative, floor = white[:, 0] + 1j * white[:, 1]
            level = np.sqrt(np.mean(np.abs(trace) ** 2))
            noise = self.style.noise * (trace * relative + 0.3 * level * floor)
            noisy.append(trace + noise)
        return noisy


@dataclass
class _Nuisances:
    """What a thermal cycle draws anew, and what drifts in it."""

    stretch: list
    gain_db: float
    slope_db: float
    losses: list
    planes: list
    near: list
    centre: float
    splitting: float
    fault: dict
    rod: np.ndarray
    gain_drift: np.ndarray
    phase_drift: np.ndarray
    delay_drift: np.ndarray

    @classmethod
    def draw(cls, receiver, draw, count):
        style = receiver.style
        if style.remated:
            planes = [
                (
                    size * draw.lognormal(0, 0.4) * draw.choice([1, 1, 1, 1, -1]),
                    delay * (1 + draw.normal(0, 0.003)),
                    draw.normal(0, 0.5),
                )
                for size, delay in receiver.planes
            ]
        else:
            planes = [
                (
                    size * (1 + draw.normal(0, 0.15)),
                    delay * (1 + draw.normal(0, 0.002)),
                    draw.normal(0, 0.15),
                )
                for size, delay in receiver.planes
            ]
        first = receiver.delays_ns[0]
        near = [
            (
                size * (1 + draw.normal(0, 0.2)),
                delay * (1 + draw.normal(0, 0.003)),
                draw.normal(0, 0.3),
            )
            for size, delay in ((0.08, 1.0), (0.12, 0.6 * first), (0.15, first))
        ]
        spread = 0.006 if style.remated else 0.004
        return cls(
            stretch=[1 + draw.normal(0, spread) for _ in range(3)],
            gain_db=draw.normal(0, 0.5),
            slope_db=draw.normal(0, 0.3),
            losses=[
                1 + draw.normal(0, 0.02 if style.remated else 0.05) for _ in range(3)
            ],
            planes=planes,
            near=near,
            centre=receiver.centre * (1 + draw.normal(0, 0.003)),
            splitting=receiver.splitting * (1 + draw.normal(0, 0.02)),
            fault={"delay": draw.uniform(2, 9), "phase": draw.uniform(0, 6.28)},
            rod=np.cumsum(draw.normal(0, 0.06, count)),
            gain_drift=np.cumsum(draw.normal(0, style.drift, count)),
            phase_drift=np.cumsum(draw.normal(0, 2.5 * style.drift, count)),
            delay_drift=np.cumsum(draw.normal(0, 0.08 * style.drift, count)) / 1.6,
        )


class _Sweep:
    """One sweep of a receiver at its operating point."""

    def __init__(self, receiver, own, row, kelvin, tesla, condition, severity):
        self.receiver, self.own, self.row = receiver, own, row
        self.kelvin, self.tesla = kelvin, tesla
        self.severity = dict.fromkeys(CONDITIONS, 0.0)
        if condition != "healthy":
            self.severity[condition] = severity
        self.ghz = receiver.ghz
        term = receiver.style.log_term * np.log(max(kelvin, 1e-3))
        self.length = 1 + contraction(kelvin) + term
        self.resistance = np.sqrt(max(resistivity(kelvin), 1e-4))

    def traces(self):
        receiver, own = self.receiver, self.own
        through, back = self._circulator()
        vna, lines = self._vna(), self._lines()
        crossing, reflected = self._cavity()
        leak = 10 ** (-30 / 20) * np.exp(0.3j)
        transmission = lines[0] * (crossing + leak) * through * lines[1]
        transmission = transmission * self._ripple((0, 1)) * vna
        circulated = (through**2 * reflected + back) / (1 - 0.05 * reflected)
        reflection = lines[2] * circulated * lines[1] * self._ripple((1, 2, 3)) * vna
        loose = self.severity["loose_connector"]
        if loose:
            echo = np.exp(1j * own.fault["phase"]) * self._echo(own.fault["delay"])
            joint = 10 ** (-6 * loose / 20) / (1 - 0.35 * loose * echo)
            transmission, reflection = transmission * joint, reflection * joint
        switched = self.severity["switch"]
        if switched:
            other = lines[2] * lines[1] * self._ripple((3,)) * 0.3
            reflection = (1 - 0.7 * switched) * reflection + 0.7 * switched * other
        near = sum(
            size
            * np.exp(1j * phase)
            * self._loss(2 * receiver.loss_db[0] * number / 3, 0)
            * self._echo(delay)
            for number, (size, delay, phase) in enumerate(own.near)
        )
        return [transmission, reflection, near * vna]

    def _loss(self, decibel, line, extra_db=0.0):
        conductor = 0.25 + 0.75 * self.resistance
        root = np.sqrt(self.ghz / self.receiver.middle)
        whole = decibel * self.own.losses[line] * conductor * root + extra_db
        return 10 ** (-whole / 20)

    def _echo(self, delay_ns):
        return np.exp(-4j * np.pi * self.ghz * delay_ns * self.length)

    def _line(self, line, decibel, pad_db, extra_db=0.0):
        delay = self.receiver.delays_ns[line] * self.own.stretch[line]
        phase = np.exp(-2j * np.pi * self.ghz * delay * self.length)
        return self._loss(decibel, line, extra_db) * 10 ** (-pad_db / 20) * phase

    def _lines(self):
        normal = self.severity["nbti_normal"]
        root = np.sqrt(self.ghz / self.receiver.middle)
        output = self._line(1, self.receiver.loss_db[1], 0.0, 4 * normal * root)
        output = output * np.exp(-2j * np.pi * self.ghz * 0.02 * normal)
        return [
            self._line(0, self.receiver.loss_db[0], 25.0),
            output * 10 ** (self._gain_db() / 20),
            self._line(2, 0.8 * self.receiver.loss_db[0], 20.0),
        ]

    def _gain_db(self):
        away = self.ghz - self.receiver.middle
        warm = 5 * (self.kelvin / 300) ** 1.2 * (1 + 0.1 * away)
        ill = self.severity["amplifier"]
        fault = ill * (12 + 2 * away - 0.8 * np.sin(2 * np.pi * 2.3 * self.ghz))
        ripple = 0.4 * np.sin(2 * np.pi * 0.9 * self.ghz)
        drift = 0.43 * self.own.gain_drift[self.row]
        slope = 0.5 * (1.0 + self.own.slope_db) * away
        return 30 + self.own.gain_db + slope + ripple - warm - fault + drift

    def _circulator(self):
        magnetisation = (1 - (min(self.kelvin, 500) / 559) ** 1.5) ** 0.67
        frozen = magnetisation - (1 - (293 / 559) ** 1.5) ** 0.67
        ill = self.severity["circulator"]
        millitesla = 1e3 * self.tesla
        centre = self.own.centre * (1 + self.receiver.thermal_slope * frozen)
        centre *= (1 + self.receiver.field_slope * millitesla / 6) * (1 + 0.06 * ill)
        splitting = self.own.splitting * (1 + 0.15 * frozen) * (1 + 0.3 * ill)
        quality = 0.577 / self.receiver.splitting
        return circulator(self.ghz, centre, splitting, quality)

    def _cavity(self):
        crossing = np.zeros(self.ghz.size, dtype=complex)
        reflected = -np.exp(-2j * np.pi * 0.3 * self.ghz)
        for frequency, tuned, quality in self.receiver.modes:
            resonance = frequency * (1 - contraction(self.kelvin))
            resonance += tuned * np.tanh(self.own.rod[self.row])
            loaded = quality / (self.resistance + 0.2) / 2
            line = 1 / (1 + 2j * loaded * (self.ghz - resonance) / resonance)
            crossing = crossing + 0.3 * line
            reflected = reflected * (1 - 1.2 * line)
        return crossing, reflected

    def _ripple(self, numbers):
        whole = np.ones(self.ghz.size, dtype=complex)
        for number in numbers:
            size, delay, phase = self.own.planes[number]
            echo = np.exp(1j * phase) * self._loss(2.0, 1) * self._echo(delay)
            whole = whole / (1 - size * echo)
        return whole

    def _vna(self):
        ill = self.severity["vna_drift"]
        delay = self.own.delay_drift[self.row] + 0.01 * ill
        away = self.ghz - self.receiver.middle
        level = 0.05 * self.own.gain_drift[self.row] + 0.046 * ill * away
        phase = 0.2 * self.own.phase_drift[self.row] + 0.2 * ill
        return np.exp(level + 1j * (phase - 2 * np.pi * self.ghz * delay))
