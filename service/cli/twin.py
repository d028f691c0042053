"""``halowatch twin``: the twin of one cavity, fitted; and where a fault sits."""

from dataclasses import asdict
from pathlib import Path

import click
import numpy as np

from instruments.files import LabelledArchive
from instruments.simulation.physics.chain import (
    ReceiverHardware,
    chain_noise_sigma,
)
from models.twin.archive_sweeps import (
    UnusableCalibrationError,
    archive_sweep,
    calibration_sweeps,
    measured_sweep,
)
from models.twin.description import read_description
from models.twin.echo_transform import Change
from models.twin.fit import FitState, TwinFit, fit_twin
from models.twin.fit_document import fit_document
from models.twin.location import locate
from service.cli.archives import bad_input_in_one_line, read_archives
from service.cli.documents import check_folder, write_document
from service.cli.exits import BadInputError, print_json
from service.cli.progress import progress
from service.cli.twin_estimate import estimate_command
from service.cli.twin_options import JPA_OPTION
from service.cli.twin_simulate import simulate_command

_FILE = click.Path(path_type=Path)
_DESCRIBED = click.option(
    "--described",
    type=_FILE,
    help="JSON with constants that differ from the usual receiver, such as a fit.",
)
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one document.")


@click.group(name="twin")
def command() -> None:
    """Fit the twin of one cavity, estimate and simulate with it, locate reflections."""


@command.command(name="fit")
@click.argument("archive", type=_FILE)
@click.option("--cavity", required=True, help="Whose sweeps to take.")
@click.option("--output", type=_FILE, help="Where to write the fit, as JSON.")
@click.option(
    "--sweeps",
    "limit",
    type=click.IntRange(1, 24),
    default=9,
    show_default=True,
    help="How many wide sweeps to use, spread over switch, temperature and field.",
)
@click.option("--covariance", "has_covariance", is_flag=True, help="Write all of it.")
@_DESCRIBED
@JPA_OPTION
@_AS_JSON
def fit(  # noqa: PLR0917
    archive: Path,
    cavity: str,
    output: Path | None,
    limit: int,
    has_covariance: bool,
    described: Path | None,
    jpa: bool | None,
    as_json: bool,
) -> None:
    """Fit a receiver's constants to the calibration sweeps in ARCHIVE.

    Delays in s with their uncertainty, chi-square per point, and whether the fit may
    be believed: a misfit gives no constants, only the trace and band that misfit.
    """
    check_folder(output)
    (measured,) = read_archives((archive,))
    with bad_input_in_one_line():
        description = read_description(described)
        receiver = description.applied_to(description.usual(has_jpa=jpa))
    try:
        sweeps = calibration_sweeps(measured, cavity, limit)
        with progress() as tell:
            found = fit_twin(receiver, sweeps, tell)
    except (UnusableCalibrationError, ValueError) as error:
        raise BadInputError(f"{archive}: {error}") from None
    document = fit_document(found, has_covariance=has_covariance)
    if output is not None:
        write_document(output, document)
    if as_json:
        print_json(document)
        return
    for line in _fit_lines(cavity, found):
        click.echo(line)


@command.command(name="locate")
@click.argument("archive", type=_FILE)
@click.option("--trace", default="S11", show_default=True, help="S-parameter.")
@click.option("--sweep", "index", type=click.IntRange(0), required=True)
@click.option("--reference", type=click.IntRange(0), required=True)
@_DESCRIBED
@JPA_OPTION
@_AS_JSON
def locate_command(  # noqa: PLR0917
    archive: Path,
    trace: str,
    index: int,
    reference: int,
    described: Path | None,
    jpa: bool | None,
    as_json: bool,
) -> None:
    """Locate what is new in a sweep of ARCHIVE against a reference sweep.

    In S11, S33 and S22 the distance in m from the line's near end; in S21 and S23 the
    distance in m between the two planes that ring.
    """
    (measured,) = read_archives((archive,))
    with bad_input_in_one_line():
        description = read_description(described)
        receiver = description.applied_to(description.usual(has_jpa=jpa))
    try:
        change = _change(measured, receiver, trace, (index, reference))
        known = archive_sweep(measured, _known(measured, (index, reference)))
        found = locate(change, receiver, known.point, description.delay_sigmas_s)
    except (UnusableCalibrationError, ValueError) as error:
        raise BadInputError(f"{archive}: {error}") from None
    if as_json:
        print_json(asdict(found))
        return
    click.echo(found.reason)
    for plane in found.planes:
        partner = "" if plane.partner_index is None else f" and {plane.partner_index}"
        click.echo(
            f"  {plane.line} connector {plane.connector_index}{partner} at"
            f" {plane.distance_m:.3f} m, {plane.departure_sigma:.1f} sigma away"
        )


command.add_command(estimate_command)
command.add_command(simulate_command)


def _known(measured: LabelledArchive, indices: tuple[int, int]) -> int:
    """Return the sweep whose temperature counts: its own, else its reference's."""
    index, reference = indices
    known = measured.temperature_k
    return reference if known is None or not np.isfinite(known[index]) else index


def _change(
    measured: LabelledArchive,
    receiver: ReceiverHardware,
    trace: str,
    indices: tuple[int, int],
) -> Change:
    for index in indices:
        if index >= measured.sweep_count:
            raise BadInputError(
                f"sweep {index} is none of the archive's {measured.sweep_count}"
            )
    new, old = measured_sweep(measured, indices[0]), archive_sweep(measured, indices[1])
    if trace not in new.traces or trace not in old.traces:
        raise BadInputError(f"trace {trace} is not in both sweeps")
    if not np.array_equal(new.frequency_hz, old.frequency_hz):
        raise BadInputError(
            f"sweeps {indices[0]} and {indices[1]} differ in their axis"
        )
    sigma = chain_noise_sigma(
        old.frequency_hz,
        receiver,
        old.point,
        {trace: old.traces[trace]},
        old.settings,
    )
    return Change(
        trace=trace,
        frequency_hz=new.frequency_hz,
        samples=new.traces[trace],
        reference=old.traces[trace],
        sigma=sigma[trace],
    )


def _fit_lines(cavity: str, found: TwinFit) -> list[str]:
    lines = [f"{cavity}  {found.state.value}  {found.reason}"]
    if found.state is FitState.MISFIT:
        return lines
    lines += [
        f"{one.name:28} {one.delay_s * 1e12:10.2f} +- {one.sigma_s * 1e12:.2f} ps"
        + ("" if one.is_identified else "  (not identified)")
        for one in found.delays
    ]
    return lines
