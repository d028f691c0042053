"""Coarse search for what a descent cannot find: lost cycles and signs of planes.

An echo's phase is lost by half a cycle where a part is some 40 ps off, and the sign of
a reflection is not known at all. Both are scanned, part by part, many receivers a call.
"""

from collections.abc import Iterable
from itertools import pairwise, product

import numpy as np
import scipy.linalg

from instruments.simulation.physics.chain import chain_response, with_constants
from instruments.simulation.physics.chain.coax import Attenuator, CoaxSection
from instruments.simulation.physics.chain.hardware import LINE_NAMES, ReceiverHardware
from models.twin.calibration_set import Reals, SweepData
from models.twin.fit_model import differentiate
from models.twin.fit_solver import Stage, residuals, split_parts
from models.twin.fit_space import FitSpace

_SHIFTS_S = 1e-12 * np.asarray([0, -12, 12, -24, 24, -36, 36, -48, 48, -60, 60])
_SIGNS = np.asarray([1.0, -1.0])
_COARSE_SHIFTS_S = 1e-12 * np.asarray([0, -20, 20, -40, 40])
_CENTRE_SHIFTS_HZ = 1e6 * np.asarray([0, -120, -80, -40, 40, 80, 120])
_SPLITTING_SHIFTS = np.asarray([0.0, -0.06, 0.06])
_SLOWNESS_S_PER_M = 1.43 / 299_792_458.0


def moves(
    hardware: ReceiverHardware, shifts_s: Reals = _SHIFTS_S
) -> Iterable[dict[str, Reals]]:
    """Yield, part by part, what is tried: columns of offsets, or of factors.

    A reactance is multiplied; everything else is added to. The first row is where one
    stands.
    """
    for line in LINE_NAMES:
        parts = _delaying(hardware, line)
        for index, name, scale in parts:
            first = f"{line}.connectors.{index}.reactance_ratio"
            last = f"{line}.connectors.{index + 1}.reactance_ratio"
            yield _grid({name: shifts_s / scale, first: _SIGNS, last: _SIGNS})
        for (_, before, scale), (index, after, other) in pairwise(parts):
            plane = f"{line}.connectors.{index}.reactance_ratio"
            moved = _grid({before: shifts_s / scale, plane: _SIGNS})
            yield {**moved, after: -moved[before] * scale / other}
        for planes in _segments(hardware, line):
            yield dict.fromkeys(planes, _SIGNS)
    for path in _junctions(hardware):
        yield _grid(
            {
                f"{path}.center_frequency_hz": _CENTRE_SHIFTS_HZ,
                f"{path}.splitting_ratio": _SPLITTING_SHIFTS,
            }
        )
    for path in _junctions(hardware):
        yield _grid(
            {f"{path}.ports.{port}.reactance_ratio": _SIGNS for port in range(3)}
        )


def _segments(hardware: ReceiverHardware, line: str) -> list[list[str]]:
    """Return the planes between pads, whose signs are known only together."""
    segments: list[list[str]] = [[f"{line}.connectors.0.reactance_ratio"]]
    for index, part in enumerate(hardware.line(line).parts):
        if isinstance(part, Attenuator):
            segments.append([])
        segments[-1].append(f"{line}.connectors.{index + 1}.reactance_ratio")
    return segments


def _delaying(hardware: ReceiverHardware, line: str) -> list[tuple[int, str, float]]:
    """Return index, constant and delay in s per its unit of the parts that delay."""
    return [
        (index, f"{line}.parts.{index}.length_m", _SLOWNESS_S_PER_M)
        if isinstance(part, CoaxSection)
        else (index, f"{line}.parts.{index}.delay_s", 1.0)
        for index, part in enumerate(hardware.line(line).parts)
        if not isinstance(part, Attenuator)
    ]


def _junctions(hardware: ReceiverHardware) -> list[str]:
    paths = ["circulator", "isolator.junction"]
    return paths if hardware.jpa is None else [*paths, "jpa.circulator"]


