"""Several failures at once: learnt from sweeps that were put together."""

from dataclasses import dataclass

import numpy as np

from models.coordinates.signal import Reals
from models.emulation import HealthyEmulator, Posterior
from models.receiver.failures import (
    FailureHead,
    FailureSweeps,
    learn_failures,
    present_in,
)
from models.receiver.features import condition_features
from models.receiver.joining import join_sweeps
from models.receiver.judge import Readings, ReceiverJudge
from models.receiver.left_out import read_by_fold
from models.receiver.lesson import Indices, ReceiverLesson
from models.receiver.traces import TraceSet, coordinates_of


@dataclass(frozen=True, slots=True, eq=False)
class SetOfSweeps:
    """Sweeps that have a set of traces, read by what the other cycles teach."""

    traces: TraceSet
    rows: Indices
    posterior: Posterior
    targets: tuple[str, ...]
    others: Readings
    emulators: dict[int, HealthyEmulator]


def features_of(
    bare: ReceiverJudge, traces: TraceSet, posterior: Posterior, texture: Reals
) -> Reals:
    """Return what conditions are told from; texture is ln of power, as measured."""
    even = bare.even_texture(texture)
    even[:, ~np.array(traces)[bare.form.trace_of_texture]] = 0.0
    return condition_features(posterior, even, bare.features)


def learn_several(
    bare: ReceiverJudge, lesson: ReceiverLesson, seen: SetOfSweeps, features: Reals
) -> FailureHead | None:
    """Learn failures each for itself; one alone is told from health by the others."""
    if len(bare.parts) < 2:
        return None
    joined = join_sweeps(
        lesson, seen.rows, seen.posterior, seen.emulators, bare.texture_centre
    )
    if joined is None:
        return None
    told = present_in(lesson.labels, lesson.healthy_label)
    condition = lesson.condition[seen.rows]
    own = condition >= 0
    both = np.maximum(told[condition[joined.one]], told[condition[joined.two]])
    present = coordinates_of(seen.traces, bare.form)
    posterior = read_by_fold(joined.values, joined.fold, present, seen.emulators)
    of_joined = features_of(bare, seen.traces, posterior, joined.texture)
    return learn_failures(
        FailureSweeps(
            features=np.concatenate([features[own], of_joined]),
            present=np.concatenate([told[condition[own]], both]),
            fold=np.concatenate([lesson.fold[seen.rows][own], joined.fold]),
            measured=np.arange(own.sum() + joined.fold.size) < own.sum(),
        )
    )
