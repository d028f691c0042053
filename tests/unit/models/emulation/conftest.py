import numpy as np
import pytest

from models.emulation import HealthySweeps

CURVES = 6
LARGEST_TESLA = 0.02


def made_up(cycles, *, sweeps=40, noise=0.02, scatter=0.03, first_cycle=0):
    """Healthy sweeps of coordinates that bend with temperature and field.

    Every cycle has an offset of its own, of size ``scatter``.
    """
    parts = []
    for cycle in range(first_cycle, first_cycle + cycles):
        rng = np.random.default_rng([7, cycle])
        place = rng.uniform(0.0, 2.4, sweeps)
        field_tesla = rng.uniform(-LARGEST_TESLA, LARGEST_TESLA, sweeps)
        relative = field_tesla / LARGEST_TESLA
        offset = scatter * rng.normal(size=CURVES)
        values = curves(place, relative) + offset
        values = values + noise * rng.normal(size=values.shape)
        parts.append((values, place, field_tesla, np.full(sweeps, f"cycle-{cycle}")))
    values, place, field_tesla, cycle = (
        np.concatenate(part) for part in zip(*parts, strict=True)
    )
    return HealthySweeps(
        values=values, place=place, field_tesla=field_tesla, cycle=cycle
    )


def curves(place, relative):
    warm = place / 2.4
    return np.stack(
        [
            warm**2,
            np.sin(2 * warm),
            0.5 * relative + 0.2 * relative**2,
            relative * (1 - 0.5 * warm),
            np.exp(-warm) + 0.1 * relative,
            0.3 * warm - 0.3 * relative**3,
        ],
        axis=1,
    )


@pytest.fixture(scope="session", name="made_up")
def _made_up():
    return made_up


@pytest.fixture(scope="session")
def sweeps():
    return made_up(12)
