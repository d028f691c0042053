"""``halowatch twin estimate``: temperature and field by a joint fit of the twin."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np

from instruments.files import LabelledArchive
from instruments.simulation.physics.chain import SweepSettings
from models.progress import Listener
from models.twin.archive_sweeps import (
    USUAL_SETTINGS,
    measured_sweep,
    reference_sweep,
    wide_sweeps,
)
from models.twin.described_prior import DescribedTwin, described_twin
from models.twin.description import read_description
from models.twin.limits_map import Knowledge
from models.twin.precise_document import estimate_document
from models.twin.precise_estimate import EstimateState
from models.twin.precise_fit import PreciseFit
from service.cli.archives import bad_input_in_one_line, read_archives
from service.cli.documents import check_folder, write_document
from service.cli.exits import BadInputError, print_json
from service.cli.progress import progress
from service.cli.twin_options import JPA_OPTION

MOST_SWEEPS = 200
"""Sweeps in one run: each takes seconds."""

_FILE = click.Path(path_type=Path)


@click.command(name="estimate")
@click.argument("archive", type=_FILE)
@click.option("--cavity", required=True, help="Whose sweeps to take.")
@click.option(
    "--described",
    type=_FILE,
    help="JSON with the receiver's constants, such as twin fit --output writes.",
)
@click.option(
    "--reference",
    type=click.IntRange(0),
    help="Index of the reference; each cycle's first reference by default.",
)
@click.option(
    "--sweep",
    "wanted",
    type=click.IntRange(0),
    multiple=True,
    help="Index of a sweep to estimate (several times); all of the cavity by default.",
)
@click.option(
    "--knowledge",
    type=click.Choice([one.value for one in Knowledge]),
    default=Knowledge.FITTED.value,
    show_default=True,
    help="What is known of constants that --described says nothing of.",
)
@click.option(
    "--if-bandwidth-hz",
    type=click.FloatRange(min=0.0, min_open=True),
    default=USUAL_SETTINGS.if_bandwidth_hz,
    show_default=True,
    help="IF bandwidth in Hz of sweeps without a label if_bandwidth_hz.",
)
@JPA_OPTION
@click.option("--output", type=_FILE, help="Where to write the estimates, as JSON.")
@click.option("--json", "as_json", is_flag=True, help="Print one document.")
def estimate_command(  # noqa: PLR0917
    archive: Path,
    cavity: str,
    described: Path | None,
    reference: int | None,
    wanted: tuple[int, ...],
    knowledge: str,
    if_bandwidth_hz: float,
    jpa: bool | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Estimate temperature in K and field in tesla of wide sweeps in ARCHIVE.

    A joint fit of each sweep and of the reference of its thermal cycle, whose
    temperature_k and magnetic_field_tesla the archive tells: 90 % intervals, or why
    there is no estimate. A sweep that the twin does not explain gets none.
    """
    check_folder(output)
    # Before the first line a fit's covariance lets much be differentiated.
    with progress() as bar:
        bar(f"reading {archive.name}", 0.0)
        (measured,) = read_archives((archive,))
        with bad_input_in_one_line():
            description = read_description(described)
            twin = described_twin(
                description.usual(has_jpa=jpa), description, Knowledge(knowledge)
            )
            indices = _chosen(archive, measured, cavity, wanted)
            usual = SweepSettings(if_bandwidth_hz=if_bandwidth_hz)
            records = []
            asked = indices, reference
            for record in _estimates(archive, measured, twin, usual, asked, bar):
                records.append(record)
                if not as_json:
                    bar.write(_line(record))
    document = {"cavity": cavity, "sweeps": records}
    if output is not None:
        write_document(output, document)
    if as_json:
        print_json(document)


def _chosen(
    path: Path, measured: LabelledArchive, cavity: str, wanted: tuple[int, ...]
) -> list[int]:
    wide = wide_sweeps(measured, cavity)
    for index in wanted:
        if index >= measured.sweep_count:
            raise BadInputError(
                f"--sweep: {index} is none of {path}'s {measured.sweep_count} sweeps"
            )
        if index not in wide:
            raise BadInputError(f"--sweep: {index} is no wide sweep of {cavity}")
    found = sorted(set(wanted)) or [
        index for index in wide if not measured.is_reference[index]
    ]
    if not found:
        raise BadInputError(f"{path}: {cavity} has references only; name a --sweep")
    if len(found) > MOST_SWEEPS:
        raise BadInputError(
            f"{path}: {len(found)} sweeps of {cavity} are more than {MOST_SWEEPS} in"
            " one run: name some with --sweep"
        )
    return found


def _estimates(  # noqa: PLR0917
    path: Path,
    measured: LabelledArchive,
    twin: DescribedTwin,
    usual: SweepSettings,
    asked: tuple[list[int], int | None],
    tell: Listener,
) -> Iterator[dict[str, Any]]:
    indices, reference = asked
    cycles = list(dict.fromkeys(measured.thermal_cycle[indices].tolist()))
    fits = len(indices) + len(cycles)
    count = 0

    def say(name: str) -> Listener:
        done = count
        return lambda what, share: tell(f"{name}: {what}", (done + share) / fits)

    for cycle in cycles:
        own = [index for index in indices if measured.thermal_cycle[index] == cycle]
        known = _reference_of(path, measured, own[0], reference)
        fit = PreciseFit(
            twin.hardware,
            twin.shared,
            reference_sweep(measured, known, usual),
            say(f"cycle {cycle}"),
        )
        count += 1
        for index in own:
            sweep = measured_sweep(measured, index, usual)
            (found,) = fit.estimate([sweep], say(f"sweep {index}"))
            count += 1
            yield {
                "sweep": index,
                "thermal_cycle": cycle,
                "reference": known,
                **estimate_document(found),
            }


def _reference_of(
    path: Path, measured: LabelledArchive, index: int, asked: int | None
) -> int:
    cavity, cycle = measured.cavity[index], measured.thermal_cycle[index]
    same = (measured.cavity == cavity) & (measured.thermal_cycle == cycle)
    if asked is not None:
        if asked >= measured.sweep_count or not same[asked]:
            raise BadInputError(
                f"--reference: {asked} is no sweep of {cavity} in cycle {cycle}"
            )
        return asked
    marked = np.flatnonzero(same & measured.is_reference)
    if not marked.size:
        raise BadInputError(
            f"{path}: cycle {cycle} of {cavity} has no reference: mark one, or name"
            " one with --reference"
        )
    return int(marked[0])


def _line(record: dict[str, Any]) -> str:
    head = f"{record['sweep']:6d}  {record['state']:16}"
    if record["state"] == EstimateState.MISFIT.value:
        return f"{head}  {record['reason']}"
    temperature = _words(record["temperature_k"], 1.0, "K")
    field = _words(record["magnetic_field_tesla"], 1e3, "mT")
    return f"{head}  {temperature}  {field}  {record['reason']}"


def _words(interval: dict[str, Any], scale: float, unit: str) -> str:
    reach = f"{scale * interval['p05']:.4g} to {scale * interval['p95']:.4g} {unit}"
    if interval["median"] is None:
        return f"      - ({reach})"
    return f"{scale * interval['median']:.4g} ({reach})"
