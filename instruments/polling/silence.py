"""RF silence: who asked for it, until when, and which VNAs are known to keep it."""

import math
import threading
from collections.abc import Callable, Collection, Iterable, Mapping

from instruments.clock import Clock


class Silence:
    """Which VNAs must not radiate; usable by several threads.

    A lease names cavities, and silences the VNAs that look at them until it is lifted
    or ends by itself: a DAQ that crashed silences nobody for ever.

    Parameters
    ----------
    vna_of
        Cavity to the VNA that looks at it.
    clock
        The time.
    wake
        Called with the name of a VNA whose silence has begun or ended.
    """

    def __init__(
        self,
        vna_of: Mapping[str, str],
        *,
        clock: Clock,
        wake: Callable[[str], None],
    ) -> None:
        self._vna_of = dict(vna_of)
        self._clock = clock
        self._wake = wake
        self._changed = threading.Condition()
        self._leases: dict[tuple[str, str], float] = {}
        self._ends_s = dict.fromkeys(self._vna_of.values(), -math.inf)
        self._is_quiet = dict.fromkeys(self._vna_of.values(), False)
        self._obstacles: dict[str, str] = {}

    def vnas_of(self, cavities: Iterable[str]) -> list[str]:
        """Return the VNAs that look at some of these cavities, each once."""
        return list(dict.fromkeys(self._vna_of[cavity] for cavity in cavities))

    def impose(self, cavities: Collection[str], *, holder: str, lease_s: float) -> None:
        """Begin a silence, or renew the one of the same holder."""
        with self._changed:
            end_s = self._clock.monotonic_s() + lease_s
            for cavity in cavities:
                self._leases[holder, cavity] = end_s
            self._update(cavities)

    def lift(self, cavities: Collection[str], *, holder: str) -> None:
        """End the silence of one holder."""
        with self._changed:
            for cavity in cavities:
                self._leases.pop((holder, cavity), None)
            self._update(cavities)

    def ends_s(self, vna: str) -> float:
        """Return the monotonic time at which the silence of a VNA ends by itself."""
        return self._ends_s[vna]

    def is_imposed(self, vna: str) -> bool:
        """Tell whether a VNA must not radiate now."""
        return self._clock.monotonic_s() < self._ends_s[vna]

    def is_kept(self, vna: str) -> bool:
        """Tell whether a VNA is as silent as it can be."""
        return self._is_quiet[vna] or vna in self._obstacles

    def begin_radiating(self, vna: str) -> bool:
        """Ask for leave to switch the RF on; False where silence is imposed."""
        with self._changed:
            if self.is_imposed(vna):
                return False
            self._is_quiet[vna] = False
            self._obstacles.pop(vna, None)
            return True

    def note(self, vna: str, *, is_quiet: bool, obstacle: str | None = None) -> None:
        """Note that the RF of a VNA is off for sure, or that it may be on.

        Parameters
        ----------
        vna
            Which.
        is_quiet
            Whether its RF is off for sure.
        obstacle
            Why there is no use in waiting for it; None where there may be.
        """
        with self._changed:
            self._is_quiet[vna] = is_quiet
            self._obstacles.pop(vna, None)
            if obstacle is not None:
                self._obstacles[vna] = obstacle
            self._changed.notify_all()

    def obstacle(self, vna: str) -> str | None:
        """Return why the RF of a VNA cannot be switched off, if that is known."""
        return self._obstacles.get(vna)

    def wait(self, vnas: Collection[str], timeout_s: float) -> set[str]:
        """Wait until the RF of all these VNAs is off, as far as it can, or too long.

        Returns
        -------
        set of str
            Those whose RF is known to be off.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: all(
                    self._is_quiet[vna] or vna in self._obstacles for vna in vnas
                ),
                timeout_s,
            )
            return {vna for vna in vnas if self._is_quiet[vna]}

    def leases_s(self) -> dict[tuple[str, str], float]:
        """Return (holder, cavity) to the seconds that are left of its lease."""
        with self._changed:
            now_s = self._clock.monotonic_s()
            return {
                key: end_s - now_s
                for key, end_s in self._leases.items()
                if end_s > now_s
            }

    def _update(self, cavities: Iterable[str]) -> None:
        now_s = self._clock.monotonic_s()
        self._leases = {
            key: end_s for key, end_s in self._leases.items() if end_s > now_s
        }
        for vna in self.vnas_of(cavities):
            self._ends_s[vna] = max(
                (
                    end_s
                    for (_, cavity), end_s in self._leases.items()
                    if self._vna_of[cavity] == vna
                ),
                default=-math.inf,
            )
            self._wake(vna)
