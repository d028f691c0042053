"""Numbers as people read them: the uncertainty chooses prefix and digits."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.diagnosis import EstimateState

_PREFIXES = {9: "G", 6: "M", 3: "k", 0: "", -3: "m", -6: "µ"}
_THIN_SPACE = "\N{THIN SPACE}"
_SPACE = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"
_MAX_DECIMALS = 9

_REFUSALS = {
    EstimateState.NOT_DETERMINABLE: "not determinable",
    EstimateState.NO_REFERENCE: "no reference",
    EstimateState.NOT_TRAINED: "not trained",
}

ABSENT = "no verdict yet"
"""What stands where nothing was judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit and the span of prefixes that people use with it.

    Attributes
    ----------
    symbol
        As written after the number; empty for a bare number.
    smallest_exponent, largest_exponent
        Powers of ten of the outermost prefixes, multiples of three.
    """

    symbol: str
    smallest_exponent: int = 0
    largest_exponent: int = 0

    def exponent(self, magnitude: float) -> int:
        """Choose the power of ten whose prefix suits a magnitude."""
        if magnitude <= 0.0 or not math.isfinite(magnitude):
            return max(0, self.smallest_exponent)
        wanted = 3 * math.floor(math.log10(magnitude) / 3)
        return min(max(wanted, self.smallest_exponent), self.largest_exponent)

    def label(self, exponent: int) -> str:
        """Write the unit with the prefix of a power of ten."""
        return f"{_PREFIXES[exponent]}{self.symbol}"


KELVIN = Unit(symbol="K", smallest_exponent=-3)
TESLA = Unit(symbol="T", smallest_exponent=-6)
HERTZ = Unit(symbol="Hz", largest_exponent=9)
NUMBER = Unit(symbol="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure on a page.

    Attributes
    ----------
    text
        The number without its unit, or the words that stand for it.
    unit
        Unit with prefix; empty for a bare number or words.
    spread
        Its uncertainty as written, or None.
    is_number
        Whether ``text`` is a number.
    """

    text: str
    unit: str = ""
    spread: str | None = None
    is_number: bool = True


def grouped(value: float, decimals: int) -> str:
    """Write a number in groups of three digits on both sides of the point."""
    whole, _, fraction = f"{abs(value):,.{decimals}f}".partition(".")
    whole = whole.replace(",", _THIN_SPACE)
    if fraction:
        groups = [fraction[i : i + 3] for i in range(0, len(fraction), 3)]
        whole = f"{whole}.{_THIN_SPACE.join(groups)}"
    is_negative = value < 0 and any(digit in whole for digit in "123456789")
    return f"{_MINUS if is_negative else ''}{whole}"


def decimals_for(spread: float) -> int:
    """Count the decimals at which a spread shows two significant digits."""
    if spread <= 0.0 or not math.isfinite(spread):
        return 2
    return min(max(0, 1 - math.floor(math.log10(spread))), _MAX_DECIMALS)


def interval_figure(estimate: Mapping[str, Any] | None, unit: Unit) -> Figure:
    """Write an estimate with its 90 % interval, or the reason why there is none.

    Parameters
    ----------
    estimate
        An estimate of the public contract (``state``, ``median``, ``p05``, ``p95``).
    unit
        The SI unit of its quantiles.
    """
    if estimate is None:
        return Figure(text=ABSENT, is_number=False)
    state = EstimateState(estimate["state"])
    low, high = estimate.get("p05"), estimate.get("p95")
    if state is not EstimateState.ESTIMATED:
        if state is EstimateState.NOT_DETERMINABLE and high is not None:
            return _upper_bound(high, unit)
        return Figure(text=_REFUSALS[state], is_number=False)
    median = estimate["median"]
    known = [abs(value) for value in (median, low, high) if value is not None]
    exponent = unit.exponent(max(known))
    scale = 10.0**-exponent
    if low is None or high is None:
        return Figure(text=grouped(median * scale, 2), unit=unit.label(exponent))
    decimals = decimals_for((high - low) / 2 * scale)
    ends = [grouped(value * scale, decimals) for value in (low, high)]
    dash = ", " if low < 0 else "\N{EN DASH}"
    return Figure(
        text=grouped(median * scale, decimals),
        unit=unit.label(exponent),
        spread=f"[{dash.join(ends)}]",
    )


def measured_figure(
    value: float | None, sigma: float | None, unit: Unit, *, absent: str = "no fit"
) -> Figure:
    """Write a fitted value with its standard uncertainty.

    Parameters
    ----------
    value
        In the SI unit, or None where the fit gave none.
    sigma
        Standard uncertainty in the same unit, or None.
    unit
        The SI unit of both.
    absent
        What stands where there is no value.
    """
    if value is None:
        return Figure(text=absent, is_number=False)
    exponent = unit.exponent(abs(value))
    scale = 10.0**-exponent
    if sigma is None:
        return Figure(text=grouped(value * scale, 3), unit=unit.label(exponent))
    sigma_exponent = unit.exponent(sigma)
    sigma_scaled = sigma * 10.0**-sigma_exponent
    spread = grouped(sigma_scaled, decimals_for(sigma_scaled))
    label = unit.label(sigma_exponent)
    suffix = f"{_SPACE}{label}" if label != unit.label(exponent) else ""
    return Figure(
        text=grouped(value * scale, decimals_for(sigma * scale)),
        unit=unit.label(exponent),
        spread=f"±{_SPACE}{spread}{suffix}",
    )


def _upper_bound(high: float, unit: Unit) -> Figure:
    exponent = unit.exponent(abs(high))
    scaled = high * 10.0**-exponent
    rounded = float(f"{scaled:.2g}")
    decimals = 0 if rounded == int(rounded) else decimals_for(rounded)
    return Figure(
        text=f"<{_SPACE}{grouped(rounded, decimals)}",
        unit=unit.label(exponent),
        spread="95 % bound",
    )
