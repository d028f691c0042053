"""``halowatch train``: from labelled archives to a model folder."""

import shlex
from pathlib import Path

import click

from models.training.pretraining_report import pretraining_lines
from models.training.report import TrainingReport
from models.training.targets import TARGETS
from models.training.train import train_model
from service.cli.archives import bad_input_in_one_line, read_archives
from service.cli.exits import print_json
from service.cli.progress import progress


@click.command(name="train")
@click.argument(
    "archives", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False)
)
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the model; made if it does not exist.",
)
@click.option(
    "--targets",
    help=f"Targets to train, joined by commas, out of {', '.join(TARGETS)} and "
    "label:NAME for any further scalar label; all that the labels support by default.",
)
@click.option(
    "--pretrain",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Archive (.npz) that twin simulate wrote, for the networks to learn from "
    "first; kept head by head where left-out cycles are read better. May be repeated.",
)
@click.option("--seed", default=0, show_default=True, help="Of splits and weights.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    *,
    archives: tuple[Path, ...],
    output: Path,
    targets: str | None,
    pretrain: tuple[Path, ...],
    seed: int,
    as_json: bool,
) -> None:
    """Train a model on labelled ARCHIVES (.npz), calibrate it and write its folder.

    Figures are of thermal cycles that the judging network has not seen: K becomes
    dex (decades), fields are in tesla. Stopped, it goes on with the next network when
    it is started again with the same arguments.
    """
    wanted = None
    if targets is not None:
        wanted = [name.strip() for name in targets.split(",") if name.strip()]
    with bad_input_in_one_line(), progress() as tell:
        report = train_model(
            read_archives(archives),
            output,
            seed=seed,
            targets=wanted,
            pretrain_on=read_archives(pretrain),
            tell=tell,
        )
    if as_json:
        print_json(report.to_record())
        return
    for line in _lines(report):
        click.echo(line)


def _lines(report: TrainingReport) -> list[str]:
    size = f"{report.sweep_count} sweeps, {report.cycle_count} thermal cycles"
    made = f"model {report.model_version} in {report.folder}"
    lines = [f"{made}: {size}, held out {report.split}"]
    for name in report.trained:
        metrics = report.metrics[name]
        headline = metrics["headline"]
        line = f"{name}: {headline} {metrics['overall'][headline]:.4g}"
        if metrics["interval_90"] is not None:
            low, high = metrics["interval_90"]
            line += f" [{low:.4g}, {high:.4g}]"
        lines.append(line)
    if report.pretraining is not None:
        lines += pretraining_lines(report.pretraining)
    lines += [f"{name}: not trained, {why}" for name, why in report.refused.items()]
    lines += [f"warning: {sentence}" for sentence in report.warnings]
    register = f"halowatch models register {shlex.quote(report.folder)}"
    promote = f"halowatch models promote {report.model_version}"
    return [
        *lines,
        f"next: {register}, then {promote} (--to shadow: beside the live model first)",
    ]
