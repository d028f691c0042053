"""Another campaign of the measured switch, made from the first."""

import numpy as np


def remade_line(axis, rng):
    """Gain, delay and two more connectors, of -23 dB each."""
    turn = np.exp(-2j * np.pi * axis * rng.uniform(-0.3e-9, 0.3e-9))
    early = 0.07 * np.exp(-2j * np.pi * axis * rng.uniform(1e-9, 9e-9))
    late = 0.07 * np.exp(-2j * np.pi * axis * rng.uniform(1e-9, 9e-9))
    gain = 10.0 ** (rng.uniform(-0.6, 0.6) / 20.0)
    return lambda trace: gain * turn * (early + trace / (1.0 - late * trace))


def connectors_anywhere(axis, rng):
    """Three more connectors before the part and three after it, of 0.05 each."""

    def echoes():
        delay_s, phase = rng.uniform(0.0, 12e-9, (3, 1)), rng.uniform(0.0, 1.0, (3, 1))
        return 0.05 * np.exp(-2j * np.pi * (axis * delay_s + phase)).sum(axis=0)

    turn = np.exp(-2j * np.pi * axis * rng.uniform(-0.3e-9, 0.3e-9))
    early, late = echoes(), echoes()
    return lambda trace: turn * (early + trace / (1.0 - late * trace))


def mated_again(columns, seed):
    """Mate every load with its port again: 2 ps more or less, both ways."""
    rng = np.random.default_rng(seed)
    is_port = np.char.startswith(columns["component"], "port")
    slip_s = np.where(is_port, rng.normal(0.0, 2e-12, is_port.size), 0.0)
    turn = np.exp(-2j * np.pi * slip_s[:, None] * columns["frequency_hz"])
    return columns | {"s": columns["s"] * turn[:, None]}


def next_campaign(columns, seed, line_of=remade_line):
    """Measure all again a month later, through another line at each temperature."""
    rng = np.random.default_rng(seed)
    s = columns["s"].astype(np.complex128)
    for cycle in np.unique(columns["thermal_cycle"]):
        line = line_of(columns["frequency_hz"], rng)
        for row in np.flatnonzero(columns["thermal_cycle"] == cycle):
            s[row, 0] = line(s[row, 0])
    s += 3e-4 * (rng.normal(size=s.shape) + 1j * rng.normal(size=s.shape))
    return columns | {
        "s": s.astype(np.complex64),
        "thermal_cycle": np.char.add(f"campaign{seed}-", columns["thermal_cycle"]),
        "measured_at": columns["measured_at"] + 30 * 86_400.0 * seed,
    }
