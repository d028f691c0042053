"""Which part is installed: a name, how surely, or unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from models.calibration.classes import SET_COVERAGE
from models.errors import TrainingRefusedError
from models.fingerprint.bank import Bank
from models.fingerprint.learning import learn_bank
from models.fingerprint.packing import arrays_of, parts_of
from models.fingerprint.pairing import (
    known_states,
    pair_of,
    paired,
    shared_band,
    teams,
    tells_parts,
)
from models.fingerprint.rehearsal import Paired, see
from models.fingerprint.view import Reals, View, WideSweep

UNKNOWN = "unknown"
"""The name of what was never seen."""

TOO_FAR = "the sweep is far from every assembly that was learnt"
"""Why a sweep is of no class, rather than of any."""

_GATES = (0.0, 20.0, 80.0, 160.0)
_ABSOLUTE_GATES = (0.0,)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FingerprintJudgement:
    """Which part a sweep shows.

    Attributes
    ----------
    component
        The best name, or ``unknown``.
    reason
        One sentence where it is ``unknown``.
    probabilities
        By class, in the order of the head's classes; shape (class,).
    conformal_set
        Names that cannot be excluded at 90 %, best first: none where the sweep is far
        from all that was learnt, several where it cannot be told from them.
    compared
        Whether the sweep was compared with a known state.
    """

    component: str
    reason: str | None
    probabilities: Reals
    conformal_set: tuple[str, ...]
    compared: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fingerprint:
    """Names the part that is installed.

    Attributes
    ----------
    s_parameters
        Traces that are looked at.
    classes
        Names, sorted.
    views, banks
        By kind of view: ``ratio`` to a known state, where one tells parts apart, and
        ``absolute``.
    """

    s_parameters: tuple[str, ...]
    classes: tuple[str, ...]
    views: Mapping[str, View]
    banks: Mapping[str, Bank]

    @classmethod
    def fit(
        cls,
        sweeps: Sequence[WideSweep],
        components: Sequence[str],
        references: Sequence[int],
        sessions: Sequence[str],
        *,
        seed: int = 0,
    ) -> Self:
        """Learn parts from labelled sweeps; the same seed gives the same head.

        Parameters
        ----------
        components
            Class of each sweep; "" is left out.
        references
            Index of the sweep that is each sweep's known state; -1 or its own index
            where there is none.
        sessions
            Cavity and thermal cycle of each sweep: known states of one session can
            stand for one another.

        Raises
        ------
        TrainingRefusedError
            If fewer than two parts are labelled, or the sweeps share no band.
        """
        rows = [row for row, name in enumerate(components) if name]
        classes = tuple(sorted({components[row] for row in rows}))
        if len(classes) < 2:
            raise TrainingRefusedError(
                "a fingerprint takes sweeps of two labelled components or more: label "
                "the component of each sweep"
            )
        names = tuple(sorted({name for row in rows for name in sweeps[row].traces}))
        band = shared_band([sweeps[row] for row in rows])
        labels = np.array([classes.index(components[row]) for row in rows])
        absolute = [paired(names, sweeps, row, ()) for row in rows]
        team = teams(references, sessions)
        compared = [
            place for place, row in enumerate(rows) if references[row] not in {-1, row}
        ]
        views, banks = {}, {}
        if tells_parts(components, references, rows):
            pairs = [
                paired(
                    names,
                    sweeps,
                    rows[place],
                    known_states(rows[place], references, team[sessions[rows[place]]]),
                )
                for place in compared
            ]
            views["ratio"], banks["ratio"] = _best(
                band, pairs, labels[compared], len(classes), gates=_GATES, seed=seed
            )
        views["absolute"], banks["absolute"] = _best(
            band, absolute, labels, len(classes), gates=_ABSOLUTE_GATES, seed=seed
        )
        return cls(s_parameters=names, classes=classes, views=views, banks=banks)

    def judge(
        self, sweep: WideSweep, reference: WideSweep | None = None
    ) -> FingerprintJudgement:
        """Name the part that a sweep shows.

        Parameters
        ----------
        reference
            A known state of the same cavity and thermal cycle; None where there is
            none, which costs certainty.
        """
        compared = reference is not None and "ratio" in self.banks
        kind = "ratio" if compared else "absolute"
        pair = pair_of(self.s_parameters, sweep, (reference,) if compared else ())
        seen = see(self.views[kind], pair.echoes, pair.known[0] if pair.known else None)
        bank = self.banks[kind]
        distances = bank.distances(seen)
        if distances is None:
            even = np.full(len(self.classes), 1.0 / len(self.classes))
            return self._judged(
                even, "the sweep covers too little of the learnt band", compared
            )
        nearest = bank.nearest(distances)
        probabilities = bank.probabilities(nearest)
        reason = None
        if nearest.min() > bank.furthest:
            reason = TOO_FAR
        elif probabilities.max() < bank.least_probability:
            reason = "several components fit the sweep alike"
        return self._judged(probabilities, reason, compared)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return all that was learnt, by name; texts as UTF-8 bytes."""
        return arrays_of(self.classes, self.s_parameters, self.views, self.banks)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Rebuild a head.

        Raises
        ------
        ModelFolderError
            If an array is missing, left over, not finite or of another shape.
        """
        classes, s_parameters, views, banks = parts_of(arrays)
        return cls(s_parameters=s_parameters, classes=classes, views=views, banks=banks)

    def _judged(
        self, probabilities: Reals, reason: str | None, compared: bool
    ) -> FingerprintJudgement:
        order = np.argsort(-probabilities, kind="stable")
        bank = self.banks["ratio" if compared else "absolute"]
        best = self.classes[int(order[0])]
        kept = int((probabilities >= bank.set_threshold).sum())
        if not reason:
            kept = max(kept, 1)
        elif reason != TOO_FAR:
            together = np.cumsum(probabilities[order])
            kept = max(kept, 1 + int((together < SET_COVERAGE).sum()))
        return FingerprintJudgement(
            component=UNKNOWN if reason else best,
            reason=reason,
            probabilities=probabilities,
            conformal_set=tuple(self.classes[int(place)] for place in order[:kept]),
            compared=compared,
        )


def _best(
    band: tuple[float, float],
    pairs: Sequence[Paired],
    labels: npt.NDArray[np.intp],
    class_count: int,
    *,
    gates: Sequence[float],
    seed: int,
) -> tuple[View, Bank]:
    """Choose the gate whose rehearsed sweeps keep the largest margin."""
    best: tuple[float, View, Bank] | None = None
    for gate in gates:
        view = View(low_hz=band[0], high_hz=band[1], gate_resolutions=gate)
        rng = np.random.default_rng(seed)
        bank, margin = learn_bank(view, pairs, labels, class_count, rng)
        if best is None or margin > best[0]:
            best = (margin, view, bank)
    assert best is not None
    return best[1], best[2]
