"""Which cavities may share a VNA: never two at one port at one time."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from instruments.array.misfit import MisfitError
from instruments.array.ports import ports_of

if TYPE_CHECKING:
    from instruments.array.cavities import CavityConfig
    from instruments.array.config import ArrayConfig


def check_sharing(config: ArrayConfig) -> None:
    """Refuse cavities whose ports are wrong, or that meet at a port of a VNA.

    Two cavities may look through one VNA if their ports differ, or if each of their
    sweeps sets a route and no two of these routes can be set at once.

    Raises
    ------
    MisfitError
        At the cavity that comes second in the file.
    """
    for name, cavity in config.cavities.items():
        _check_ports(config, name, cavity)
    enabled = [(name, one) for name, one in config.cavities.items() if one.enabled]
    for (first, one), (second, other) in combinations(enabled, 2):
        if one.vna == other.vna:
            _check_pair(config, first, second)


def exclude_each_other(
    one: dict[str, dict[str, str]], other: dict[str, dict[str, str]]
) -> bool:
    """Tell whether two routes need an element in two positions at once."""
    return any(
        other.get(switch, {}).get(element, position) != position
        for switch, elements in one.items()
        for element, position in elements.items()
    )


def _check_ports(config: ArrayConfig, name: str, cavity: CavityConfig) -> None:
    if not cavity.ports:
        return
    where = ("cavities", name, "ports")
    seen: dict[int, int] = {}
    for port, vna_port in cavity.ports.items():
        if vna_port in seen:
            raise MisfitError(
                (*where, str(port)),
                f"port {vna_port} of {cavity.vna} is already port {seen[vna_port]} of "
                "this cavity; name another one",
            )
        seen[vna_port] = port
    for sweep in config.schedule:
        for parameter in config.sweeps[sweep].s_parameters:
            for port in map(int, parameter[1:]):
                if port not in cavity.ports:
                    raise MisfitError(
                        where,
                        f"does not say where port {port} of {parameter} in sweep "
                        f"{sweep} is; add it",
                    )


def _check_pair(config: ArrayConfig, first: str, second: str) -> None:
    vna = config.cavities[first].vna
    shared = ports_of(config, first) & ports_of(config, second)
    if not shared:
        return
    ports = ", ".join(str(port) for port in sorted(shared))
    for mine in _routes(config, second):
        for theirs in _routes(config, first):
            if mine is None or theirs is None:
                raise MisfitError(
                    ("cavities", second, "vna"),
                    f"{vna} already looks at {first} through port {ports}; give both "
                    "cavities a route, or each a VNA or ports of its own",
                )
            if not exclude_each_other(config.routes[mine], config.routes[theirs]):
                raise MisfitError(
                    ("cavities", second, "vna"),
                    f"{vna} sees {first} and {second} at once through port {ports}: "
                    f"routes {theirs} and {mine} do not exclude each other; have them "
                    "set one element to two positions, each its own",
                )


def _routes(config: ArrayConfig, cavity: str) -> list[str | None]:
    section = config.cavities[cavity]
    names = {section.route_of(sweep) for sweep in config.schedule}
    return sorted(names or {section.route}, key=str)
