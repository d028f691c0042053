"""Archives in canonical form, with their labels, ready to be learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instruments.files import LabelledArchive
from models.errors import TrainingRefusedError
from models.preprocessing.canonical import CanonicalForm, Features, plain_form
from models.preprocessing.grid import BIN_COUNT
from models.preprocessing.integrity import find_flags
from models.preprocessing.mask import ModeMask
from models.preprocessing.view import SweepView
from models.training.references import references_of

Texts = npt.NDArray[np.str_]
Reals = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

_MASK_SWEEPS = 400
_BAND_COUNT = 64
_CLEAREST_WEIGHT = 4.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corpus:
    """Sweeps as arrays; the first axis of each is the sweep.

    Attributes
    ----------
    ratio, level, reference_level, present, compared
        As in :class:`models.preprocessing.Features`.
    cavity, thermal_cycle
        Texts; cycles of different archives are told apart.
    measured_at
        Seconds since 1970.
    is_reference
        Known-good states.
    numbers
        ``temperature_k`` and ``magnetic_field_tesla``; NaN where unknown.
    classes
        ``condition`` and ``component``; "" where unknown.
    row
        Number of the sweep in its archive, and number of the archive, shape (sweep, 2).
    views
        The sweeps as measured, with their references.
    reference_row
        Row of each sweep's reference in the corpus, -1 where there is none.
    """

    form: CanonicalForm
    ratio: Singles
    level: Singles
    reference_level: Singles
    present: npt.NDArray[np.bool_]
    compared: npt.NDArray[np.bool_]
    cavity: Texts
    thermal_cycle: Texts
    measured_at: Reals
    is_reference: npt.NDArray[np.bool_]
    numbers: dict[str, Reals]
    classes: dict[str, Texts]
    row: npt.NDArray[np.intp]
    views: tuple[SweepView, ...]
    reference_row: npt.NDArray[np.intp]

    @property
    def sweep_count(self) -> int:
        """Sweeps that could be brought to canonical form."""
        return int(self.present.shape[0])


def form_of(archives: Sequence[LabelledArchive]) -> CanonicalForm:
    """Find the canonical form that suits archives: traces, bands, mask, weights.

    Raises
    ------
    TrainingRefusedError
        If the archives measure different traces or too many bands.
    """
    names = archives[0].s_parameters
    for archive in archives[1:]:
        if set(archive.s_parameters) != set(names):
            raise TrainingRefusedError(
                f"the archives measure different traces ({', '.join(names)} and "
                f"{', '.join(archive.s_parameters)}); train on them one by one"
            )
    bands = np.unique(np.concatenate([_bands(archive) for archive in archives]), axis=0)
    if len(bands) > _BAND_COUNT:
        raise TrainingRefusedError(
            f"the sweeps lie in {len(bands)} different bands, at most {_BAND_COUNT} "
            "can be trained on"
        )
    plain = plain_form(names, bands)
    mask = ModeMask(BIN_COUNT)
    noise: list[Reals] = []
    for archive in archives:
        _look_at(archive, plain, mask, noise)
    kept = mask.kept()
    weight = np.ones((len(names), 2 * BIN_COUNT))
    if noise:
        weight = _weights(np.nanmedian(np.stack(noise), axis=0))
    chosen = weight[:, np.tile(kept, 2)]
    return CanonicalForm(
        s_parameters=names,
        bands_hz=bands,
        kept=kept,
        weight=chosen.astype(np.float32),
    )


def build_corpus(
    archives: Sequence[LabelledArchive], form: CanonicalForm | None = None
) -> Corpus:
    """Bring archives to canonical form.

    Parameters
    ----------
    form
        The form to use; found from the archives where None.

    Raises
    ------
    TrainingRefusedError
        If no sweep can be brought to the form.
    """
    form = form or form_of(archives)
    rows: list[tuple[int, int]] = []
    features: list[Features] = []
    for number, archive in enumerate(archives):
        references = references_of(archive)
        for sweep in range(archive.sweep_count):
            found = archive_features(archive, sweep, int(references[sweep]), form)
            if found is not None:
                rows.append((number, sweep))
                features.append(found)
    if not features:
        raise TrainingRefusedError(
            "no sweep of the archives covers the model's band: name archives that were "
            "measured over it, or train a model on these"
        )
    return Corpus(
        form=form,
        ratio=np.stack([each.ratio for each in features]),
        level=np.stack([each.level for each in features]),
        reference_level=np.stack([each.reference_level for each in features]),
        present=np.stack([each.present for each in features]),
        compared=np.stack([each.compared for each in features]),
        cavity=_texts(archives, rows, "cavity"),
        thermal_cycle=_cycles(archives, rows),
        measured_at=np.array([archives[a].measured_at[i] for a, i in rows]),
        is_reference=np.array([archives[a].is_reference[i] for a, i in rows]),
        numbers={
            name: _numbers(archives, rows, name)
            for name in ("temperature_k", "magnetic_field_tesla")
        },
        classes={
            name: _texts(archives, rows, name) for name in ("condition", "component")
        },
        row=np.array(rows, dtype=np.intp),
        views=tuple(each.view for each in features),
        reference_row=_reference_rows(archives, rows),
    )


def archive_features(
    archive: LabelledArchive, sweep: int, reference: int, form: CanonicalForm
) -> Features | None:
    """Bring one sweep of an archive to canonical form, its bad traces left out."""
    traces = _good_traces(archive, sweep)
    if reference < 0 or reference == sweep:
        return form.features(archive.axis(sweep), traces)
    return form.features(
        archive.axis(sweep),
        traces,
        archive.axis(reference),
        _good_traces(archive, reference),
    )


def _good_traces(
    archive: LabelledArchive, sweep: int
) -> dict[str, npt.NDArray[np.complex64]]:
    traces = dict(zip(archive.s_parameters, archive.s[sweep], strict=True))
    bad = find_flags(traces, narrow=False)
    return {name: trace for name, trace in traces.items() if name not in bad}


def _bands(archive: LabelledArchive) -> Reals:
    if archive.frequency_hz.ndim == 1:
        return archive.frequency_hz[[0, -1]][None, :]
    ends = archive.frequency_hz[:, [0, -1]]
    # What all sweeps of a cavity share: nested spans around one mode are one band.
    shared = [
        (
            ends[archive.cavity == cavity, 0].max(),
            ends[archive.cavity == cavity, 1].min(),
        )
        for cavity in np.unique(archive.cavity)
    ]
    if all(stop > start for start, stop in shared):
        return np.array(shared)
    return np.unique(ends, axis=0)


def _look_at(
    archive: LabelledArchive, plain: CanonicalForm, mask: ModeMask, noise: list[Reals]
) -> None:
    references = references_of(archive)
    step = max(archive.sweep_count // _MASK_SWEEPS, 1)
    for sweep in range(0, archive.sweep_count, step):
        traces = _good_traces(archive, sweep)
        axis = archive.axis(sweep)
        binning = plain.binning(axis)
        if not traces or binning is None:
            continue
        if axis[-1] - axis[0] > 0.02 * axis[-1]:
            mask.add(binning, _ratios(archive, sweep, int(references[sweep]), traces))
        found = archive_features(archive, sweep, int(references[sweep]), plain)
        if found is not None and found.compared.any():
            noise.append(_roughness(found))


def _ratios(
    archive: LabelledArchive,
    sweep: int,
    reference: int,
    traces: dict[str, npt.NDArray[np.complex64]],
) -> npt.NDArray[np.complex128]:
    """Return ratios to the reference on the same axis, bare traces without one."""
    known = {} if reference in {-1, sweep} else _good_traces(archive, reference)
    comparable = np.array_equal(archive.axis(sweep), archive.axis(reference))
    return np.stack(
        [
            trace.astype(np.complex128) / np.where(known[name] == 0, 1e-12, known[name])
            if comparable and name in known
            else trace.astype(np.complex128)
            for name, trace in traces.items()
        ]
    )


def _roughness(features: Features) -> Reals:
    values = features.ratio.reshape(features.ratio.shape[0], 2, -1).astype(np.float64)
    values = np.where(features.compared[:, None, None], values, np.nan)
    bend = np.abs(np.diff(values, 2, axis=2)) / np.sqrt(6.0)
    padded = np.pad(bend, ((0, 0), (0, 0), (1, 1)), mode="edge")
    return padded.reshape(values.shape[0], -1)


def _weights(roughness: Reals) -> Reals:
    usual = np.nanmedian(roughness) + 1e-9
    weights = usual / (np.nan_to_num(roughness, nan=usual) + 1e-3 * usual)
    return np.clip(weights, 1.0 / _CLEAREST_WEIGHT, _CLEAREST_WEIGHT)


def _reference_rows(
    archives: Sequence[LabelledArchive], rows: list[tuple[int, int]]
) -> npt.NDArray[np.intp]:
    known = [references_of(archive) for archive in archives]
    place = {row: index for index, row in enumerate(rows)}
    return np.array(
        [place.get((number, int(known[number][sweep])), -1) for number, sweep in rows],
        dtype=np.intp,
    )


def _texts(
    archives: Sequence[LabelledArchive], rows: list[tuple[int, int]], name: str
) -> Texts:
    columns = [getattr(archive, name) for archive in archives]
    return np.array(["" if columns[a] is None else str(columns[a][i]) for a, i in rows])


def _cycles(archives: Sequence[LabelledArchive], rows: list[tuple[int, int]]) -> Texts:
    if len(archives) == 1:
        return _texts(archives, rows, "thermal_cycle")
    return np.array([f"{a}:{archives[a].thermal_cycle[i]}" for a, i in rows])


def _numbers(
    archives: Sequence[LabelledArchive], rows: list[tuple[int, int]], name: str
) -> Reals:
    columns = [getattr(archive, name) for archive in archives]
    return np.array(
        [np.nan if columns[a] is None else float(columns[a][i]) for a, i in rows]
    )
