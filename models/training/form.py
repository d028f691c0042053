"""The canonical form that suits archives, and their sweeps in it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from instruments.files import LabelledArchive
from models.errors import TrainingRefusedError
from models.preprocessing.canonical import CanonicalForm, Features, plain_form
from models.preprocessing.grid import BIN_COUNT
from models.preprocessing.integrity import find_flags
from models.preprocessing.mask import ModeMask
from models.training.references import references_of

Reals = npt.NDArray[np.float64]

_MASK_SWEEPS = 400
_BAND_COUNT = 64
_CLEAREST_WEIGHT = 4.0


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
