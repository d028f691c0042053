"""The hardware of an array: units off the shelf, what they share, and each mating."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from instruments.simulation.life.plan import (
    CavityPlace,
    Intervention,
    LifePlan,
    Touch,
    Work,
)
from instruments.simulation.physics.chain import (
    OperatingPoint,
    ReceiverHardware,
    draw_unit,
    mated_again,
    plates_at,
    usual_receiver,
)
from instruments.simulation.physics.chain.catalogue import usual_cavity, usual_jpa
from instruments.simulation.physics.chain.cavity import Cavity, wall_resistance_ohm
from instruments.simulation.physics.chain.coax import FlexCable
from instruments.simulation.physics.chain.drawing import (
    CABLES_TOUCHED,
    RECABLED,
    THERMAL_CYCLE,
    MatingSpread,
)
from instruments.simulation.physics.chain.lifting import lifted
from instruments.simulation.physics.chain.line import Line
from instruments.simulation.streams import stream

_SPREADS = {Touch.CONNECTORS: CABLES_TOUCHED, Touch.CABLES: RECABLED}
_SMALLEST_ROD_LOSS_RATIO = 1e-9
_HIGHEST_Q_OF_ROD = 0.1
_AXIS_HZ = np.asarray([1e9])


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """A time in which nobody touches a receiver.

    Attributes
    ----------
    from_s
        When it begins, in s.
    cycle_index
        Number of the thermal cycle that it belongs to.
    touches
        What was touched up to then: topic of chance, and how much.
    """

    from_s: float
    cycle_index: int
    touches: tuple[tuple[str, Touch], ...]


def epochs_of(plan: LifePlan, cavity: str) -> tuple[Epoch, ...]:
    """Return a cavity's epochs in order; the first holds from the beginning.

    A thermal cycle without a touch moves a connector about where it was; opened
    connectors and new cables move where it is for good.
    """
    changes: list[tuple[float, int, str, Touch]] = [
        (cycle.warm_from_s, index, f"cycle {cycle.name}", cycle.touch)
        for index, cycle in enumerate(plan.cycles)
    ]
    changes += [
        (one.at_s, -1, f"work {one.at_s:.3f}", Touch.CABLES)
        for one in plan.interventions
        if one.work is Work.RECABLING and cavity in one.cavities
    ]
    epochs: list[Epoch] = []
    cycle_index = 0
    touches: tuple[tuple[str, Touch], ...] = ()
    for from_s, index, topic, touch in sorted(changes, key=lambda change: change[:2]):
        cycle_index = cycle_index if index < 0 else index
        if touch is not Touch.NOTHING:
            touches = (*touches, (topic, touch))
        epochs.append(Epoch(from_s=from_s, cycle_index=cycle_index, touches=touches))
    return tuple(epochs)


class Workshop:
    """Builds the receivers of an array; each epoch's hardware is built once.

    Parameters
    ----------
    plan
        The life.
    """

    def __init__(self, plan: LifePlan) -> None:
        self._plan = plan
        self._epochs = {
            place.name: epochs_of(plan, place.name) for place in plan.places
        }
        self.build = lru_cache(maxsize=256)(self._build)
        self._unit = lru_cache(maxsize=256)(self._draw_unit)

    def epochs(self, cavity: str) -> tuple[Epoch, ...]:
        """Return a cavity's epochs."""
        return self._epochs[cavity]

    def _draw_unit(self, cavity: str) -> ReceiverHardware:
        place = self._plan.place(cavity)
        seed = self._plan.hardware_seed
        rng = stream(seed, cavity, "life unit")
        unit = draw_unit(usual_receiver(has_jpa=self._plan.has_jpa), rng)
        unit = replace(unit, cavity=_cavity_of(place, rng))
        if unit.jpa is not None:
            own = usual_jpa(place.resonant_frequency_hz).max_frequency_hz
            unit = replace(unit, jpa=replace(unit.jpa, max_frequency_hz=own))
        return unit

    def _build(self, cavity: str, epoch_index: int) -> ReceiverHardware:
        epoch = self._epochs[cavity][epoch_index]
        place = self._plan.place(cavity)
        own = self._mated(self._unit(cavity), cavity, epoch)
        # What hangs on one VNA is touched and cycled once for all of its cavities.
        shared_unit = self._unit(self._host(place.vna))
        shared = self._mated(shared_unit, f"vna {place.vna}", _without_works(epoch))
        return _with_shared(own, shared)

    def _host(self, vna: str) -> str:
        return next(place.name for place in self._plan.places if place.vna == vna)

    def _mated(
        self, unit: ReceiverHardware, owner: str, epoch: Epoch
    ) -> ReceiverHardware:
        for topic, touch in epoch.touches:
            unit = self._moved(unit, owner, topic, _SPREADS[touch])
        name = self._plan.cycles[epoch.cycle_index].name
        return self._moved(unit, owner, f"nuisance {name}", THERMAL_CYCLE)

    def _moved(
        self, unit: ReceiverHardware, owner: str, topic: str, spread: MatingSpread
    ) -> ReceiverHardware:
        return mated_again(unit, spread, stream(self._plan.seed, owner, topic))


