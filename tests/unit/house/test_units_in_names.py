"""Every number of a record says its unit in its name, or is on the short list."""

import dataclasses
import importlib
import pkgutil
import typing
from collections.abc import Iterator

import pydantic
import pytest

from instruments.measurement.units import has_unit_suffix

DIMENSIONLESS = (
    "_q",
    "_q_sigma",
    "_beta",
    "_beta_sigma",
    "_count",
    "_bytes",
    "_total",
    "_id",
    "_ids",
    "_index",
    "_rms",
    "_value",
    "_port",
    "_ratio",
    "_fraction",
    "_sigma",
    "_seed",
    "_version",
    "_number",
    "_factor",
    "_exponent",
    "_severity",
    "_sum",
    "_loss",
    "_nats",
    "_rate",
    "_weight",
    "_code",
    # Stored times are whole microseconds, so that every database compares them alike.
    "_at_us",
    "_status",
    "_linewidths",
    # One over the band that is looked at.
    "_resolutions",
    # Expected numbers of calls in a stretch of time that the name tells.
    "_per_week",
    "_per_day",
    "_stored",
    "_lost",
    "_raised",
    "_delivered",
    "_injected",
    "_detected",
    "_too_late",
    "_components",
    "_threshold",
    "_probability",
    "_steps",
    "_decay",
    "_dropout",
)
"""Endings of names that are pure numbers."""

PURE_NUMBERS = frozenset(
    {
        "value",
        "median",
        "p05",
        "p16",
        "p84",
        "p95",
        "probability",
        "seed",
        "severity",
        "attempts",
        "id",
        "sequence",
        "depth",
        "position",
        # Of a trend point, in the unit of its quantity.
        "low",
        "high",
        "sigma",
        "codec",
        "window",
        "number",
        "priority",
        "waiting",
        "given_up",
        "epochs",
        "batch",
        "jitter",
        "chi_square_excess",
        "correlation",
        # Of normal scores, in their own standard deviations.
        "spread",
        "ewma",
        "cusum",
        # Fractional, as a line moves: f0 over that of its reference less one.
        "shift",
        # Of distances that are logarithms of a misfit.
        "sharpness",
        "furthest",
        # In prior spreads.
        "longest_step",
        "explained",
        "width",
        # Of the normalised axis of a fit, which is counted in half spans.
        "centre",
        "half_width",
        "second_centre",
        "second_half_width",
        "phase_slope",
        # Of a density grid, in the unit of its target.
        "scale",
        "diagnoses",
        # What became of a poller's attempts, counted.
        "measured",
        # What became of the sweeps of a re-score, counted.
        "done",
        "failed",
        "left",
        "stored",
        "flagged",
        "lost",
        "skipped",
        "consecutive_failures",
        "slots",
        "limit",
        "port",
        "count",
        "points",
        "failures",
        "k",
        "n",
        "schema_version",
        "speed",
        "softmax_temperature",
        # Of a healthy emulator: penalties, shares and powers, and cycles counted.
        "smoothness",
        "pooling",
        "shrinkage",
        "tempering",
        # Logarithms, and shares of their axis.
        "frozen_below",
        "frozen_share",
        "middle",
        "reach",
        "freedom",
        "score",
        # Of a polynomial; of classes, the number of one among them.
        "order",
        "healthy",
        "healthy_label",
        # In the unit of the scalar that is read.
        "offset",
        "field_scale",
        # Least leverage that counts.
        "floor",
        # Middle of a band over its half width.
        "turns_at_middle",
        "time_scale",
        # Units of a layer; looks at hidden cycles.
        "embedding",
        "patience",
        # A share, and labels counted.
        "alpha",
        "labelled",
        "missed",
        # Of a jump: in usual changes, a sixteenth's number, and sweeps counted.
        "size",
        "band",
        "sweeps",
        "status",
    }
)
"""Whole names that are pure numbers, or carry the unit of what they belong to."""


def _modules() -> Iterator[str]:
    for package in ("instruments", "models", "service"):
        root = importlib.import_module(package)
        for found in pkgutil.walk_packages(root.__path__, f"{package}."):
            if not found.name.endswith("__main__"):
                yield found.name


def _records(module: str) -> Iterator[type]:
    for value in vars(importlib.import_module(module)).values():
        if isinstance(value, type) and value.__module__ == module:
            is_model = issubclass(value, pydantic.BaseModel)
            if dataclasses.is_dataclass(value) or is_model:
                yield value


def _is_number(annotation: object) -> bool:
    if annotation in (int, float):
        return True
    arguments = typing.get_args(annotation)
    return (
        bool(arguments)
        and all(
            argument in (int, float, type(None)) or _is_number(argument)
            for argument in arguments
        )
        and type(None) in arguments
    )


def _is_named_well(name: str) -> bool:
    bare = name.lstrip("_")
    for suffix in ("_sigma", "_min", "_max"):
        bare = bare.removesuffix(suffix)
    return (
        has_unit_suffix(bare)
        or "_hz_" in f"{bare}_"
        or name.endswith(DIMENSIONLESS)
        or bare in PURE_NUMBERS
    )


@pytest.mark.parametrize("module", sorted(_modules()))
def test_numbers_of_records_carry_their_unit(module: str) -> None:
    nameless = [
        f"{record.__name__}.{name}"
        for record in _records(module)
        for name, annotation in typing.get_type_hints(record).items()
        if _is_number(annotation) and not _is_named_well(name)
    ]
    assert nameless == []


def test_the_rule_bites() -> None:
    assert not _is_named_well("if_bandwidth")
    assert not _is_named_well("temperature")
    assert _is_named_well("if_bandwidth_hz")
    assert _is_number(float | None)
    assert not _is_number(str | None)
