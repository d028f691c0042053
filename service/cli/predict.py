"""``halowatch predict``: what a model says of every sweep of an archive."""

from pathlib import Path
from typing import Any

import click

from models.diagnosis import LABEL, Diagnosis, Estimate
from models.diagnosis.wording import phrase
from models.serving.predictor import Predictor
from service.cli.archives import bad_input_in_one_line, read_archives
from service.cli.exits import print_json
from service.cli.progress import progress


@click.command(name="predict")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.argument("archive", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(*, folder: Path, archive: Path, as_json: bool) -> None:
    """Judge every sweep of ARCHIVE (.npz) by the model in FOLDER, in its order.

    Each sweep is compared with the reference of its cavity and thermal cycle.
    Temperatures are in K, fields in tesla.
    """
    with progress() as tell:
        tell(f"reading {archive.name}", 0.0)
        (read,) = read_archives((archive,))
        with bad_input_in_one_line():
            predictor = Predictor.load(folder)
        diagnoses = predictor.diagnose_archive(read, tell)
    if as_json:
        print_json(_document(predictor.model_version, diagnoses))
        return
    for index, diagnosis in enumerate(diagnoses):
        click.echo(_line(index, str(read.cavity[index]), diagnosis))


def _document(version: str, diagnoses: list[Diagnosis]) -> dict[str, Any]:
    return {
        "model": version,
        "sweeps": [
            diagnosis.to_record() | {"index": index}
            for index, diagnosis in enumerate(diagnoses)
        ],
    }


def _line(index: int, cavity: str, diagnosis: Diagnosis) -> str:
    words = [
        f"{index:5}  {cavity:12}",
        f"condition {phrase(diagnosis.condition.label)}",
        f"component {diagnosis.component.label}",
        f"T {_estimate(diagnosis.temperature_k, 'K')}",
        f"B {_estimate(diagnosis.magnetic_field_tesla, 'T')}",
    ]
    words += [
        f"{name.removeprefix(LABEL)} {_estimate(each.estimate, each.unit)}"
        for name, each in diagnosis.labels.items()
    ]
    if diagnosis.out_of_distribution.flag:
        words.append("out of distribution")
    if diagnosis.integrity:
        words.append(f"flags {', '.join(map(phrase, diagnosis.integrity))}")
    if diagnosis.remark:
        words.append(f"({diagnosis.remark})")
    return "  ".join(words)


def _estimate(estimate: Estimate, unit: str) -> str:
    if estimate.median is None:
        return estimate.state.value
    interval = f"[{estimate.p05:.3g}, {estimate.p95:.3g}]"
    return f"{estimate.median:.3g} {interval} {unit}".rstrip()
