"""``halowatch evaluate``: a model's scores on an archive, beside simpler models."""

from pathlib import Path
from typing import Any

import click

from models.evaluation.evaluate import GROUPED, LEAKY, evaluate_model
from service.cli.archives import bad_input_in_one_line, read_archives
from service.cli.exits import print_json


@click.command(name="evaluate")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.argument("archive", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(*, folder: Path, archive: Path, as_json: bool) -> None:
    """Score the model in FOLDER on a labelled ARCHIVE (.npz).

    Errors of temperature are in dex (decades of K), of field in tesla. The random
    split leaks and stands beside the honest one only to show by how much.
    """
    (read,) = read_archives((archive,))
    with bad_input_in_one_line():
        document = evaluate_model(folder, read)
    if as_json:
        print_json(document)
        return
    for line in _lines(document):
        click.echo(line)


def _lines(document: dict[str, Any]) -> list[str]:
    size = f"{document['sweeps']} sweeps of {document['cycles']} thermal cycles"
    lines = [f"model {document['model']} on {size}"]
    for name, target in document["targets"].items():
        headline = target["model"]["headline"]
        lines.append(f"{name} ({headline})")
        lines.append(f"  this model                {_score(target['model']):>10}")
        rows = {"same network, retrained": target["retrained"]} | target["baselines"]
        lines += [
            f"  {row:25} {_score(found[GROUPED]):>10}  "
            f"(leaky random split: {_score(found[LEAKY])})"
            for row, found in rows.items()
        ]
    lines += [f"{name}: {why}" for name, why in document["not_evaluated"].items()]
    return lines + [f"warning: {sentence}" for sentence in document["warnings"]]


def _score(breakdown: dict[str, Any]) -> str:
    if not breakdown["sweeps"]:
        return "no sweep"
    return f"{breakdown['overall'][breakdown['headline']]:.4g}"
