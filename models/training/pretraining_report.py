"""What is told of a pre-training: which heads were kept, and by how much."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.training.guard import GuardedHead
from models.training.pretraining import LEAST_CYCLES_TO_FINE_TUNE, Pretraining
from models.training.twin import LearntTwin

_NO_CYCLE_LEFT = (
    "pre-training needs two thermal cycles to be judged: there is one, and the "
    "networks are those without it"
)
_TOO_FEW_CYCLES = (
    f"fewer than {LEAST_CYCLES_TO_FINE_TUNE} thermal cycles are too few to fine-tune "
    "on: pre-trained networks stay as the twin taught them, and a conjugate kernel "
    "that is shrunk to their answer corrects the heads that it reads better"
)


def pretraining_record(
    pretraining: Pretraining,
    guarded: Mapping[str, GuardedHead],
    twin: LearntTwin | None = None,
) -> dict[str, Any]:
    """Return a pre-training, and what became of its twin, as a JSON-ready mapping."""
    return {
        "sweeps": pretraining.corpus.sweep_count,
        "fine_tuned": pretraining.is_fine_tuned,
        "heads": {name: each.to_record() for name, each in guarded.items()},
    } | ({} if twin is None else {"twin": twin.to_record()})


def pretraining_warnings(
    pretraining: Pretraining, guarded: Mapping[str, GuardedHead]
) -> tuple[str, ...]:
    """Return sentences on what could not be done with a simulated archive."""
    if not guarded:
        return (_NO_CYCLE_LEFT,)
    return () if pretraining.is_fine_tuned else (_TOO_FEW_CYCLES,)


def pretraining_lines(record: Mapping[str, Any]) -> Iterator[str]:
    """Word a record, a line a head, and one on the twin."""
    for name, each in record["heads"].items():
        kept = "kept" if each["is_kept"] else "not kept"
        yield (
            f"{name}: pre-training {kept}, {each['plain_loss']:.3g} to "
            f"{each['pretrained_loss']:.3g} nats on left-out cycles, "
            f"{each['gain_nats']:+.2g} +- {each['gain_error_nats']:.2g} a cycle, "
            f"better in {each['better_cycle_count']} of {each['cycle_count']}"
        )
    twin = record.get("twin")
    if twin is None:
        return
    if twin["is_compared"]:
        yield (
            f"twin: chi-square {twin['median_chi_square_ratio']:.3g} for each "
            f"coordinate of {twin['sweeps']} healthy sweeps; how far a sweep is from "
            "it is a score of strangeness"
        )
    else:
        yield f"twin: sweeps are not compared with it, {twin['reason']}"
