"""``halowatch twin simulate``: a labelled archive from the twin of one cavity."""

from pathlib import Path

import click

from instruments.files.archive_stream import ArchiveTooLargeError
from models.twin.description import read_description
from models.twin.simulated_set import simulate_set
from service.cli.archives import bad_input_in_one_line, read_archives
from service.cli.documents import check_folder
from service.cli.exits import BadInputError, print_json
from service.cli.progress import progress
from service.cli.twin_options import JPA_OPTION

_FILE = click.Path(path_type=Path)


@click.command(name="simulate")
@click.argument("archive", type=_FILE)
@click.option("--cavity", required=True, help="Whose twin it is.")
@click.option(
    "--described",
    type=_FILE,
    required=True,
    help="JSON that twin fit --output wrote; with its --covariance every cycle draws "
    "the constants anew.",
)
@click.option(
    "--output",
    type=_FILE,
    required=True,
    help="Where to write the simulated archive (.npz).",
)
@click.option(
    "--cycles",
    type=click.IntRange(2, 1000),
    default=40,
    show_default=True,
    help="Thermal cycles, each with its connectors mated again.",
)
@click.option(
    "--sweeps-per-cycle",
    "--sweeps",
    "sweeps_per_cycle",
    type=click.IntRange(2, 10_000),
    default=50,
    show_default=True,
    help="Sweeps in each thermal cycle; the first is the reference.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Of everything that is drawn.",
)
@JPA_OPTION
@click.option("--json", "as_json", is_flag=True, help="Print one document.")
def simulate_command(
    *,
    archive: Path,
    cavity: str,
    described: Path,
    output: Path,
    cycles: int,
    sweeps_per_cycle: int,
    seed: int,
    jpa: bool | None,
    as_json: bool,
) -> None:
    """Simulate sweeps of a fitted twin, to pre-train a model of its cavity on.

    Axis, traces and settings are those of ARCHIVE, the laboratory's own sweeps;
    temperatures in K, fields in tesla and failures are drawn around theirs, the half of
    them far from any. Give the outcome to train --pretrain.
    """
    check_folder(output)
    try:
        with progress() as tell, bad_input_in_one_line():
            tell(f"reading {archive.name}", 0.0)
            (measured,) = read_archives((archive,))
            description = read_description(described)
            count = simulate_set(
                output,
                measured,
                cavity,
                description.applied_to(description.usual(has_jpa=jpa)),
                description,
                seed=seed,
                cycles=cycles,
                sweeps_per_cycle=sweeps_per_cycle,
                tell=tell,
            )
    except ArchiveTooLargeError as error:
        raise BadInputError(str(error)) from None
    except OSError as error:
        raise BadInputError(f"{output}: {error.strerror}; name another path") from None
    is_drawn = description.covariance is not None
    if as_json:
        print_json(
            {"archive": str(output), "sweeps": count, "constants_drawn": is_drawn}
        )
        return
    click.echo(f"{count} sweeps written to {output}")
    if not is_drawn:
        click.echo(
            f"{described} tells no covariance: all cycles share its constants;"
            " fit with --covariance to draw them"
        )