def _grid(columns: dict[str, Reals]) -> dict[str, Reals]:
    rows = np.asarray(list(product(*columns.values())))
    return dict(zip(columns, rows.T, strict=True))


def search(
    space: FitSpace,
    data: SweepData,
    place: Reals,
    stage: Stage,
    *,
    is_joint: bool = True,
) -> tuple[Reals, int]:
    """Return a better place, and in how many parts it differs.

    Notes
    -----
    Each candidate is judged with everything else at its linear optimum:
    min |r + J d|^2 + |u + d|^2 = |r|^2 + |u|^2 - g^T N^-1 g, g = J^T r + u,
    N = 1 + J^T J.
    """
    changed = 0
    system = _linearised(space, data, place, stage) if is_joint else None
    shifts_s = _COARSE_SHIFTS_S if is_joint else _SHIFTS_S
    for options in moves(space.hardware, shifts_s):
        if not all(name in space.names for name in options):
            continue
        columns = [space.names.index(name) for name in options]
        tried = _tried(space, place, columns, options)
        cost, steps = _judged(space, data, place, stage, system, columns, tried)
        best = int(np.argmin(cost))
        if cost[best] < 0.9 * cost[0] - 3.0:
            moved = place + np.clip(steps[best], -1.0, 1.0)
            moved[columns] = (tried[best] - space.centre[columns]) / space.sigma[
                columns
            ]
            place = (space.values(moved) - space.centre) / space.sigma
            changed += 1
            system = _linearised(space, data, place, stage) if is_joint else None
    return place, changed


def _tried(
    space: FitSpace, place: Reals, columns: list[int], options: dict[str, Reals]
) -> Reals:
    values = space.values(place)[columns]
    tried = [
        value * tries if name.endswith("reactance_ratio") else value + tries
        for value, (name, tries) in zip(values, options.items(), strict=True)
    ]
    whole = np.stack(tried, axis=1)
    return np.asarray(np.clip(whole, space.low[columns], space.high[columns]))


def _linearised(
    space: FitSpace, data: SweepData, place: Reals, stage: Stage
) -> tuple[Reals, Reals]:
    """Return Jacobian rows (parameter, 2 x trace x point) and N."""
    slope = differentiate(space, data, 0, place)
    _, by_trace = residuals(data, slope.samples, stage)
    rows = (slope.jacobian * by_trace).reshape(space.size, -1)
    parts = split_parts(rows)
    return parts, np.eye(space.size) + parts @ parts.T


def _judged(  # noqa: PLR0917
    space: FitSpace,
    data: SweepData,
    place: Reals,
    stage: Stage,
    system: tuple[Reals, Reals] | None,
    columns: list[int],
    tried: Reals,
) -> tuple[Reals, Reals]:
    """Return each candidate's cost, and the step of everything else."""
    named = {space.names[column]: tried[:, row] for row, column in enumerate(columns)}
    traces = chain_response(
        data.sweep.frequency_hz,
        with_constants(space.hardware_at(place), named),
        space.point_at(place, data.sweep.point, 0),
        data.names,
    )
    stacked = np.stack([traces[name] for name in data.names], axis=1)
    seen = np.stack([residuals(data, one, stage)[0].ravel() for one in stacked])
    flat = split_parts(seen)
    away = np.tile(place, (len(tried), 1))
    away[:, columns] = (tried - space.centre[columns]) / space.sigma[columns]
    if system is None:
        size = 18.0 * (np.sqrt(1.0 + np.abs(seen) ** 2 / 9.0) - 1.0)
        return size.sum(axis=1) + np.sum(away**2, axis=1), away * 0.0
    rows, information = system
    held = np.zeros(space.size)
    held[columns] = 1e12
    gradient = flat @ rows.T + away
    gradient[:, columns] = 0.0
    steps = -scipy.linalg.solve(
        information + np.diag(held), gradient.T, assume_a="pos"
    ).T
    cost = np.sum(flat**2, axis=1) + np.sum(away**2, axis=1)
    return cost + np.sum(gradient * steps, axis=1), steps
