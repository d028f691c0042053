"""A labelled archive of drawn states: one receiver, cycle after cycle, onto disk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from instruments.files.archive_stream import ArchiveStream
from instruments.simulation.archive_labels import (
    FIRST_CYCLE_AT,
    LabelColumns,
    sample_labels,
)
from instruments.simulation.drawn_states import (
    SWEEP_PERIOD_S,
    StateSpan,
    draw_states,
)
from instruments.simulation.life import record
from instruments.simulation.physics.chain import (
    ReceiverHardware,
    SweepSettings,
    list_constants,
    mated_again,
    with_constants,
)
from instruments.simulation.physics.chain.drawing import (
    CABLES_TOUCHED,
    RECABLED,
    THERMAL_CYCLE,
)
from instruments.simulation.streams import stream

MATINGS = (THERMAL_CYCLE, CABLES_TOUCHED, CABLES_TOUCHED, RECABLED)
"""What may happen to connectors and cables from one cycle to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepLayout:
    """How every sweep of an archive is taken.

    Attributes
    ----------
    frequency_hz
        Axis in Hz, shape (point,).
    s_parameters
        Traces.
    settings
        IF bandwidth and averages.
    """

    frequency_hz: npt.NDArray[np.float64]
    s_parameters: tuple[str, ...]
    settings: SweepSettings


def record_states(
    path: Path,
    cavity: str,
    units: Sequence[ReceiverHardware],
    layout: SweepLayout,
    span: StateSpan,
    *,
    seed: int,
    sweeps_per_cycle: int,
    tell: Callable[[str, float], None] | None = None,
) -> int:
    """Write a labelled archive of drawn states; return how many sweeps it holds.

    Parameters
    ----------
    units
        The receiver as it is known for each thermal cycle; its connectors are mated
        again.
    seed
        Of everything that is drawn: the same gives the same bytes.
    sweeps_per_cycle
        Sweeps in each; the first is the reference.
    tell
        Is called with each thermal cycle that is written, and the share of the whole.

    Raises
    ------
    ArchiveTooLargeError
        If nobody could read the archive again.
    """
    columns = LabelColumns()
    period = timedelta(seconds=SWEEP_PERIOD_S * sweeps_per_cycle) + timedelta(days=7)
    writer = ArchiveStream(
        path,
        frequency_hz=layout.frequency_hz,
        s_parameters=layout.s_parameters,
        sweep_count=len(units) * sweeps_per_cycle,
    )
    with writer:
        for number, unit in enumerate(units):
            cycle = f"twin-{seed}-{number + 1:03d}"
            rng = stream(seed, cavity, cycle)
            mating = MATINGS[int(rng.integers(len(MATINGS)))]
            sample = draw_states(
                _within_ranges(mated_again(unit, mating, rng)),
                span,
                rng,
                cavity=cavity,
                cycle=cycle,
                count=sweeps_per_cycle,
            )
            writer.append(
                record(
                    sample,
                    layout.frequency_hz,
                    layout.settings,
                    seed=int(rng.integers(0, 2**31)),
                    s_parameters=layout.s_parameters,
                )
            )
            started_at = FIRST_CYCLE_AT + number * period
            columns.add(sample_labels(sample, started_at, set(), rng))
            if tell is not None:
                tell(f"cycle {number + 1} of {len(units)}", (number + 1) / len(units))
        writer.finish(columns.whole())
    return len(units) * sweeps_per_cycle


def _within_ranges(unit: ReceiverHardware) -> ReceiverHardware:
    """Return a receiver whose mated parts are ones that can be: fits end at bounds."""
    beyond = {
        known.name: min(max(known.value, known.low), known.high)
        for known in list_constants(unit)
        if not known.low <= known.value <= known.high
    }
    return with_constants(unit, beyond) if beyond else unit
