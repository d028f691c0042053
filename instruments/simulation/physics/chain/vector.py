"""A receiver as a vector of named numbers, and back: for fits and information."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from instruments.simulation.physics.chain.ranges import constants_of

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """One entry of the vector.

    Attributes
    ----------
    name
        Dotted path, such as ``circulator.center_frequency_hz``; its ending is the
        unit.
    value
        Value now, in its unit.
    low, high
        Physical bounds.
    prior_sigma
        Standard deviation from unit to unit about the value now; 0 where the
        constant is exactly known.
    scale
        Size of a natural step: the prior sigma, or a thousandth of the range.
    """

    name: str
    value: float
    low: float
    high: float
    prior_sigma: float
    scale: float


def list_constants(record: Any, patterns: Sequence[str] = ("*",)) -> list[Constant]:
    """List the constants of a receiver or an operating point, in a fixed order.

    Parameters
    ----------
    record
        Tree of frozen records whose constants are plain numbers.
    patterns
        Shell patterns of the names wanted, such as ``"*line.parts.*.length_m"``.
    """
    return [
        _describe(name, float(value), known)
        for name, value, known in constants_of(record)
        if any(fnmatchcase(name, pattern) for pattern in patterns)
    ]


def read_constants(record: Any, names: Sequence[str]) -> list[Any]:
    """Return the values of named constants, in the order of the names.

    Raises
    ------
    KeyError
        If a name is no constant of the record.
    """
    found = {name: value for name, value, _ in constants_of(record)}
    for name in names:
        if name not in found:
            raise KeyError(f"{name} is no constant of {type(record).__name__}")
    return [found[name] for name in names]


def with_constants(record: Record, values: Mapping[str, Any]) -> Record:
    """Return the record with some constants replaced.

    Parameters
    ----------
    values
        Number, 0-d tensor (differentiable) or one value a sweep, shape (sweep,),
        by dotted name.

    Raises
    ------
    KeyError
        If a name is no constant of the record.
    """
    read_constants(record, list(values))
    rebuilt: Record = _rebuilt(record, values, "")
    return rebuilt


def _describe(name: str, value: float, known: Any) -> Constant:
    sigma = known.prior_sigma(value)
    scale = sigma if sigma > 0.0 else 1e-3 * (known.high - known.low)
    return Constant(
        name=name,
        value=value,
        low=known.low,
        high=known.high,
        prior_sigma=sigma,
        scale=scale,
    )


def _rebuilt(node: Any, values: Mapping[str, Any], path: str) -> Any:
    if path and not any(name.startswith(path) for name in values):
        return node
    if isinstance(node, tuple):
        return tuple(
            _rebuilt(part, values, f"{path}{index}.") for index, part in enumerate(node)
        )
    if not is_dataclass(node) or isinstance(node, type):
        return node
    changed: dict[str, Any] = {}
    for declared in fields(node):
        name = f"{path}{declared.name}"
        if name in values:
            changed[declared.name] = values[name]
        else:
            held = getattr(node, declared.name)
            changed[declared.name] = _rebuilt(held, values, f"{name}.")
    return replace(node, **changed)
