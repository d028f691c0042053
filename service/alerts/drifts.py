"""The rule over many sweeps: a cavity moves away from what is usual for it. Pure."""

from datetime import datetime

SLOW_DRIFT = "slow_drift"
"""Name of the rule that the charts of a cavity fulfil."""


def explain_drift(
    began_at: datetime | None,
    *,
    ewma: tuple[float, float],
    cusum: tuple[float, float],
) -> str:
    """Say in one sentence how the charts stand.

    Parameters
    ----------
    began_at
        When the CUSUM left zero.
    ewma, cusum
        Value and limit.
    """
    figures = (
        f"CUSUM {cusum[0]:.1f} of {cusum[1]:.1f}, EWMA {ewma[0]:.2f} of {ewma[1]:.2f}"
    )
    if began_at is None:
        return f"the sweeps are as usual ({figures})"
    return (
        f"healthy sweeps grow unlike what is usual since {began_at:%Y-%m-%d %H:%M} UTC "
        f"({figures})"
    )
