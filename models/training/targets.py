"""What can be learnt from a corpus, and one sentence on everything that cannot."""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.errors import TrainingRefusedError
from models.networks.density import Coordinate, DensityGrid
from models.training.corpus import Corpus

TARGETS = ("condition", "component", "temperature_k", "magnetic_field_tesla")
"""Targets of every archive; further scalar labels come behind them by their names."""

_COORDINATES = {
    "temperature_k": Coordinate.LOG10,
    "magnetic_field_tesla": Coordinate.ASINH,
}
_LEAST_SWEEPS = 12
_LEAST_VALUES = 5
_LEAST_CLASS_SWEEPS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPlan:
    """The heads of a model.

    Attributes
    ----------
    densities
        Scalar target to the grid of its density.
    classes
        Class target to its labels, in the order of the outputs.
    refused
        Target to the sentence why it is not trained.
    """

    densities: dict[str, DensityGrid] = field(default_factory=dict)
    classes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def trained(self) -> tuple[str, ...]:
        """Targets that are trained, in their usual order."""
        further = sorted(set(self.densities) - set(TARGETS))
        return tuple(
            name
            for name in (*TARGETS, *further)
            if name in self.densities or name in self.classes
        )


def is_compared(name: str) -> bool:
    """Return whether a target is judged against a reference; components are not."""
    return name != "component"


def targets_of(corpus: Corpus) -> tuple[str, ...]:
    """Return what may be trained on a corpus, its further labels last."""
    return (*TARGETS, *sorted(set(corpus.numbers) - set(TARGETS)))


def plan_targets(corpus: Corpus, wanted: Collection[str] | None = None) -> TargetPlan:
    """Decide which heads a corpus supports.

    Parameters
    ----------
    wanted
        Targets asked for; all that are possible where None.

    Raises
    ------
    TrainingRefusedError
        If a target asked for is unknown, or nothing can be trained.
    """
    known = targets_of(corpus)
    unknown = sorted(set(wanted or ()) - set(known))
    if unknown:
        raise TrainingRefusedError(
            f"{unknown[0]!r} is no target; there are {', '.join(known)}"
        )
    plan = TargetPlan()
    for name in known:
        if wanted is not None and name not in wanted:
            plan.refused[name] = "not asked for"
        elif name in corpus.numbers:
            _plan_density(corpus, name, plan)
        else:
            _plan_classes(corpus, name, plan)
    if not plan.trained:
        reasons = "; ".join(f"{name}: {why}" for name, why in plan.refused.items())
        raise TrainingRefusedError(f"nothing can be trained ({reasons})")
    return plan


def usable(corpus: Corpus, name: str) -> npt.NDArray[np.bool_]:
    """Return which sweeps carry a label of a target and what it is judged from."""
    if name in corpus.numbers:
        labelled = np.isfinite(corpus.numbers[name])
        if name == "temperature_k":
            with np.errstate(invalid="ignore"):
                labelled &= corpus.numbers[name] > 0.0
    else:
        labelled = corpus.classes[name] != ""
    if is_compared(name):
        labelled = labelled & corpus.compared.any(axis=1)
    return np.asarray(labelled)


def _plan_density(corpus: Corpus, name: str, plan: TargetPlan) -> None:
    chosen = usable(corpus, name)
    values = corpus.numbers[name][chosen]
    if not np.isfinite(corpus.numbers[name]).any():
        plan.refused[name] = "no sweep has such a label"
        return
    if values.size < _LEAST_SWEEPS:
        plan.refused[name] = (
            f"only {values.size} labelled sweeps have a reference, "
            f"at least {_LEAST_SWEEPS} are needed"
        )
        return
    coordinate = _COORDINATES.get(name, Coordinate.LINEAR)
    grid = DensityGrid.around(coordinate, values)
    places = grid.place(values)
    # A label that never changes spans no grid.
    width = max(grid.width, 1e-30)
    if np.unique(np.round(places / width)).size < _LEAST_VALUES:
        plan.refused[name] = (
            f"takes fewer than {_LEAST_VALUES} different values, too few for a density"
        )
        return
    cycles = corpus.thermal_cycle[chosen]
    inside = [np.ptp(places[cycles == cycle]) for cycle in np.unique(cycles)]
    if np.median(inside) < 0.05 * np.ptp(places):
        plan.refused[name] = (
            "hardly varies within a thermal cycle, so it would only name the cycle"
        )
        return
    plan.densities[name] = grid


def _plan_classes(corpus: Corpus, name: str, plan: TargetPlan) -> None:
    chosen = usable(corpus, name)
    labels, cycles = corpus.classes[name][chosen], corpus.thermal_cycle[chosen]
    if not (corpus.classes[name] != "").any():
        plan.refused[name] = "no sweep has such a label"
        return
    counts = {
        str(label): int((labels == label).sum())
        for label in np.unique(labels)
        if (labels == label).sum() >= _LEAST_CLASS_SWEEPS
    }
    if np.unique(cycles).size > 1:
        # A class of one cycle cannot be told from the cycle itself.
        counts = {
            label: count
            for label, count in counts.items()
            if np.unique(cycles[labels == label]).size > 1
        }
    if len(counts) < 2:
        plan.refused[name] = (
            "fewer than two classes occur in two thermal cycles or more, so no "
            "held-out cycle can test them"
        )
        return
    plan.classes[name] = tuple(sorted(counts))
