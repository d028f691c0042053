"""What the DAQ may ask of a poller: silence, pauses, sweeps on demand."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from instruments.polling.health import InstrumentHealth, InstrumentState
from instruments.polling.session import Surroundings
from instruments.polling.sweeping.agenda import Agenda, AgendaFullError
from instruments.polling.tickets import Ticket, TicketState, new_key


class UnknownNameError(Exception):
    """The array file has no such cavity or sweep; the sentence names those it has."""


class NotNowError(Exception):
    """It cannot be done at present; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceReport:
    """What became of a request for RF silence.

    Attributes
    ----------
    quiet
        VNAs whose RF is off for sure.
    unconfirmed
        VNA to the reason why that is not known of it.
    """

    quiet: tuple[str, ...]
    unconfirmed: Mapping[str, str]

    @property
    def is_rf_off(self) -> bool:
        """Whether no VNA that was asked can radiate."""
        return not self.unconfirmed


class Desk:
    """Takes the DAQ's requests; usable by several threads.

    Parameters
    ----------
    surroundings
        What all sessions share.
    agendas
        VNA to what it owes.
    wake
        Calls the worker of a VNA.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        agendas: Mapping[str, Agenda],
        *,
        wake: Callable[[str], None],
    ) -> None:
        self._around = surroundings
        self._agendas = agendas
        self._wake = wake

    def cavities_or_all(self, cavities: Sequence[str] | None) -> list[str]:
        """Return the cavities that a request is about; all enabled ones for None.

        Raises
        ------
        UnknownNameError
            If there is no such cavity, or it is not measured.
        """
        known = self._around.config.cavities
        enabled = [name for name, section in known.items() if section.enabled]
        if cavities is None:
            return enabled
        for cavity in cavities:
            if cavity not in known:
                there_are = ", ".join(enabled) or "none"
                raise UnknownNameError(f"{cavity} is no cavity; there are {there_are}")
            if cavity not in enabled:
                raise UnknownNameError(f"{cavity} is not enabled in the array file")
        return list(dict.fromkeys(cavities))

    def inhibit(
        self,
        cavities: Collection[str],
        *,
        holder: str,
        lease_s: float,
        timeout_s: float,
    ) -> SilenceReport:
        """Switch the RF off at the VNAs of these cavities, and keep it off.

        Returns as soon as the RF of all is known to be off, at the latest after
        ``timeout_s``. The silence ends with its lease.
        """
        silence = self._around.silence
        silence.impose(cavities, holder=holder, lease_s=lease_s)
        vnas = silence.vnas_of(cavities)
        quiet = silence.wait(vnas, timeout_s)
        states = {one.name: one for one in self._around.board.snapshot()}
        return SilenceReport(
            quiet=tuple(vna for vna in vnas if vna in quiet),
            unconfirmed={
                vna: silence.obstacle(vna) or _because(states[vna], timeout_s)
                for vna in vnas
                if vna not in quiet
            },
        )

    def permit(self, cavities: Collection[str], *, holder: str) -> None:
        """End a holder's silence before its lease ends."""
        self._around.silence.lift(cavities, holder=holder)

    def pause(self, cavities: Collection[str]) -> None:
        """Stop the schedule of cavities; sweeps on demand are still made."""
        for agenda in self._agendas.values():
            agenda.pause(cavities)

    def resume(self, cavities: Collection[str]) -> None:
        """Go on with the schedule of cavities."""
        now_s = self._around.clock.monotonic_s()
        for vna, agenda in self._agendas.items():
            agenda.resume(cavities, now_s)
            self._wake(vna)

    def paused(self) -> frozenset[str]:
        """Return the cavities whose schedule is paused."""
        paused: frozenset[str] = frozenset()
        return paused.union(*(agenda.paused for agenda in self._agendas.values()))

    def trigger(
        self,
        cavity: str,
        sweep_names: Sequence[str] | None,
        *,
        run: str | None,
        step: str | None,
        expires_s: float,
    ) -> list[Ticket]:
        """Queue sweeps before all scheduled ones.

        Parameters
        ----------
        cavity
            Which cavity.
        sweep_names
            Which sweeps; None for all, in the order of the array file.
        run, step
            The DAQ's own ids.
        expires_s
            After how many seconds a sweep that has not been made is worth nothing.

        Raises
        ------
        UnknownNameError
            If there is no such cavity or sweep.
        NotNowError
            If the VNA is silenced, or owes too many sweeps on demand.
        """
        self.cavities_or_all([cavity])
        vna = self._around.config.cavities[cavity].vna
        if self._around.silence.is_imposed(vna):
            raise NotNowError(f"{vna} keeps RF silence; permit it first")
        tickets = [
            Ticket(
                key=new_key(self._around.clock),
                cavity=cavity,
                sweep_name=name,
                expires_s=self._around.clock.monotonic_s() + expires_s,
                run=run,
                step=step,
            )
            for name in self._sweeps_or_all(sweep_names)
        ]
        for ticket in tickets:
            self._around.tickets.issue(ticket)
            self._demand(vna, ticket)
        self._wake(vna)
        return tickets

    def wait(self, tickets: Sequence[Ticket], timeout_s: float) -> None:
        """Wait until all these sweeps are stored or failed, or the time is over."""
        self._around.tickets.wait(tickets, timeout_s)

    def describe(self, key: str) -> dict[str, Any] | None:
        """Describe a sweep on demand as a JSON document; None where it is unknown."""
        return self._around.tickets.describe(key)

    def expire(self, *, everything: bool = False) -> None:
        """Give up sweeps on demand that nobody could make in time."""
        now_s = self._around.clock.monotonic_s()
        for agenda in self._agendas.values():
            over = [
                ticket
                for ticket in agenda.demands()
                if everything or ticket.expires_s <= now_s
            ]
            if over:
                agenda.drop(over)
            for ticket in over:
                why = "the poller stops" if everything else "it was not made in time"
                self._around.tickets.enter(ticket, TicketState.FAILED, why)

    def _demand(self, vna: str, ticket: Ticket) -> None:
        try:
            self._agendas[vna].demand(ticket)
        except AgendaFullError as error:
            self._around.tickets.enter(ticket, TicketState.FAILED, str(error))
            raise NotNowError(f"{vna}: {error}") from None

    def _sweeps_or_all(self, names: Sequence[str] | None) -> list[str]:
        known = list(self._around.config.sweeps)
        if names is None:
            return known
        for name in names:
            if name not in known:
                there_are = ", ".join(known)
                raise UnknownNameError(f"{name} is no sweep; there are {there_are}")
        return list(names)


def _because(vna: InstrumentHealth, timeout_s: float) -> str:
    """Say why the RF of a VNA is not known to be off."""
    if vna.state is InstrumentState.STOPPED:
        return "is stopped"
    if not vna.is_well:
        return f"is {vna.trouble()}"
    return f"has not confirmed it within {timeout_s:g} s"
