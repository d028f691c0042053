"""Numbers of records turned into arrays that broadcast over sweeps and points."""

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from instruments.simulation.physics.backend import Array, as_array
from instruments.simulation.physics.chain.ranges import range_of

Record = TypeVar("Record")


def lifted(record: Record, like: Array) -> Record:
    """Return a tree of records whose constants are arrays of the backend of another.

    Notes
    -----
    A number becomes shape (1,), one value a sweep (sweep, 1), and an array
    (sweep, point) stays what it is; all float64 and differentiable.
    """
    turned: Record = _lifted(record, like)
    return turned


def _lifted(node: Any, like: Array) -> Any:
    if isinstance(node, tuple):
        return tuple(_lifted(part, like) for part in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    changed = {}
    for declared in fields(node):
        value = getattr(node, declared.name)
        if range_of(declared) is None:
            changed[declared.name] = _lifted(value, like)
        else:
            changed[declared.name] = _column(value, like)
    return replace(node, **changed)


def _column(value: Any, like: Array) -> Array:
    array = as_array(value, like)
    return array if array.ndim == 2 else array[..., None]
