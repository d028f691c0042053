"""Archives in canonical form, with their labels, ready to be learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.files import LabelledArchive
from models.coordinates import Coordinates
from models.coordinates.finding import find_form
from models.diagnosis import LABEL
from models.errors import TrainingRefusedError
from models.networks.inputs import CoordinateInputs
from models.preprocessing.canonical import CanonicalForm, Features
from models.preprocessing.view import SweepView
from models.training.export_columns import scalar_labels
from models.training.form import archive_features, form_of
from models.training.references import references_of

Texts = npt.NDArray[np.str_]
Reals = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]


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


def build_corpus(
    archives: Sequence[LabelledArchive],
    form: CanonicalForm | None = None,
    *,
    like: Corpus | None = None,
) -> Corpus:
    """Bring archives to canonical form.

    Parameters
    ----------
    form
        The form to use; found from the archives where None.
    like
        Another corpus whose form and coordinates are taken over, none found anew.

    Raises
    ------
    TrainingRefusedError
        If no sweep can be brought to the form.
    """
    form = like.form if like is not None else form or form_of(archives)
    rows: list[tuple[int, int]] = []
    features: list[Features] = []
    references = [references_of(archive) for archive in archives]
    for number, archive in enumerate(archives):
        for sweep in range(archive.sweep_count):
            reference = int(references[number][sweep])
            found = archive_features(archive, sweep, reference, form)
            if found is not None:
                rows.append((number, sweep))
                features.append(found)
    if not features:
        raise TrainingRefusedError(
            "no sweep of the archives covers the model's band with samples that can be "
            "used: name archives that were measured over it, or train a model on these"
        )
    views = tuple(each.view for each in features)
    inputs, coordinates = (
        _coordinates(form, views) if like is None else _as(like, views)
    )
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
            name: _numbers([getattr(archive, name) for archive in archives], rows)
            for name in ("temperature_k", "magnetic_field_tesla")
        }
        | {
            LABEL + name: _numbers([each.labels.get(name) for each in archives], rows)
            for name in further
        },
        classes={
            name: _texts(archives, rows, name) for name in ("condition", "component")
        },
        row=np.array(rows, dtype=np.intp),
        views=views,
        reference_row=_reference_rows(references, rows),
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


def _as(
    like: Corpus, views: tuple[SweepView, ...]
) -> tuple[CoordinateInputs | None, Coordinates | None]:
    inputs = like.coordinate_inputs
    return inputs, None if inputs is None else inputs.form.of_views(views)


def left_out_words(archives: Sequence[LabelledArchive], corpus: Corpus) -> list[str]:
    """Say how many sweeps of the archives the corpus does not hold; nothing if none."""
    total = sum(archive.sweep_count for archive in archives)
    left_out = total - corpus.sweep_count
    if not left_out:
        return []
    where = "left out, for no trace of theirs can be used over the model's band"
    return [f"{where}: {left_out} of {total} sweeps"]


def _further_labels(archives: Sequence[LabelledArchive]) -> dict[str, str]:
    """Return the name of every further scalar label with its unit."""
    found: dict[str, str] = {}
    for archive in archives:
        for name in scalar_labels(archive):
            unit = str(archive.units.get(name, ""))
            if found.setdefault(name, unit) != unit:
                raise TrainingRefusedError(
                    f"label {name!r} is in {found[name]!r} in one archive and in "
                    f"{unit!r} in another: bring them to one unit"
                )
    return found


def _reference_rows(
    references: Sequence[npt.NDArray[np.intp]], rows: list[tuple[int, int]]
) -> npt.NDArray[np.intp]:
    place = {row: index for index, row in enumerate(rows)}
    return np.array(
        [place.get((a, int(references[a][i])), -1) for a, i in rows],
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
    columns: Sequence[npt.NDArray[Any] | None], rows: list[tuple[int, int]]
) -> Reals:
    """Return one number a row; NaN where an archive has no such column."""
    taken = ((columns[a], i) for a, i in rows)
    return np.array([np.nan if each is None else float(each[i]) for each, i in taken])