def recalibrations(plan: LifePlan, vna: str) -> tuple[Intervention, ...]:
    """Return the calibrations of a VNA in order of time."""
    return tuple(
        one
        for one in plan.interventions
        if one.work is Work.CALIBRATION and one.vna == vna
    )


def _without_works(epoch: Epoch) -> Epoch:
    cycles = tuple(one for one in epoch.touches if one[0].startswith("cycle "))
    return replace(epoch, touches=cycles)


def _with_shared(own: ReceiverHardware, shared: ReceiverHardware) -> ReceiverHardware:
    return replace(
        own,
        vna=shared.vna,
        room_output_line=shared.room_output_line,
        weak_line=_with_shared_input(own.weak_line, shared.weak_line),
        bypass_line=_with_shared_input(own.bypass_line, shared.bypass_line),
    )


def _with_shared_input(own: Line, shared: Line) -> Line:
    """Return a line whose flexible cable and its VNA end are those of the VNA."""
    if not isinstance(own.parts[0], FlexCable):
        return own
    return replace(
        own,
        parts=(shared.parts[0], *own.parts[1:]),
        connectors=(shared.connectors[0], *own.connectors[1:]),
    )


def _cavity_of(place: CavityPlace, rng: np.random.Generator) -> Cavity:
    """Return a cavity whose first mode is the described one when cold.

    The other modes are drawn; what is outside of their physical range is left as it
    usually is.
    """
    usual = usual_cavity(place.resonant_frequency_hz)
    cavity = draw_unit(usual, rng)
    own, *others = cavity.modes
    own = replace(
        usual.modes[0],
        weak_external_q=own.weak_external_q,
        tuning_curvature_ratio=own.tuning_curvature_ratio,
    )
    unloaded_q = place.loaded_q * (1.0 + place.coupling_beta)
    point = OperatingPoint(plates=plates_at(0.02), cavity_temperature_k=0.02)
    resistance_ohm = wall_resistance_ohm(
        lifted(cavity, _AXIS_HZ),
        np.asarray([place.resonant_frequency_hz]),
        lifted(point, _AXIS_HZ),
    )
    rod_loss = max(_HIGHEST_Q_OF_ROD / unloaded_q, _SMALLEST_ROD_LOSS_RATIO)
    wall_loss = 1.0 / unloaded_q - rod_loss * (1.0 + point.rod_temperature_k)
    own = replace(
        own,
        geometry_ohm=float(np.clip(resistance_ohm[0] / wall_loss, 1.0, 1e5)),
        rod_loss_ratio=rod_loss,
        strong_external_q=unloaded_q / place.coupling_beta,
    )
    return replace(cavity, modes=(own, *others))
