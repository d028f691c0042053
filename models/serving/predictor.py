"""From a sweep to a diagnosis: integrity, resonance, networks, words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

from instruments.files import LabelledArchive, guess_purpose
from instruments.measurement import Sweep, SweepPurpose, TraceArray
from instruments.measurement.flags import DATA_CORRUPTING
from models.diagnosis import (
    NOT_CLASSIFIED,
    NOT_TRAINED,
    Diagnosis,
    OutOfDistribution,
    ResonanceEstimate,
    ResonanceState,
)
from models.preprocessing.canonical import Features
from models.preprocessing.grid import Reals
from models.preprocessing.integrity import NO_TRACE, find_flags, why_unread
from models.preprocessing.references import ReferenceMemory
from models.progress import Listener
from models.serving.folder import StoredModel, load_model
from models.serving.judgements import Judgements
from models.serving.narrow_sweeps import fit_narrow
from models.serving.trained import TrainedModel
from models.serving.wording import word_judgement
from models.training.references import references_of

NO_MODEL = "none"
"""Version of a predictor without a model."""

_BATCH = 128

Traces = dict[str, TraceArray]


class Predictor:
    """Judges sweeps by one model, or by none.

    Parameters
    ----------
    stored
        The model; without one every head answers ``not_trained``, and narrow sweeps
        are fitted all the same.
    """

    def __init__(self, stored: StoredModel | None = None) -> None:
        self._model: TrainedModel | None = None if stored is None else stored.model
        self._version = NO_MODEL if stored is None else stored.version
        self._sound_names: ReferenceMemory[tuple[str, ...]] = ReferenceMemory()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Load a model folder.

        Raises
        ------
        ModelFolderError
            If the folder is incomplete, changed or of another version.
        """
        return cls(load_model(path))

    @classmethod
    def without_model(cls) -> Self:
        """Return a predictor that fits and says ``not_trained``."""
        return cls()

    @property
    def model_version(self) -> str:
        """Version of the model, or ``"none"``."""
        return self._version

    def diagnose(
        self,
        sweep: Sweep,
        reference: Sweep | None = None,
        reference_id: str | None = None,
    ) -> Diagnosis:
        """Judge one sweep.

        Parameters
        ----------
        sweep
            Any sweep; a narrow one gets a resonance fit. Of one whose flags say that
            its samples are void nothing is concluded.
        reference
            The reference of its cavity and thermal cycle, if there is one.
        reference_id
            Id of the reference, kept in the diagnosis.
        """
        return self.diagnose_many([(sweep, reference, reference_id)])[0]

    def diagnose_many(
        self, asked: Sequence[tuple[Sweep, Sweep | None, str | None]]
    ) -> list[Diagnosis]:
        """Judge sweeps together, each with its reference and the reference's id.

        Says what :meth:`diagnose` says of each, to rounding, in less time: most calls
        take as long for one sweep as for several.
        """
        looks = [self._look(sweep, reference) for sweep, reference, _ in asked]
        features = [look.features for look in looks]
        judged = self._judged(features)
        found = []
        for row, (sweep, reference, reference_id) in enumerate(asked):
            if looks[row].is_void:
                found.append(self._refuse(sweep.purpose, looks[row].flags))
                continue
            diagnosis = replace(
                self._word(features, row, judged),
                integrity=looks[row].flags,
                remark=looks[row].remark,
                resonance=fit_narrow(sweep.purpose, sweep.frequency_hz, sweep.traces),
                reference_sweep=None if reference is None else reference_id,
            )
            found.append(diagnosis)
        return found

    def _look(self, sweep: Sweep, reference: Sweep | None) -> "_Look":
        """Bring one sweep to canonical form, and flag what cannot be trusted."""
        if void := [flag.value for flag in sweep.flags if flag in DATA_CORRUPTING]:
            return _Look(None, tuple(void), is_void=True)

        def known() -> tuple[Reals, Traces] | tuple[()]:
            if reference is None:
                return ()
            axis = reference.frequency_hz
            return axis, self._known(axis, dict(reference.traces))

        return self._look_at(
            sweep.frequency_hz, dict(sweep.traces), sweep.purpose, known
        )

    def _look_at(
        self,
        frequency_hz: Reals,
        traces: Traces,
        purpose: SweepPurpose,
        reference: Callable[[], tuple[Reals, Traces] | tuple[()]],
    ) -> "_Look":
        narrow = purpose is not SweepPurpose.WIDE
        sound, flags = _sound(traces, narrow=narrow)
        if self._model is None or not sound:
            return _Look(None, flags)
        features = self._model.form.features(frequency_hz, sound, *reference())
        if features is not None or narrow:
            return _Look(features, flags)
        flag, remark = why_unread(self._model.form.s_parameters, sound)
        return _Look(None, (*flags, flag), remark=remark)

    def _refuse(self, purpose: SweepPurpose, flags: tuple[str, ...]) -> Diagnosis:
        """Conclude nothing from a sweep whose samples are known to be void."""
        resonance = None
        if purpose is not SweepPurpose.WIDE:
            resonance = ResonanceEstimate(
                state=ResonanceState.INSTRUMENT_FAULT,
                reason=f"the sweep is flagged {', '.join(flags)}",
            )
        refused = _unjudged(self._version)
        return replace(refused, integrity=(*flags, NO_TRACE), resonance=resonance)

    def diagnose_archive(
        self, archive: LabelledArchive, tell: Listener | None = None
    ) -> list[Diagnosis]:
        """Judge every sweep of an archive, each against its own reference.

        Parameters
        ----------
        tell
            Is called with how many are judged, and their share of the whole.
        """
        found: list[Diagnosis] = []
        references = references_of(archive)
        for start in range(0, archive.sweep_count, _BATCH):
            rows = range(start, min(start + _BATCH, archive.sweep_count))
            found += self._diagnose_rows(archive, rows, [int(r) for r in references])
            if tell is not None:
                tell(f"{len(found)} sweeps", len(found) / archive.sweep_count)
        return found

    def _diagnose_rows(
        self, archive: LabelledArchive, rows: range, references: list[int]
    ) -> list[Diagnosis]:
        looks: list[_Look] = []
        # Sweeps of a cycle share the arrays of their reference.
        known: dict[int, tuple[Reals, Traces]] = {}
        resonances: list[ResonanceEstimate | None] = []
        for row in rows:
            axis, traces = archive.axis(row), _row(archive, row)
            purpose = guess_purpose(axis, traces)
            reference = partial(
                self._reference_of, archive, row, references[row], known
            )
            looks.append(self._look_at(axis, traces, purpose, reference))
            resonances.append(fit_narrow(purpose, axis, traces))
        features = [look.features for look in looks]
        judged = self._judged(features)
        return [
            replace(
                self._word(features, position, judged),
                integrity=looks[position].flags,
                remark=looks[position].remark,
                resonance=resonance,
            )
            for position, resonance in enumerate(resonances)
        ]

    def _known(self, frequency_hz: Reals, traces: Traces) -> Traces:
        """Return the traces of a reference that can be trusted."""
        names = self._sound_names.recall(
            frequency_hz, traces, lambda: tuple(_sound(traces, narrow=False)[0])
        )
        return {name: traces[name] for name in names}

    def _reference_of(
        self,
        archive: LabelledArchive,
        row: int,
        reference: int,
        known: dict[int, tuple[Reals, Traces]],
    ) -> tuple[Reals, Traces] | tuple[()]:
        """Return axis and traces of a row's reference; nothing where it has none."""
        if reference < 0 or (reference == row and not archive.is_reference[row]):
            return ()
        if reference not in known:
            axis = archive.axis(reference)
            known[reference] = axis, self._known(axis, _row(archive, reference))
        return known[reference]

    def _judged(self, features: list[Features | None]) -> Judgements | None:
        known = [each for each in features if each is not None]
        if self._model is None or not known:
            return None
        return self._model.judge(known)

    def _word(
        self,
        features: list[Features | None],
        position: int,
        judged: Judgements | None,
    ) -> Diagnosis:
        if self._model is None or judged is None or features[position] is None:
            return _unjudged(self._version)
        row = sum(each is not None for each in features[:position])
        return word_judgement(self._model, judged, row, self._version)


@dataclass(frozen=True, slots=True)
class _Look:
    """A sweep in canonical form, None where it has none, and its flags."""

    features: Features | None
    flags: tuple[str, ...]
    is_void: bool = False
    remark: str | None = None


def _unjudged(version: str) -> Diagnosis:
    return Diagnosis(
        model_version=version,
        temperature_k=NOT_TRAINED,
        magnetic_field_tesla=NOT_TRAINED,
        condition=NOT_CLASSIFIED,
        component=NOT_CLASSIFIED,
        out_of_distribution=OutOfDistribution(),
    )


def _sound(traces: Traces, *, narrow: bool) -> tuple[Traces, tuple[str, ...]]:
    """Split off the traces that can be trusted, and flag the others."""
    bad = find_flags(traces, narrow=narrow)
    flags = [flag for name in traces for flag in bad.get(name, ())]
    sound = {name: trace for name, trace in traces.items() if name not in bad}
    if not sound:
        flags.append(NO_TRACE)
    return sound, tuple(dict.fromkeys(flags))


def _row(archive: LabelledArchive, row: int) -> Traces:
    return dict(zip(archive.s_parameters, archive.s[row], strict=True))
