"""Numbers of records turned into arrays that broadcast over sweeps and points."""

from dataclasses import is_dataclass, replace
from typing import Any, TypeVar

from instruments.simulation.physics.backend import Array, as_array
from instruments.simulation.physics.chain.ranges import declared_ranges

Record = TypeVar("Record")


def lifted(record: Record, like: Array) -> Record:
    """Return a tree of records whose constants are arrays of the backend of another.

    Notes
    -----
    A number becomes shape (1,), one value a sweep (sweep, 1), and an array
    (sweep, point) stays what it is; all float64 and differentiable.
    """
    turned: Record = _lifted(record, like, {})
    return turned


def _lifted(node: Any, like: Array, known: dict[int, Any]) -> Any:
    """Return a lifted node; a record that stands twice, such as a metal, stays one."""
    if isinstance(node, tuple):
        return tuple(_lifted(part, like, known) for part in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    if id(node) not in known:
        changed = {
            name: _column(getattr(node, name), like)
            if declared is not None
            else _lifted(getattr(node, name), like, known)
            for name, declared in declared_ranges(node)
        }
        known[id(node)] = replace(node, **changed)
    return known[id(node)]


def _column(value: Any, like: Array) -> Array:
    array = as_array(value, like)
    return array if array.ndim == 2 else array[..., None]
