"""Echoes and modes that are followed, those of all traces in one pass.

A lone sweep waits for calls, not for numbers, so the gates of all traces go through
each call together; and what belongs to the reference alone is worked out once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

from models.coordinates.echoes import (
    EchoChange,
    KnownEchoes,
    compare_echoes,
    in_gates,
    in_time,
    trend_free,
)
from models.coordinates.modes import fit_poles
from models.coordinates.signal import Complexes, Flags, Reals
from models.coordinates.trace import TraceForm, snap_basis

Indices: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class KnownSignals:
    """References on the canonical grid, made ready for the sweeps of their cycles.

    Attributes
    ----------
    signals
        Shape (reference, trace, bin); 1 where a trace is missing.
    there
        Which traces are not, shape (reference, trace).
    echoes
        In the gates of all traces.
    modes
        Place and ln of the half width of each mode, shape (reference, mode, 2).
    """

    signals: Complexes
    there: Flags
    echoes: KnownEchoes
    modes: Reals

    @classmethod
    def joined(cls, parts: "Sequence[Self]") -> Self:
        """Join references, of which each part has its own."""
        if len(parts) == 1:
            return parts[0]
        echoes = [part.echoes for part in parts]
        return cls(
            signals=np.concatenate([part.signals for part in parts]),
            there=np.concatenate([part.there for part in parts]),
            echoes=KnownEchoes(
                conjugate=np.concatenate([each.conjugate for each in echoes]),
                power=np.concatenate([each.power for each in echoes]),
                delay_steps=np.concatenate([each.delay_steps for each in echoes]),
            ),
            modes=np.concatenate([part.modes for part in parts]),
        )

    def taken(self, rows: Indices) -> "KnownSignals":
        """Return the reference of each row; a lone one stands for all."""
        if self.there.shape[0] == 1:
            return self
        return KnownSignals(
            signals=self.signals[rows],
            there=self.there[rows],
            echoes=self.echoes.taken(rows),
            modes=self.modes[rows],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Following:
    """What is followed in all traces of a form.

    Attributes
    ----------
    forms
        Of the traces.
    gates, trace_of, middle_steps
        Of every echo: its gate, its trace, and the middle of the band in steps of the
        frequency axis, shape (gate,).
    followed
        Gates of which the coordinates tell: all but the earliest of a reflection,
        shape (followed,).
    earliest
        For each of these the earliest gate of its trace, shape (followed,).
    reflected
        Whether it is taken relative to that one, shape (followed,).
    snaps, snap_range
        As in :class:`TraceForm`, shape (followed, ...).
    """

    forms: tuple[TraceForm, ...]
    gates: tuple[int, ...]
    trace_of: Indices
    middle_steps: Reals
    followed: Indices
    earliest: Indices
    reflected: Flags
    snaps: Reals
    snap_range: Reals

    @classmethod
    def of(cls, forms: Sequence[TraceForm]) -> Self:
        """Gather what the traces' forms say."""
        trace_of = np.repeat(np.arange(len(forms)), [len(each.gates) for each in forms])
        earliest = np.searchsorted(trace_of, trace_of)
        reflected = np.array([not each.logarithmic for each in forms])[trace_of]
        followed = np.flatnonzero(~reflected | (np.arange(trace_of.size) > earliest))
        return cls(
            forms=tuple(forms),
            gates=tuple(gate for each in forms for gate in each.gates),
            trace_of=trace_of,
            middle_steps=np.array([each.middle_steps for each in forms])[trace_of],
            followed=followed,
            earliest=earliest[followed],
            reflected=reflected[followed],
            snaps=np.concatenate([each.snaps for each in forms])[followed],
            snap_range=np.concatenate([each.snap_range for each in forms])[followed],
        )

    def known(self, signals: Complexes, there: Flags) -> KnownSignals:
        """Make references ready; signals of missing traces are not looked at.

        Parameters
        ----------
        signals
            Shape (reference, trace, bin).
        there
            Shape (reference, trace).
        """
        whole = np.where(there[..., None], signals, 1.0)
        return KnownSignals(
            signals=whole,
            there=there,
            echoes=self.known_echoes(whole),
            modes=self.modes(whole),
        )

    def known_echoes(self, signals: Complexes) -> KnownEchoes:
        """Make the echoes of references ready, from finite signals."""
        return KnownEchoes.of(self._gated(signals), self.gates)

    def echoes(self, own: Complexes, known: KnownEchoes) -> EchoChange:
        """Compare the echoes of sweeps with those of their references.

        Parameters
        ----------
        own
            Finite signals, shape (sweep, trace, bin).

        Returns
        -------
        EchoChange
            Each of shape (sweep, gate).
        """
        return compare_echoes(self._gated(own), known, self.middle_steps)

    def _gated(self, signals: Complexes) -> Complexes:
        """Return what lies in every gate, shape (sweep, gate, bin)."""
        sought = signals.copy()
        for index, form in enumerate(self.forms):
            if form.logarithmic and form.gates:
                sought[:, index] = trend_free(signals[:, index], form.kept)
        return in_gates(in_time(sought)[:, self.trace_of], self.gates)

    def relative(self, echoes: EchoChange) -> EchoChange:
        """Return the followed echoes, in a reflection relative to the earliest one.

        Each of shape (sweep, followed).
        """
        return EchoChange(
            strength=self._relative(echoes.strength),
            phase_rad=self._relative(echoes.phase_rad),
            coherence=echoes.coherence[:, self.followed],
            delay_steps=self._relative(echoes.delay_steps),
        )

    def _relative(self, values: Reals) -> Reals:
        first = np.where(self.reflected, values[:, self.earliest], 0.0)
        return np.asarray(values[:, self.followed] - first)

    def stretches(self, echoes: EchoChange, levels: Reals) -> Reals:
        """Return each echo's relative stretch in 1e-3, and its strength in neper.

        Parameters
        ----------
        echoes
            The followed ones, as from :meth:`relative`.
        levels
            Level of each trace, shape (sweep, trace).

        Returns
        -------
        ndarray
            Shape (sweep, followed, 2).
        """
        turns = echoes.phase_rad / (2 * np.pi)
        level = levels[:, self.trace_of[self.followed]]
        rough = np.where(self.reflected, echoes.strength, level)
        basis = snap_basis(rough, self.snap_range)
        turns = turns - np.round(turns - (basis * self.snaps).sum(axis=-1))
        # Turns over the band's middle frequency are a delay; in steps of the time axis.
        count = self.forms[0].kept.size
        moved = -turns / self.middle_steps[self.followed] * count
        late = np.where(np.abs(echoes.delay_steps) < 1.0, 1.0, echoes.delay_steps)
        return np.stack([1e3 * moved / late, echoes.strength], axis=-1)

    def earliest_of(self, trace: int, echoes: EchoChange) -> Reals | None:
        """Return the strength of a trace's earliest echo, (sweep,); None without."""
        if not self.forms[trace].gates:
            return None
        return echoes.strength[:, np.searchsorted(self.trace_of, trace)]

    @property
    def trace_of_mode(self) -> Indices:
        """Trace of every mode, shape (mode,)."""
        counts = [len(form.windows) for form in self.forms]
        return np.repeat(np.arange(len(counts)), counts)

    def modes(self, signals: Complexes) -> Reals:
        """Return place in bins and ln of the half width of each mode.

        Parameters
        ----------
        signals
            Finite, shape (sweep, trace, bin).

        Returns
        -------
        ndarray
            Shape (sweep, mode, 2), trace by trace.
        """
        windows = [
            signals[:, index, low:high]
            for index, form in enumerate(self.forms)
            for low, high in form.windows
        ]
        if not windows:
            return np.zeros((signals.shape[0], 0, 2))
        poles = fit_poles(windows)
        place = np.stack([pole.place_bins for pole in poles], axis=1)
        width = np.stack([pole.half_width_bins for pole in poles], axis=1)
        return np.stack([place, np.log(width)], axis=-1)
