"""Physical range, prior spread and scale of every constant of a receiver.

They stand beside the constant they belong to, as metadata of its field, so that the
same record serves the emulator, a fit and the information matrix.
"""

import math
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from typing import Any

_KEY = "parameter_range"
# Walking a receiver asks for the same few classes hundreds of times.
_DECLARED: dict[type, tuple[tuple[str, "ParameterRange | None"], ...]] = {}


class ParameterOutOfRangeError(ValueError):
    """A constant or a state outside its physical range; the message names both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRange:
    """What is known of a constant before any sweep is seen.

    Attributes
    ----------
    low, high
        Physical bounds in the unit of the constant, both allowed.
    spread_value
        Standard deviation from unit to unit, in the unit of the constant or as a
        part of its value; it is the prior of a fit and the scale of its steps.
    is_relative
        Whether the spread is a part of the value.
    """

    low: float
    high: float
    spread_value: float
    is_relative: bool = False

    def prior_sigma(self, value: float) -> float:
        """Return the spread in the unit of a constant that has this value."""
        return self.spread_value * abs(value) if self.is_relative else self.spread_value


def constant(
    *,
    low: float,
    high: float,
    spread: float,
    is_relative: bool = False,
    default: Any = MISSING,
) -> Any:
    """Declare a dataclass field that is a constant with a physical range."""
    known = ParameterRange(
        low=low, high=high, spread_value=spread, is_relative=is_relative
    )
    return field(default=default, metadata={_KEY: known})


def range_of(declared: "Field[Any]") -> ParameterRange | None:
    """Return the range that a field was declared with, None for a plain field."""
    known: ParameterRange | None = declared.metadata.get(_KEY)
    return known


def declared_ranges(record: Any) -> tuple[tuple[str, ParameterRange | None], ...]:
    """Return the fields of a record, each with its range or None; none of a number."""
    kind = type(record)
    found = _DECLARED.get(kind)
    if found is None:
        declared = fields(kind) if is_dataclass(kind) else ()
        found = tuple((one.name, range_of(one)) for one in declared)
        _DECLARED[kind] = found
    return found


def constants_of(record: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Walk a tree of records; yield (dotted path, value, range) of each constant.

    Parts of a tuple are numbered: ``weak_line.parts.0.length_m``.
    """
    found: list[tuple[str, Any, Any]] = []
    _collect(record, path, found)
    return iter(found)


def _collect(record: Any, path: str, found: list[tuple[str, Any, Any]]) -> None:
    if isinstance(record, tuple):
        for index, part in enumerate(record):
            _collect(part, f"{path}{index}.", found)
        return
    for name, known in declared_ranges(record):
        value = getattr(record, name)
        if known is not None:
            found.append((f"{path}{name}", value, known))
        else:
            _collect(value, f"{path}{name}.", found)


def check_ranges(record: Any, path: str = "") -> None:
    """Refuse a tree of records with a number outside its physical range.

    Parameters
    ----------
    record
        Hardware or operating point; arrays of numbers are looked at whole, tensors
        under differentiation are left alone.
    path
        What to call the record in the message, with a dot at its end.

    Raises
    ------
    ParameterOutOfRangeError
        If a value is not finite or lies outside its range; the first one is named.
    """
    for name, value, known in constants_of(record, path):
        lowest, highest = _extremes(value)
        if not (math.isfinite(lowest) and math.isfinite(highest)):
            raise ParameterOutOfRangeError(f"{name} must be a finite number")
        if lowest < known.low or highest > known.high:
            wrong = lowest if lowest < known.low else highest
            raise ParameterOutOfRangeError(
                f"{name} is {wrong:g}, outside of its physical range"
                f" {known.low:g} to {known.high:g}"
            )


def _extremes(value: Any) -> tuple[float, float]:
    if isinstance(value, int | float):
        return float(value), float(value)
    plain = value.detach() if hasattr(value, "detach") else value
    return float(plain.min()), float(plain.max())
