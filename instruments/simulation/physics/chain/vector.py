"""A receiver as a vector of named numbers, and back: for fits and information."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import numpy as np

from instruments.simulation.physics.chain.ranges import constants_of, declared_ranges

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
            raise _unknown(name, record)
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
    tree = _Branch()
    for name, value in values.items():
        *path, last = name.split(".")
        branch = tree
        for step in path:
            branch = branch.setdefault(step, _Branch())
            if not isinstance(branch, _Branch):
                raise _unknown(name, record)
        branch[last] = value
    try:
        rebuilt: Record = _rebuilt(record, tree, "")
    except _NoConstantError as error:
        raise _unknown(str(error), record) from None
    return rebuilt


def stacked(records: Sequence[Record]) -> Record:
    """Return records of the same build as one, with one value a sweep.

    Parameters
    ----------
    records
        Receivers or operating points whose constants are plain numbers, at least one.

    Returns
    -------
    Record
        The first with arrays of shape (record,); what is the same in all of them stays
        a number.
    """
    first = records[0]
    different = {id(record): record for record in records}
    if len(different) == 1:
        return first
    names = [constant.name for constant in list_constants(first)]
    columns = {
        key: np.asarray(read_constants(record, names))
        for key, record in different.items()
    }
    table = np.stack([columns[id(record)] for record in records])
    varies = (table != table[0]).any(axis=0)
    values = {
        name: table[:, column] for column, name in enumerate(names) if varies[column]
    }
    return with_constants(first, values)


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


class _Branch(dict[str, Any]):
    """New values by the parts of their dotted names."""


class _NoConstantError(Exception):
    """A dotted name that leads to no constant."""


def _unknown(name: str, record: Any) -> KeyError:
    return KeyError(f"{name} is no constant of {type(record).__name__}")


def _rebuilt(node: Any, tree: _Branch, path: str) -> Any:
    """Return a node with what the tree holds; what it does not touch stays itself."""
    if isinstance(node, tuple):
        parts = list(node)
        for step, branch in tree.items():
            if not (step.isdecimal() and int(step) < len(parts)):
                raise _NoConstantError(_first_name(tree, path))
            parts[int(step)] = _entered(parts[int(step)], branch, f"{path}{step}")
        return tuple(parts)
    known = dict(declared_ranges(node))
    changed: dict[str, Any] = {}
    for step, value in tree.items():
        if step not in known or isinstance(value, _Branch) is (known[step] is not None):
            raise _NoConstantError(_first_name({step: value}, path))
        changed[step] = value
        if known[step] is None:
            changed[step] = _entered(getattr(node, step), value, f"{path}{step}")
    return replace(node, **changed)


def _entered(node: Any, branch: Any, path: str) -> Any:
    if not isinstance(branch, _Branch):
        raise _NoConstantError(path)
    return _rebuilt(node, branch, f"{path}.")


def _first_name(tree: Mapping[str, Any], path: str) -> str:
    step, value = next(iter(tree.items()))
    if isinstance(value, _Branch):
        return _first_name(value, f"{path}{step}.")
    return f"{path}{step}"
