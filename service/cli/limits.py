"""``halowatch limits``: how well anybody could read T and B off a described cavity."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from instruments.array import ArrayConfig, load_array
from instruments.array.config import SimulationConfig, WideSweepConfig
from instruments.errors import ArrayConfigError
from instruments.simulation.conditions import DEFAULT_COUPLING_BETA
from instruments.simulation.life import CavityPlace, LifePlan, ThermalCycle
from instruments.simulation.life.building import Workshop
from instruments.simulation.physics.chain import ReceiverHardware, SweepSettings
from models.twin.limits_map import (
    Aid,
    Knowledge,
    Limit,
    LimitsQuestion,
    assumptions,
    limits_map,
)
from models.twin.limits_picture import draw_limits
from models.twin.limits_sweep import SweepSetup
from service.cli.documents import check_folder
from service.cli.exits import BadInputError, print_json
from service.cli.progress import progress

_TEMPERATURES = "0.02,0.1,0.3,1,2,4,10,20,77,200"
_FIELDS = "0,0.005,0.02"


@click.command()
@click.argument("array_file", metavar="ARRAY.yaml", type=click.Path(path_type=Path))
@click.option("--cavity", help="Cavity of the array; its first one by default.")
@click.option("--sweep", help="Wide sweep of the array; its first one by default.")
@click.option(
    "--temperatures-k",
    default=_TEMPERATURES,
    show_default=True,
    help="Temperatures in K, with commas between.",
)
@click.option(
    "--fields-tesla",
    default=_FIELDS,
    show_default=True,
    help="Stray fields in tesla, with commas between.",
)
@click.option(
    "--reference-temperature-k",
    default=4.0,
    show_default=True,
    help="Temperature in K at which the reference was taken.",
)
@click.option(
    "--reference-field-tesla",
    default=0.0,
    show_default=True,
    help="Stray field in tesla at which the reference was taken.",
)
@click.option(
    "--knowledge",
    type=click.Choice([one.value for one in Knowledge]),
    default=Knowledge.CATALOGUE.value,
    show_default=True,
    help="What is known of the receiver: its parts as bought, or a fitted twin.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the map here as a picture (SVG).",
)
def command(
    *,
    array_file: Path,
    cavity: str | None,
    sweep: str | None,
    temperatures_k: str,
    fields_tesla: str,
    reference_temperature_k: float,
    reference_field_tesla: float,
    knowledge: str,
    as_json: bool,
    plot: Path | None,
) -> None:
    """Print the best possible uncertainty of temperature and stray field.

    A bound from physics (Fisher information, nuisances marginalised), for a cavity of
    ARRAY.yaml as the twin describes it, with and without a reference sweep.
    """
    check_folder(plot)
    try:
        config = load_array(array_file)
    except ArrayConfigError as error:
        raise BadInputError(str(error)) from None
    name = _chosen(array_file, "cavities", cavity, list(config.cavities))
    try:
        question = LimitsQuestion(
            hardware=_described(config, name),
            setup=_setup(array_file, config, sweep),
            temperatures_k=_numbers("--temperatures-k", temperatures_k),
            fields_tesla=_numbers("--fields-tesla", fields_tesla),
            reference_temperature_k=reference_temperature_k,
            reference_field_tesla=reference_field_tesla,
            knowledge=Knowledge(knowledge),
        )
        limits = _limits(question)
        if plot is not None:
            headline = f"{config.array.name}, {name}: best possible uncertainty"
            plot.write_text(draw_limits(limits, headline))
    except ValueError as error:
        raise BadInputError(str(error)) from None
    except OSError as error:
        raise BadInputError(f"{plot}: {error.strerror}; name another path") from None
    if as_json:
        print_json(_document(config, name, question, limits))
        return
    for line in _lines(name, question, limits):
        click.echo(line)


def _limits(question: LimitsQuestion) -> list[Limit]:
    count = len(question.temperatures_k) * len(question.fields_tesla) * len(Aid)
    found: list[Limit] = []
    with progress() as tell:
        for limit in limits_map(question):
            found.append(limit)
            where = f"{limit.temperature_k:g} K, {limit.magnetic_field_tesla:g} T"
            tell(where, len(found) / count)
    return found


def _chosen(array_file: Path, section: str, asked: str | None, known: list[str]) -> str:
    if asked is not None and asked not in known:
        raise BadInputError(
            f"{array_file}: {section} has no {asked}; it has {', '.join(known)}"
        )
    return asked or known[0]


def _numbers(option: str, text: str) -> tuple[float, ...]:
    try:
        found = tuple(sorted({float(word) for word in text.split(",")}))
    except ValueError:
        raise BadInputError(
            f"{option}: {text} is no list of numbers; write 1,4,20"
        ) from None
    return found


def _setup(array_file: Path, config: ArrayConfig, asked: str | None) -> SweepSetup:
    wide = {
        name: sweep
        for name, sweep in config.sweeps.items()
        if isinstance(sweep, WideSweepConfig)
    }
    if not wide:
        raise BadInputError(f"{array_file}: sweeps has no wide sweep; add one")
    sweep = wide[_chosen(array_file, "sweeps (wide)", asked, list(wide))]
    return SweepSetup(
        frequency_hz=np.linspace(
            sweep.start_frequency_hz, sweep.stop_frequency_hz, sweep.point_count
        ),
        s_parameters=tuple(sweep.s_parameters),
        settings=SweepSettings(
            if_bandwidth_hz=sweep.if_bandwidth_hz,
            averaging_count=sweep.averaging_count,
        ),
        source_power_dbm=sweep.source_power_dbm,
    )


def _described(config: ArrayConfig, cavity: str) -> ReceiverHardware:
    """Return the receiver that the twin draws for a cavity, without its JPA."""
    seed = (config.simulation or SimulationConfig()).seed
    plan = LifePlan(
        seed=seed,
        hardware_seed=seed,
        duration_s=1.0,
        places=tuple(
            CavityPlace(
                name=name,
                vna=one.vna,
                plate="fridge",
                resonant_frequency_hz=one.expected.resonant_frequency_hz,
                loaded_q=one.expected.loaded_q,
                coupling_beta=one.expected.coupling_beta or DEFAULT_COUPLING_BETA,
            )
            for name, one in config.cavities.items()
        ),
        cycles=(ThermalCycle(name="first", warm_from_s=-1.0, cooling_from_s=-1.0),),
        has_jpa=False,
    )
    return Workshop(plan).build(cavity, 0)


def _document(
    config: ArrayConfig, cavity: str, question: LimitsQuestion, limits: list[Limit]
) -> dict[str, Any]:
    return {
        "array": config.array.name,
        "cavity": cavity,
        "s_parameters": list(question.setup.s_parameters),
        "knowledge": question.knowledge.value,
        "reference_temperature_k": question.reference_temperature_k,
        "reference_field_tesla": question.reference_field_tesla,
        "assumptions": assumptions(question),
        "limits": [asdict(one) for one in limits],
    }


def _lines(cavity: str, question: LimitsQuestion, limits: list[Limit]) -> list[str]:
    traces = ", ".join(question.setup.s_parameters)
    lines = [
        f"{cavity}: best possible standard deviation from one sweep of {traces}",
        "",
        f"{'':9}{'':9}{'sigma(log10 T) / dex':^36}{'sigma(B) / mT':^36}".rstrip(),
        f"{'B / mT':>9}{'T / K':>9}" + 2 * "".join(f"{aid.value:>12}" for aid in Aid),
    ]
    for start in range(0, len(limits), len(Aid)):
        row = limits[start : start + len(Aid)]
        by_temperature = [_cell(one.log10_temperature_sigma) for one in row]
        by_field = [
            _cell(
                None if one.field_sigma_tesla is None else 1e3 * one.field_sigma_tesla
            )
            for one in row
        ]
        lines.append(
            f"{1e3 * row[0].magnetic_field_tesla:9g}{row[0].temperature_k:9g}"
            + "".join(by_temperature + by_field)
        )
    legend = (
        "exact: the receiver known exactly; alone: no reference; -: not identifiable,"
        " the sweep tells less than was known before it."
    )
    return [*lines, "", legend, *assumptions(question)]


def _cell(value: float | None) -> str:
    return f"{'-':>12}" if value is None else f"{value:12.3g}"
