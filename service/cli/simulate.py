"""``halowatch simulate``: the emulated array on TCP, or its sweeps as an archive."""

import asyncio
import json
import signal
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

import click

from instruments.array import dump_array, load_array
from instruments.errors import ArrayConfigError
from instruments.files.archive import LabelledArchive, write_archive
from instruments.files.archive_stream import ArchiveTooLargeError
from instruments.simulation.calibration import record_calibration
from instruments.simulation.life import write_truth
from instruments.simulation.life_archive import RecordedArchive, record_archive
from instruments.simulation.living_array import LivingArray
from instruments.simulation.scenarios import (
    ScenarioError,
    find_scenario,
    shipped_scenarios,
)
from instruments.simulation.serving import ServedArray, serve_array
from service.cli.exits import BadInputError, print_json
from service.cli.numbers import FiniteRange


def _list_scenarios(
    context: click.Context, _parameter: click.Parameter, wanted: bool
) -> None:
    if not wanted or context.resilient_parsing:
        return
    for one in shipped_scenarios():
        click.echo(f"{one.name}: {one.scenario.scenario.story}")
    context.exit()


@click.command()
@click.argument("array_file", metavar="ARRAY.yaml", type=click.Path(path_type=Path))
@click.option(
    "--speed",
    type=FiniteRange(0.01, 10_000.0),
    default=1.0,
    show_default=True,
    help="Emulated seconds that pass in one second.",
)
@click.option(
    "--instant",
    is_flag=True,
    help="Let sweeps take no time, to test how fast a client is.",
)
@click.option(
    "--control-port",
    type=click.IntRange(0, 65_535),
    default=0,
    show_default=True,
    help="TCP port on 127.0.0.1 that switches faults (JSON lines); 0: a free one.",
)
@click.option(
    "--resolved",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the array file with the real addresses and the time scale here, "
    "for as long as they hold.",
)
@click.option(
    "--control-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write addresses and control port here as JSON, once all is served.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as JSON.")
@click.option(
    "--calibration",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a calibration run of the array here (.npz) in place of serving it.",
)
@click.option(
    "--archive",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a labelled archive of the array's life here (.npz), made with the full "
    "receiver chain, and what was truly wrong beside it (.truth.jsonl).",
)
@click.option(
    "--scenario",
    metavar="NAME|FILE",
    help="What happens: a shipped scenario (--scenarios "
    "lists them) or a .yaml file. An archive without it draws a story for each cycle.",
)
@click.option(
    "--truth",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what a served scenario does here, as JSON lines with wall times.",
)
@click.option(
    "--scenarios",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_scenarios,
    help="List the shipped scenarios and end.",
)
@click.option(
    "--cycles",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Thermal cycles of the calibration or archive.",
)
@click.option(
    "--sweeps-per-cycle",
    "--sweeps",
    "sweeps_per_cycle",
    type=click.IntRange(1, 10_000),
    default=50,
    show_default=True,
    help="Wide sweeps of each cavity in each thermal cycle.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Seed of the calibration or archive; the hardware's is in the array file.",
)
def command(
    *,
    array_file: Path,
    speed: float,
    instant: bool,
    control_port: int,
    resolved: Path | None,
    control_file: Path | None,
    as_json: bool,
    calibration: Path | None,
    archive: Path | None,
    scenario: str | None,
    truth: Path | None,
    cycles: int,
    sweeps_per_cycle: int,
    seed: int,
) -> None:
    """Serve the emulated instruments of ARRAY.yaml on TCP, on 127.0.0.1.

    Every VNA, switch and sensor listens on the port of its resource (0 or none: a
    free one) until SIGINT or SIGTERM. VNAs answer HiSLIP, VXI-11 and raw socket.
    """
    _check_choices(calibration, archive, scenario)
    if truth is not None and (scenario is None or archive is not None):
        raise BadInputError("--truth belongs to a served --scenario: name one")
    try:
        config = load_array(array_file)
        if calibration is not None:
            recorded = record_calibration(
                config, seed=seed, cycles=cycles, sweeps_per_cycle=sweeps_per_cycle
            )
            write_archive(calibration, recorded)
            _announce_archive(recorded, calibration, as_json=as_json)
            return
        if archive is not None:
            life = record_archive(
                archive,
                config,
                seed=seed,
                cycles=cycles,
                sweeps_per_cycle=sweeps_per_cycle,
                scenario=None if scenario is None else find_scenario(scenario),
            )
            _announce_life(life, as_json=as_json)
            return
        _forget(resolved, array_file)
        served = serve_array(
            config,
            speed=speed,
            control_port=control_port,
            is_instant=instant,
            scenario=None if scenario is None else find_scenario(scenario),
        )
        try:
            asyncio.run(_serve(served, resolved, control_file, truth, as_json=as_json))
        finally:
            _forget(resolved, array_file)
    except (ArrayConfigError, ArchiveTooLargeError, ScenarioError) as error:
        raise BadInputError(str(error)) from None
    except OSError as error:
        raise BadInputError(
            f"{error.filename or array_file}: {error.strerror}; name another path"
        ) from None


def _forget(resolved: Path | None, array_file: Path) -> None:
    """Remove addresses that lead nowhere, which a poller would believe."""
    if resolved is not None and resolved.resolve() != array_file.resolve():
        resolved.unlink(missing_ok=True)


def _check_choices(
    calibration: Path | None, archive: Path | None, scenario: str | None
) -> None:
    if calibration is not None and archive is not None:
        raise BadInputError("--archive and --calibration exclude each other: give one")
    if calibration is not None and scenario is not None:
        raise BadInputError("--calibration plays no --scenario: take --archive")


def _announce_life(life: RecordedArchive, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "archive": str(life.path),
                "truth": str(life.truth_path),
                "sweeps": life.sweep_count,
                "failures": life.failure_count,
            }
        )
        return
    click.echo(f"{life.sweep_count} sweeps written to {life.path}")
    click.echo(f"{life.failure_count} failures written to {life.truth_path}")


def _announce_archive(archive: LabelledArchive, path: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"archive": str(path), "sweeps": archive.sweep_count})
    else:
        click.echo(f"{archive.sweep_count} sweeps written to {path}")


async def _serve(
    serving: AbstractAsyncContextManager[ServedArray],
    resolved: Path | None,
    control_file: Path | None,
    truth: Path | None,
    *,
    as_json: bool,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with serving as served:
        if resolved is not None:
            dump_array(served.config, resolved)
        if truth is not None and isinstance(served.array, LivingArray):
            write_truth(truth, served.array.scenario_truth())
        _announce(served, as_json=as_json)
        if control_file is not None:
            _write_whole(control_file, json.dumps(_describe(served), indent=2))
        await stop.wait()


def _describe(served: ServedArray) -> dict[str, object]:
    return {
        "speed": served.array.speed,
        "control_port": served.control_port,
        "resources": {name: list(names) for name, names in served.resources.items()},
    }


def _announce(served: ServedArray, *, as_json: bool) -> None:
    # A reader that went away is no reason to stop serving.
    with suppress(BrokenPipeError):
        if as_json:
            print_json(_describe(served))
            return
        for name, resources in served.resources.items():
            for resource in resources:
                click.echo(f"{name} {resource}")
        click.echo(f"control 127.0.0.1:{served.control_port}")


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that whoever waits for it never sees half of it."""
    partial = path.with_name(f"{path.name}.part")
    partial.write_text(text + "\n")
    partial.replace(path)
