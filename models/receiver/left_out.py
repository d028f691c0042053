"""Sweeps read by what the cycles that they are none of teach of health."""

import numpy as np

from models.coordinates.signal import Flags, Reals
from models.emulation import HealthyEmulator, HealthySweeps, Posterior, PosteriorReader
from models.emulation.selection import Choice, fit_chosen
from models.receiver.lesson import Indices, ReceiverLesson


def emulators_without(
    sweeps: HealthySweeps,
    fold: Indices,
    lesson: ReceiverLesson,
    choice: Choice,
    order_of: Indices,
) -> dict[int, HealthyEmulator]:
    """Return, for each fold, what the other cycles teach."""
    found = {}
    for index in np.unique(lesson.fold):
        known = fold != index
        if not known.any():
            known = np.ones(fold.size, dtype=np.bool_)
        found[int(index)] = fit_chosen(sweeps.taken(known), choice, order_of)
    return found


def read_by_fold(
    values: Reals, fold: Indices, present: Flags, others: dict[int, HealthyEmulator]
) -> Posterior:
    """Read each sweep by what the other folds teach of health.

    Parameters
    ----------
    values
        Shape (sweep, coordinate).
    present
        Coordinates that all of them have, shape (coordinate,).
    """
    parts: list[tuple[Indices, Posterior]] = []
    for index, emulator in others.items():
        mine = np.flatnonzero(fold == index)
        if mine.size:
            parts.append((mine, PosteriorReader(emulator, present).read(values[mine])))
    order = np.argsort(np.concatenate([mine for mine, _ in parts]))
    return Posterior(
        **{
            name: np.concatenate([getattr(part, name) for _, part in parts])[order]
            for name in Posterior.__slots__
        }
    )
