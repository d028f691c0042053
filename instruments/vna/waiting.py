"""How long a sweep may take, and how often to ask whether it has ended."""

from collections.abc import Callable
from dataclasses import dataclass

from instruments.clock import Clock
from instruments.errors import GarbledReplyError, InstrumentTimeoutError

_LEAST_DEADLINE_S = 5.0
_LEAST_REAL_DEADLINE_S = 2.0
_FIRST_POLL_S = 0.03
_POLL_LIMITS_S = (0.01, 0.1)
_LONGEST_SILENCE_S = 0.1
_LEAST_FRACTION = 0.5
_LEAST_AVERAGED_FRACTION = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepDuration:
    """The time that a sweep should take, in seconds of the polling machine.

    Attributes
    ----------
    pass_s
        Points over IF bandwidth from every source port: physics allows no less.
    averaging_count
        Passes.
    expected_s
        What the instrument itself announces for all of them, or what physics does if
        that is more.
    time_scale
        Emulated seconds in one real second; 1 for hardware.
    """

    pass_s: float
    expected_s: float
    averaging_count: int = 1
    time_scale: float = 1.0

    @property
    def is_short(self) -> bool:
        """Whether nobody minds waiting for it without a word."""
        return self.expected_s <= _LONGEST_SILENCE_S

    @property
    def deadline_s(self) -> float:
        """Longest wait: max(5 s, 1.5 x expected), never below two real seconds."""
        announced = max(_LEAST_DEADLINE_S / self.time_scale, 1.5 * self.expected_s)
        return max(_LEAST_REAL_DEADLINE_S, announced)

    def pause_s(self, waited_s: float) -> float:
        """Wait before the next question: rarely at first, often near the end."""
        if waited_s == 0.0:
            return max(_FIRST_POLL_S / self.time_scale, _POLL_LIMITS_S[0])
        shortest, longest = _POLL_LIMITS_S
        near_end_s = min(max(self.expected_s / 50.0, shortest), longest)
        return min(max(0.9 * self.expected_s - waited_s, near_end_s), longest)


def wait_for_end(
    has_ended: Callable[[], bool],
    duration: SweepDuration,
    clock: Clock,
    on_wait: Callable[[], None],
) -> None:
    """Ask until the sweep has ended.

    Parameters
    ----------
    has_ended
        Asks the instrument.
    duration
        What to expect.
    clock
        The time.
    on_wait
        Called at least ten times a second; may raise to give up the sweep.

    Raises
    ------
    InstrumentTimeoutError
        If the sweep has not ended at the deadline.
    """
    started_s = clock.monotonic_s()
    waited_s = 0.0
    while waited_s == 0.0 or not has_ended():
        if waited_s > duration.deadline_s:
            raise InstrumentTimeoutError(
                f"the sweep has not ended after {waited_s:.1f} s, "
                f"{duration.expected_s:.1f} s were expected"
            )
        on_wait()
        clock.sleep(duration.pause_s(waited_s))
        waited_s = clock.monotonic_s() - started_s


def check_elapsed(elapsed_s: float, duration: SweepDuration) -> None:
    """Refuse a sweep that ended sooner than physics allows for one pass.

    Raises
    ------
    GarbledReplyError
        If somebody stopped it.
    """
    if elapsed_s < _LEAST_FRACTION * duration.pass_s:
        raise GarbledReplyError(
            f"the sweep ended after {elapsed_s:.3f} s, it takes "
            f"{duration.pass_s:.3f} s: somebody stopped it, or time_scale is wrong"
        )


def is_average_short(elapsed_s: float, duration: SweepDuration) -> bool:
    """Tell whether there was no time for all passes of an average."""
    least_s = _LEAST_AVERAGED_FRACTION * duration.averaging_count * duration.pass_s
    return duration.averaging_count > 1 and elapsed_s < least_s
