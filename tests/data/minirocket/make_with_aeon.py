"""Writes aeon.npz: what aeon's MiniRocket makes of a few series.

Run it in an environment with aeon 1.6.0, which does not go together with ours:
``python -m venv aeon && aeon/bin/pip install aeon==1.6.0 && aeon/bin/python
make_with_aeon.py``.
"""

from pathlib import Path

import numpy as np
from aeon.transformations.collection.convolution_based import MiniRocket

CASES = {"one": (1, 101, 84 * 12), "three": (3, 67, 84 * 7), "many": (2, 40, 84 * 50)}


def series_of(channels: int, points: int, sweeps: int = 3) -> np.ndarray:
    """Return sums of a few waves; the same wherever they are made."""
    at = np.linspace(0.0, 1.0, points)
    waves = np.arange(1, sweeps * channels * 4 + 1).reshape(sweeps, channels, 4, 1)
    summed = (np.sin(waves * 7.3 * at + waves**1.5) / (1 + waves % 5)).sum(axis=2)
    return np.round(summed, 4).astype(np.float32)


def main() -> None:
    """Fit on one series, so that chance has no say in the thresholds."""
    arrays = {}
    for name, (channels, points, features) in CASES.items():
        series = series_of(channels, points)
        rocket = MiniRocket(n_kernels=features, random_state=5, n_jobs=1)
        rocket.fit(series[:1])
        sizes, heard, dilations, counts, thresholds = rocket.parameters
        arrays |= {
            f"{name}.series": series,
            f"{name}.sizes": sizes,
            f"{name}.heard": heard,
            f"{name}.dilations": dilations,
            f"{name}.counts": counts,
            f"{name}.thresholds": thresholds,
            f"{name}.features": rocket.transform(series),
        }
    np.savez_compressed(Path(__file__).with_name("aeon.npz"), **arrays)


if __name__ == "__main__":
    main()
