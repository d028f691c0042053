"""``halowatch fit``: the resonance in a measured file."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from instruments.errors import ForeignFileError
from instruments.files import MeasuredFile, open_measured_file
from models.diagnosis import ResonanceEstimate, ResonanceKind, ResonanceState
from models.fitting import LineShape, fit_resonance
from service.cli.exits import BadInputError, print_json
from service.cli.numbers import FiniteRange

_DELAY = FiniteRange(-1e-3, 1e-3)
_PREFERRED = ("S21", "S21:reflection", "S23", "S11")


@click.command(name="fit")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--trace", "trace_name", help="Trace to fit, such as S21 or S11.")
@click.option(
    "--kind",
    type=click.Choice(["auto", *(kind.value for kind in ResonanceKind)]),
    default="auto",
    show_default=True,
    help="Line shape of the mode.",
)
@click.option(
    "--shape",
    type=click.Choice(["auto", *(shape.value for shape in LineShape)]),
    default="auto",
    show_default=True,
    help="What surrounds the line (plain, line, leakage: NPL MAT 58 NLQFIT6, 7, 8).",
)
@click.option(
    "--sweep", "index", default=0, show_default=True, help="Sweep of an archive."
)
@click.option(
    "--line-delay-s",
    type=_DELAY,
    default=0.0,
    show_default=True,
    help="Known line delay in s.",
)
@click.option(
    "--through-magnitude",
    type=FiniteRange(min=0, min_open=True),
    help="|S21| of a through in place of the resonator; gives Q0 in transmission.",
)
@click.option(
    "--bootstrap",
    "bootstrap_count",
    type=click.IntRange(0, 10_000),
    default=0,
    show_default=True,
    help="Uncertainties from so many refits of resampled residuals.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    *,
    file: Path,
    trace_name: str | None,
    kind: str,
    shape: str,
    index: int,
    line_delay_s: float,
    through_magnitude: float | None,
    bootstrap_count: int,
    as_json: bool,
) -> None:
    """Fit the resonance in FILE: Touchstone, a labelled archive or a trace table.

    Prints the state of the fit, f0 in Hz, loaded, unloaded and external Q and the
    coupling beta, each with its standard uncertainty, and what else was noticed.
    """
    try:
        measured = open_measured_file(file)
        frequency_hz, traces = measured.traces_of(index)
    except ForeignFileError as error:
        raise BadInputError(str(error)) from None
    name = _choose(file, traces, trace_name)
    estimate = fit_resonance(
        frequency_hz,
        traces[name],
        None if kind == "auto" else ResonanceKind(kind),
        name=name,
        shape=None if shape == "auto" else LineShape(shape),
        line_delay_s=line_delay_s,
        through_magnitude=through_magnitude,
        bootstrap_count=bootstrap_count,
    )
    if as_json:
        print_json(_document(measured, index, estimate))
        return
    for line in _lines(measured, estimate):
        click.echo(line)


def _choose(file: Path, traces: dict[str, Any], asked: str | None) -> str:
    if asked is not None and asked not in traces:
        raise BadInputError(
            f"{file}: has no complete trace {asked}; it has "
            f"{', '.join(traces) or 'none'}"
        )
    if not traces:
        raise BadInputError(f"{file}: this sweep has no complete trace")
    preferred = [name for name in _PREFERRED if name in traces]
    return asked or (preferred or list(traces))[0]


def _document(
    measured: MeasuredFile, index: int, estimate: ResonanceEstimate
) -> dict[str, Any]:
    return {
        "file": measured.name,
        "format": measured.file_format.value,
        "sweep": index,
        "assumptions": list(measured.assumptions),
        **asdict(estimate),
        "flags": [flag.value for flag in estimate.flags],
    }


def _lines(measured: MeasuredFile, estimate: ResonanceEstimate) -> list[str]:
    head = f"{measured.name}  {estimate.trace}  {estimate.state.value}"
    if estimate.kind is not None:
        head += f"  {estimate.kind.value}"
    lines = [head, *(f"note: {sentence}" for sentence in measured.assumptions)]
    if estimate.state is not ResonanceState.OK:
        lines.append(f"because {estimate.reason}")
    rows = (
        ("f0", "resonant_frequency_hz", ".0f", " Hz"),
        ("QL", "loaded_q", ".1f", ""),
        ("Q0", "unloaded_q", ".1f", ""),
        ("Qe", "coupling_q", ".1f", ""),
        ("beta", "coupling_beta", ".4f", ""),
    )
    for label, attribute, form, unit in rows:
        value = getattr(estimate, attribute)
        if value is not None:
            sigma = getattr(estimate, _sigma_name(attribute))
            lines.append(f"{label:5}{value:{form}} +- {sigma:.3g}{unit}")
    return [*lines, *_noticed(estimate)]


def _noticed(estimate: ResonanceEstimate) -> list[str]:
    lines = []
    if estimate.overcoupled_probability is not None:
        lines.append(f"P(beta > 1) = {estimate.overcoupled_probability:.3f}")
    if estimate.second_frequency_hz is not None:
        lines.append(f"second mode at {estimate.second_frequency_hz:.0f} Hz")
    if estimate.flags:
        lines.append("noticed: " + ", ".join(flag.value for flag in estimate.flags))
    return lines


def _sigma_name(attribute: str) -> str:
    stem = attribute.removesuffix("_hz")
    return f"{stem}_sigma_hz" if stem != attribute else f"{stem}_sigma"
