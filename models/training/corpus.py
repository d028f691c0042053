"""Archives in canonical form, with their labels, ready to be learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from instruments.files import LabelledArchive
from models.coordinates import Coordinates
from models.coordinates.form import find_form
from models.diagnosis import LABEL
from models.errors import TrainingRefusedError
from models.networks.inputs import CoordinateInputs
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
        ``temperature_k``, ``magnetic_field_tesla``, and further scalar labels as
        ``label:NAME``; NaN where unknown.
    units
        Of the further labels, by ``label:NAME``; "" where none is told.
    classes
        ``condition`` and ``component``; "" where unknown.
    row
        Number of the sweep in its archive, and number of the archive, shape (sweep, 2).
    views
        The sweeps as measured, with their references.
    reference_row
        Row of each sweep's reference in the corpus, -1 where there is none.
    coordinate_inputs
        How sweeps become coordinates; None where they follow lines or several bands.
    coordinates
        Of every sweep; None likewise.
    coordinate_table
        The same as networks take them, shape (sweep, trace, input); no inputs where
        there are none.
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
    units: dict[str, str]
    coordinate_inputs: CoordinateInputs | None
    coordinates: Coordinates | None
    coordinate_table: Singles

    @property
    def sweep_count(self) -> int:
        """Sweeps that could be brought to canonical form."""
        return int(self.present.shape[0])

    def taken(self, rows: npt.NDArray[np.intp]) -> "Corpus":
        """Return some of the sweeps; references that are not among them are lost."""
        place = np.full(self.sweep_count + 1, -1, dtype=np.intp)
        place[rows] = np.arange(rows.size)
        by_sweep = {
            name: getattr(self, name)[rows]
            for name in (
                "ratio",
                "level",
                "reference_level",
                "present",
                "compared",
                "cavity",
                "thermal_cycle",
                "measured_at",
                "is_reference",
                "row",
                "coordinate_table",
            )
        }
        seen = self.coordinates
        return replace(
            self,
            **by_sweep,
            numbers={name: each[rows] for name, each in self.numbers.items()},
            classes={name: each[rows] for name, each in self.classes.items()},
            views=tuple(self.views[int(row)] for row in rows),
            reference_row=place[self.reference_row[rows]],
            coordinates=(
                None
                if seen is None
                else Coordinates(values=seen.values[rows], texture=seen.texture[rows])
            ),
        )


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
    views = tuple(each.view for each in features)
    inputs, coordinates = _coordinates(form, views)
    present = np.stack([each.present for each in features])
    empty = np.zeros((*present.shape, 0), np.float32)
    further = _further_labels(archives)
    return Corpus(
        form=form,
        ratio=np.stack([each.ratio for each in features]),
        level=np.stack([each.level for each in features]),
        reference_level=np.stack([each.reference_level for each in features]),
        present=present,
        compared=np.stack([each.compared for each in features]),
        cavity=_texts(archives, rows, "cavity"),
        thermal_cycle=_cycles(archives, rows),
        measured_at=np.array([archives[a].measured_at[i] for a, i in rows]),
        is_reference=np.array([archives[a].is_reference[i] for a, i in rows]),
        numbers={
            name: _numbers(archives, rows, name)
            for name in ("temperature_k", "magnetic_field_tesla")
        }
        | {LABEL + name: _labels(archives, rows, name) for name in further},
        classes={
            name: _texts(archives, rows, name) for name in ("condition", "component")
        },
        row=np.array(rows, dtype=np.intp),
        views=views,
        reference_row=_reference_rows(archives, rows),
        units={LABEL + name: unit for name, unit in further.items()},
        coordinate_inputs=inputs,
        coordinates=coordinates,
        coordinate_table=(
            empty
            if inputs is None or coordinates is None
            else inputs.tables(coordinates)
        ),
    )


def _coordinates(
    form: CanonicalForm, views: tuple[SweepView, ...]
) -> tuple[CoordinateInputs | None, Coordinates | None]:
    """Put sweeps into coordinates, where they cover one wide band."""
    if form.follows_lines or form.bands_hz.shape[0] != 1:
        return None, None
    start, stop = form.bands_hz[0]
    found = find_form((float(start), float(stop)), form.s_parameters, views)
    if found is None:
        return None, None
    coordinates = found.of_views(views)
    return CoordinateInputs.of(found, coordinates), coordinates


def _further_labels(archives: Sequence[LabelledArchive]) -> dict[str, str]:
    """Return the name of every further scalar label with its unit."""
    found: dict[str, str] = {}
    for archive in archives:
        for name, values in archive.labels.items():
            if np.issubdtype(values.dtype, np.number) and values.ndim == 1:
                unit = str(archive.units.get(name, ""))
                if found.setdefault(name, unit) != unit:
                    raise TrainingRefusedError(
                        f"label {name!r} is in {found[name]!r} in one archive and in "
                        f"{unit!r} in another: bring them to one unit"
                    )
    return found


def _labels(
    archives: Sequence[LabelledArchive], rows: list[tuple[int, int]], name: str
) -> Reals:
    columns = [
        archive.labels.get(name, np.full(archive.sweep_count, np.nan))
        for archive in archives
    ]
    return np.array([float(columns[a][i]) for a, i in rows])


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
