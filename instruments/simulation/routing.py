"""Which cavity is at which port of an emulated VNA, as the switches stand."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from instruments.array import ArrayConfig
from instruments.measurement import FrequencyAxis
from instruments.measurement.limits import MAX_PORT_COUNT
from instruments.simulation.failures.situation import ComplexTrace
from instruments.simulation.snapshot import Snapshot
from instruments.simulation.switches.box import SwitchBox

PortView: TypeAlias = tuple[tuple[int, str, int], ...]
"""What a VNA sees: its port, the cavity there, the cavity's port."""


class Routing:
    """The cables and switches between VNAs and cavities.

    Parameters
    ----------
    config
        The array.
    boxes
        Switch to its relays. Those of Keysight units are named by channel.
    """

    def __init__(self, config: ArrayConfig, boxes: Mapping[str, SwitchBox]) -> None:
        self._config = config
        self._boxes = dict(boxes)
        self._fixed = {
            vna: self._work_out(vna)
            for vna in config.instruments.vna
            if not any(
                one.route or one.routes
                for one in config.cavities.values()
                if one.vna == vna
            )
        }

    def view(self, vna: str) -> PortView:
        """Return what is at the ports of a VNA now."""
        return self._fixed[vna] if vna in self._fixed else self._work_out(vna)

    def seen_by(
        self, vna: str, freeze: Callable[[str], Snapshot]
    ) -> "Snapshot | RoutedSnapshot | None":
        """Freeze what a VNA sees; None where nothing is connected.

        Parameters
        ----------
        freeze
            Makes the snapshot of a cavity.
        """
        view = self.view(vna)
        snapshots = {cavity: freeze(cavity) for _, cavity, _ in view}
        is_straight = all(at == port for at, _, port in view)
        if is_straight and len(snapshots) == 1 and len(view) == MAX_PORT_COUNT:
            return next(iter(snapshots.values()))
        return RoutedSnapshot(view, snapshots) if view else None

    def _work_out(self, vna: str) -> PortView:
        sections = [
            (name, one) for name, one in self._config.cavities.items() if one.vna == vna
        ]
        if any(one.enabled for _, one in sections):
            sections = [(name, one) for name, one in sections if one.enabled]
        else:
            sections = sections[:1]
        seen: dict[int, tuple[str, int]] = {}
        # A cavity without a map is at whatever ports the others leave.
        for name, section in sorted(sections, key=lambda pair: not pair[1].ports):
            routes = {section.route, *section.routes.values()} - {None}
            if routes and not any(self._stands(str(route)) for route in routes):
                continue
            ports = section.ports or {
                port: port for port in range(1, MAX_PORT_COUNT + 1)
            }
            for port, vna_port in ports.items():
                seen.setdefault(vna_port, (name, port))
        return tuple((at, cavity, port) for at, (cavity, port) in sorted(seen.items()))

    def _stands(self, route: str) -> bool:
        return all(
            self._is_at(switch, element, position)
            for switch, elements in self._config.routes[route].items()
            for element, position in elements.items()
        )

    def _is_at(self, switch: str, element: str, position: str) -> bool:
        box = self._boxes[switch]
        groups = self._config.instruments.switch[switch].elements[element]
        if not isinstance(groups, dict):
            return box.position(element) == position
        channels = {str(one) for group in groups.values() for one in group}
        closed = {one for one in channels if box.position(one) == "1"}
        return closed == {str(one) for one in groups[position]}


class RoutedSnapshot:
    """What a VNA sees through its switches, named by its own ports.

    Parameters
    ----------
    view
        What is at its ports.
    snapshots
        Cavity to its receiver at the end of the sweep.
    """

    def __init__(self, view: PortView, snapshots: Mapping[str, Snapshot]) -> None:
        self._places = {at: (cavity, port) for at, cavity, port in view}
        self._snapshots = dict(snapshots)

    def response(
        self,
        frequency_hz: FrequencyAxis,
        s_parameters: Sequence[str],
        *,
        source_power_dbm: Any,
    ) -> dict[str, ComplexTrace]:
        """Return traces without noise, as ``Snapshot.response`` does."""
        return self._gather(
            frequency_hz,
            s_parameters,
            lambda snapshot, names: snapshot.response(
                frequency_hz, names, source_power_dbm=source_power_dbm
            ),
        )

    def look(
        self,
        frequency_hz: FrequencyAxis,
        s_parameters: Sequence[str],
        *,
        is_driven: bool = True,
        **settings: Any,
    ) -> dict[str, ComplexTrace]:
        """Return noisy traces, as ``Snapshot.look`` does."""
        traces = self._gather(
            frequency_hz,
            s_parameters,
            lambda snapshot, names: snapshot.look(
                frequency_hz, names, is_driven=is_driven, **settings
            ),
        )
        unseen = [name for name in s_parameters if self._seen(name) is None]
        for name in unseen:
            traces[name] = traces[name] if is_driven else 0.0 * traces[name]
        return traces

    def _gather(
        self, frequency_hz: FrequencyAxis, s_parameters: Sequence[str], look: Any
    ) -> dict[str, ComplexTrace]:
        wanted: dict[str, dict[str, str]] = {}
        traces: dict[str, ComplexTrace] = {}
        for name in s_parameters:
            seen = self._seen(name)
            if seen is None:
                # An open port reflects everything and passes nothing.
                value = 1.0 if name[1] == name[2] else 0.0
                traces[name] = np.full(frequency_hz.size, value, np.complex128)
            else:
                cavity, inner = seen
                wanted.setdefault(cavity, {})[inner] = name
        for cavity, names in wanted.items():
            found = look(self._snapshots[cavity], sorted(names))
            traces.update({names[inner]: found[inner] for inner in names})
        return traces

    def _seen(self, name: str) -> tuple[str, str] | None:
        first = self._places.get(int(name[1]))
        second = self._places.get(int(name[2]))
        if first is None or second is None or first[0] != second[0]:
            return None
        return first[0], f"S{first[1]}{second[1]}"
