"""The canonical form: what of a sweep a network sees, the same for every axis."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.preprocessing.axes import AxisMemory
from models.preprocessing.grid import (
    BIN_COUNT,
    Binning,
    Complexes,
    Reals,
    bin_axis,
    binned_level,
    binned_log_ratio,
    binned_power,
    level_of_power,
    onto_axis,
)
from models.preprocessing.references import ReferenceMemory
from models.preprocessing.view import SweepView, Traces

NARROW_SHARE = 0.02
"""A band narrower than this share of its frequency resolves one line."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """One sweep in canonical form.

    Attributes
    ----------
    ratio
        ln |S / S_ref|, then its phase in rad, in the kept bins; weighted; shape
        (trace, 2 kept). Zero where a trace or the reference is missing.
    level
        ln of the rms magnitude of the sweep, shape (trace, bin); zero where missing.
    reference_level
        The same of the reference.
    present
        Traces of the sweep, shape (trace,).
    compared
        Traces that the reference has too, shape (trace,).
    view
        The sweep and its reference as measured.
    """

    ratio: npt.NDArray[np.float32]
    level: npt.NDArray[np.float32]
    reference_level: npt.NDArray[np.float32]
    present: npt.NDArray[np.bool_]
    compared: npt.NDArray[np.bool_]
    view: SweepView


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CanonicalForm:
    """How sweeps are brought to canonical form.

    Attributes
    ----------
    s_parameters
        Trace names, in the order of the features.
    bands_hz
        Start and stop of each band that was trained on, shape (band, 2).
    kept
        Bins that no tuned mode reaches, shape (bin,).
    weight
        Factor on each ratio feature, shape (trace, 2 kept): noisy bins count less.
    """

    s_parameters: tuple[str, ...]
    bands_hz: Reals
    kept: npt.NDArray[np.bool_]
    weight: npt.NDArray[np.float32]
    _axes: AxisMemory[Binning | None] = field(
        default_factory=AxisMemory, init=False, repr=False
    )
    _references: ReferenceMemory[dict[str, Reals]] = field(
        default_factory=ReferenceMemory, init=False, repr=False
    )

    @property
    def follows_lines(self) -> bool:
        """Return whether all bands resolve single lines."""
        widths = self.bands_hz[:, 1] - self.bands_hz[:, 0]
        return bool((widths < NARROW_SHARE * self.bands_hz[:, 1]).all())

    @property
    def ratio_count(self) -> int:
        """Ratio features of one trace."""
        return 2 * int(self.kept.sum())

    def binning(self, frequency_hz: Reals) -> Binning | None:
        """Place an axis on the narrowest band that it covers; None if it covers none.

        Narrow bands go first because a wide axis covers them by chance. Where all
        were narrow, each sweep lies around a line of its own, wherever that is.
        """
        return self._axes.recall(frequency_hz, self._placed)

    def _placed(self, frequency_hz: Reals) -> Binning | None:
        if self.follows_lines:
            start, stop = float(frequency_hz[0]), float(frequency_hz[-1])
            if stop - start < NARROW_SHARE * stop:
                return bin_axis(frequency_hz, (start, stop))
            return None
        widths = self.bands_hz[:, 1] - self.bands_hz[:, 0]
        for index in np.argsort(-widths):
            start, stop = self.bands_hz[index]
            binning = bin_axis(frequency_hz, (float(start), float(stop)))
            if binning is not None:
                return binning
        return None

    def features(
        self,
        frequency_hz: Reals,
        traces: Traces,
        reference_hz: Reals | None = None,
        reference: Traces | None = None,
    ) -> Features | None:
        """Bring one sweep to canonical form.

        Parameters
        ----------
        frequency_hz
            Axis of the sweep in Hz, shape (point,).
        traces
            Complete traces of the sweep, each shape (point,).
        reference_hz, reference
            Axis in Hz and traces of the reference, if there is one.

        Returns
        -------
        Features or None
            None where the axis does not cover a trained band or no trace is known.
        """
        names = [name for name in self.s_parameters if name in traces]
        binning = self.binning(frequency_hz)
        if not names or binning is None:
            return None
        samples = _stack(traces, names)
        level = self._spread(names, binned_level(binning, samples))
        ratio = np.zeros((len(self.s_parameters), self.ratio_count), np.float32)
        reference_level = np.zeros_like(level)
        common: list[str] = []
        if reference_hz is not None and reference is not None:
            common = [name for name in names if name in reference]
            stacked = _stack(reference, common)
            known = onto_axis(frequency_hz, reference_hz, stacked)
            if known is None:
                common = []
            elif common:
                if known is stacked:
                    power = self._power_of(reference_hz, reference, common, binning)
                else:
                    power = binned_power(binning, known)
                chosen = samples[[names.index(name) for name in common]]
                parts = binned_log_ratio(binning, chosen, known, power)
                values = np.concatenate([part[:, self.kept] for part in parts], axis=1)
                ratio = self._spread(common, values) * self.weight
                reference_level = self._spread(common, level_of_power(binning, power))
        return Features(
            ratio=ratio,
            level=level,
            reference_level=reference_level,
            present=self._flags(names),
            compared=self._flags(common),
            view=SweepView(
                frequency_hz=frequency_hz,
                traces=traces,
                reference_hz=reference_hz,
                reference=reference,
            ),
        )

    def _power_of(
        self, axis_hz: Reals, traces: Traces, names: list[str], binning: Binning
    ) -> Reals:
        """Return the power of a reference in the bins of its own axis."""

        def work_out() -> dict[str, Reals]:
            known = [name for name in self.s_parameters if name in traces]
            power = binned_power(binning, _stack(traces, known))
            return dict(zip(known, power, strict=True))

        rows = self._references.recall(axis_hz, traces, work_out)
        return np.stack([rows[name] for name in names])

    def _flags(self, names: list[str]) -> npt.NDArray[np.bool_]:
        return np.array([name in names for name in self.s_parameters])

    def _spread(self, names: list[str], values: Reals) -> npt.NDArray[np.float32]:
        whole = np.zeros((len(self.s_parameters), values.shape[1]), np.float32)
        for name, row in zip(names, values, strict=True):
            whole[self.s_parameters.index(name)] = row
        return whole


def plain_form(s_parameters: tuple[str, ...], bands_hz: Reals) -> CanonicalForm:
    """Return a form that masks nothing and weighs all bins alike."""
    return CanonicalForm(
        s_parameters=s_parameters,
        bands_hz=bands_hz,
        kept=np.ones(BIN_COUNT, dtype=np.bool_),
        weight=np.ones((len(s_parameters), 2 * BIN_COUNT), dtype=np.float32),
    )


def _stack(traces: Traces, names: list[str]) -> Complexes:
    if not names:
        return np.zeros((0, 1), dtype=np.complex128)
    return np.stack([np.asarray(traces[name], np.complex128) for name in names])
