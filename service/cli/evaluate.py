"""``halowatch evaluate``: a model's scores on an archive, beside simpler models."""

from pathlib import Path
from typing import Any

import click

from models.baselines.entries import BASELINES, QUICK_BASELINES
from models.evaluation.evaluate import GROUPED, LEAKY, TRANSFERRED, evaluate_model
from models.evaluation.page import render_page
from service.cli.archives import bad_input_in_one_line, read_archives
from service.cli.exits import BadInputError, print_json
from service.cli.progress import progress


@click.command(name="evaluate")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.argument("archive", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--train",
    "trained_on",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="An archive that the model was trained on: the baselines learn from it too, "
    "to be judged on ARCHIVE. May be given several times.",
)
@click.option("--quick", is_flag=True, help="Compare with the quickest baselines only.")
@click.option(
    "--leave-classes-out",
    is_flag=True,
    help="Train the network without each class in turn, to see whether the class looks "
    "unknown then; takes a training a class.",
)
@click.option(
    "--flip-labels",
    is_flag=True,
    help="Train with 5, 10 and 20 % of the class labels flipped too, to see what wrong "
    "labels cost; takes four trainings a target.",
)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one self-contained page with plots here.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    *,
    folder: Path,
    archive: Path,
    trained_on: tuple[Path, ...],
    quick: bool,
    leave_classes_out: bool,
    flip_labels: bool,
    page: Path | None,
    as_json: bool,
) -> None:
    """Score the model in FOLDER on a labelled ARCHIVE (.npz).

    Errors of temperature are in dex (decades of K) and in K, of field in tesla. The
    random split leaks and stands beside the honest one only to show by how much.
    """
    (read,) = read_archives((archive,))
    learnt_from = read_archives(trained_on)
    if page is not None and not page.parent.is_dir():
        raise BadInputError(f"--html {page}: there is no folder {page.parent}")
    with bad_input_in_one_line(), progress() as tell:
        document = evaluate_model(
            folder,
            read,
            learnt_from=learnt_from,
            names=QUICK_BASELINES if quick else tuple(BASELINES),
            leave_classes_out=leave_classes_out,
            flip_labels=flip_labels,
            tell=tell,
        )
    if page is not None:
        try:
            page.write_text(render_page(document), encoding="utf-8")
        except OSError as error:
            raise BadInputError(f"--html {page}: {error.strerror}") from None
    if as_json:
        print_json(document)
        return
    for line in _lines(document):
        click.echo(line)


def _lines(document: dict[str, Any]) -> list[str]:
    size = f"{document['sweeps']} sweeps of {document['cycles']} thermal cycles"
    lines = [f"model {document['model']} on {size}"]
    for name, target in document["targets"].items():
        lines += _target_lines(name, target)
    for name, why in document["missing_baselines"].items():
        lines.append(f"{name}: {why}")
    lines += [f"{name}: {why}" for name, why in document["not_evaluated"].items()]
    return lines + [f"warning: {sentence}" for sentence in document["warnings"]]


def _target_lines(name: str, target: dict[str, Any]) -> list[str]:
    model = target["model"]
    if not model["sweeps"]:
        return [f"{name}: no sweep can be scored"]
    lines = [
        f"{name} ({model['headline']})",
        f"  {'this model':25} {_score(model):>10}  {_interval(model)}",
    ]
    if "estimated" in model["slices"]:
        lines.append(_told(model["slices"]["estimated"], model["sweeps"]))
    for label, found in target.get("never_trained", {}).items():
        share = f"{found['unknown_share']:.0%} of {found['sweeps']} sweeps unknown"
        lines.append(f"  never trained: {label}, {share}")
    rows = {"same network, retrained": target["retrained"]} | target["baselines"]
    for row, found in rows.items():
        line = f"  {row:25} {_score(found[GROUPED]):>10}  "
        line += f"(leaky random split: {_score(found[LEAKY])})"
        if TRANSFERRED in found:
            line += f"  learnt from --train: {_score(found[TRANSFERRED])}"
        lines.append(line)
    return lines


def _told(estimated: dict[str, Any], sweeps: int) -> str:
    """Say what the estimates are worth where the model gives one."""
    shown = [
        f"{name} {estimated[name]:.4g}"
        for name in sorted(estimated)
        if name.startswith(("median_error_", "rms_error_"))
        or name in {"r2", "coverage_90"}
    ]
    share = f"estimated {estimated['sweeps'] / sweeps:.0%} of the sweeps"
    return f"  {share}: {', '.join(shown)}"


def _score(breakdown: dict[str, Any]) -> str:
    if not breakdown["sweeps"]:
        return "no sweep"
    value = breakdown["ranked"].get(breakdown["headline"])
    return "no sweep" if value is None else f"{value:.4g}"


def _interval(breakdown: dict[str, Any]) -> str:
    interval = breakdown["ranked"].get("interval_90")
    if interval is None:
        return ""
    low, high = interval
    return f"[{low:.4g}, {high:.4g}] over cycles"
