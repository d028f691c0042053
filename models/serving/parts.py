"""What the fingerprint says of sweeps."""

from collections.abc import Sequence

from models.fingerprint import Fingerprint, FingerprintJudgement, WideSweep
from models.preprocessing.view import SweepView


def wide_sweep_of(view: SweepView) -> WideSweep:
    """Return a sweep as the fingerprint takes it."""
    return WideSweep(frequency_hz=view.frequency_hz, traces=view.traces)


def name_parts(
    fingerprint: Fingerprint, views: Sequence[SweepView]
) -> list[FingerprintJudgement]:
    """Name the part that each sweep shows."""
    found = []
    for view in views:
        reference = None
        if view.reference is not None and view.reference_hz is not None:
            reference = WideSweep(frequency_hz=view.reference_hz, traces=view.reference)
        found.append(fingerprint.judge(wide_sweep_of(view), reference))
    return found
