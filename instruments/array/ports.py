"""From a cavity's own port numbers to those of the VNA, and back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from instruments.measurement import Sweep, SweepPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from instruments.array.config import ArrayConfig


def ports_of(config: ArrayConfig, cavity: str) -> frozenset[int]:
    """Return the VNA ports that the sweeps of a cavity use."""
    section = config.cavities[cavity]
    return frozenset(
        section.ports.get(port, port)
        for sweep in config.schedule or config.sweeps
        for parameter in config.sweeps[sweep].s_parameters
        for port in map(int, parameter[1:])
    )


def vna_parameter(parameter: str, ports: Mapping[int, int]) -> str:
    """Name a cavity's S-parameter by the VNA's ports (``S21`` to ``S43``)."""
    first, second = (int(digit) for digit in parameter[1:3])
    return f"S{ports.get(first, first)}{ports.get(second, second)}"


def vna_plan(plan: SweepPlan, ports: Mapping[int, int]) -> SweepPlan:
    """Return the plan as the VNA must be asked.

    Parameters
    ----------
    plan
        Its S-parameters are numbered as the cavity's ports are.
    ports
        Port of the cavity to port of the VNA; what is not in it keeps its number.
    """
    if not ports:
        return plan
    names = tuple(vna_parameter(name, ports) for name in plan.s_parameters)
    return replace(plan, s_parameters=names)


def cavity_sweep(sweep: Sweep, plan: SweepPlan, ports: Mapping[int, int]) -> Sweep:
    """Return a sweep of ``vna_plan`` with its traces named as in the cavity's plan.

    Parameters
    ----------
    sweep
        As measured, traces numbered as the VNA's ports are.
    plan
        The cavity's plan, before ``vna_plan``.
    ports
        As for ``vna_plan``.
    """
    if not ports:
        return sweep
    traces = {
        name: sweep.traces[vna_parameter(name, ports)] for name in plan.s_parameters
    }
    return replace(sweep, traces=traces)
