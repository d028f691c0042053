"""``halowatch models``: the register of models and its time axis."""

import os
from pathlib import Path

import click

from instruments.clock import SystemClock
from models.errors import ModelError
from service.cli.exits import BadInputError, CommandFailedError, print_json
from service.cli.model_options import (
    BY,
    CAVITY,
    FORCE,
    JSON,
    REASON,
    describe_live,
    make_order,
    open_register,
    read_evaluation,
    read_moment,
    tell,
)
from service.cli.model_wording import (
    comparison_lines,
    live_lines,
    model_lines,
    promotion_lines,
)
from service.cli.progress import announce
from service.operations.model_folders import check_registered, read_folder
from service.operations.model_presenting import live_json, model_json
from service.operations.model_register import (
    promote,
    read_history,
    register_folder,
    retire,
    roll_back,
)
from service.storage.cavities import list_cavities
from service.storage.model_records import EVERY_CAVITY, ModelState
from service.storage.models import list_models

RESCORE_NICENESS = 15
"""What ``rescore`` adds to its niceness: the workers come first."""


@click.group("models")
def command() -> None:
    """Register models, promote them, take them back, compare them.

    Works on the database of HALOWATCH_DATABASE_URL; running workers follow within
    seconds, without a restart.
    """


@command.command("list")
@JSON
def list_command(*, as_json: bool) -> None:
    """List every version with its state, newest registration first."""
    with open_register() as (_, database), database.read() as transaction:
        history = read_history(transaction)
        found = [model_json(each, history) for each in list_models(transaction)]
    if as_json:
        print_json({"models": found})
        return
    for line in model_lines(found):
        click.echo(line)


@command.command("register")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--evaluation",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="What halowatch evaluate --json printed on held-out cycles.",
)
@click.option("--parent", help="Version that it was made from.")
@BY
@REASON
@JSON
def register_command(
    *,
    folder: Path,
    evaluation: Path | None,
    parent: str | None,
    by: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """Keep the model in FOLDER as a candidate; its files are copied."""
    try:
        read = read_folder(folder)
    except ModelError as error:
        raise BadInputError(str(error)) from None
    document = None if evaluation is None else read_evaluation(evaluation)
    with open_register() as (_, database), database.write() as transaction:
        is_new = register_folder(
            transaction,
            read,
            source=folder,
            order=make_order(by, reason, force=False),
            parent=parent,
            evaluation=document,
        )
    if as_json:
        print_json({"version": read.version, "is_new": is_new})
    else:
        click.echo(f"{read.version} is {'' if is_new else 'already '}registered")


@command.command("promote")
@click.argument("version")
@click.option(
    "--to",
    type=click.Choice(["live", "shadow"]),
    default="live",
    show_default=True,
    help="A shadow judges beside the live model and touches no alert.",
)
@CAVITY
@FORCE
@BY
@REASON
@JSON
def promote_command(
    *,
    version: str,
    to: str,
    cavities: tuple[str, ...],
    force: bool,
    by: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """Make VERSION live or a shadow, if it passes its gates or is forced."""
    with open_register() as (config, database):
        gates = []
        if to == ModelState.LIVE:
            announce(f"holding {version} to its gates on stored sweeps")
            from service.operations.rehearsing import gates_before_promotion

            gates = gates_before_promotion(database, version, cavities, config.home)
        with database.write() as transaction:
            promote(
                transaction,
                version,
                to=ModelState(to),
                cavities=cavities,
                gates=gates,
                order=make_order(by, reason, force=force),
            )
            document = describe_live(transaction)
    found = [gate.to_record() for gate in gates]
    if as_json:
        print_json(document | {"version": version, "gates": found})
        return
    for line in (*promotion_lines(version, to, found), *live_lines(document)):
        click.echo(line)


@command.command("rollback")
@click.argument("version", required=False)
@CAVITY
@BY
@REASON
@JSON
def rollback_command(
    *,
    version: str | None,
    cavities: tuple[str, ...],
    by: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """Take VERSION back, by default the live one; its predecessor is live again."""
    with open_register() as (_, database), database.write() as transaction:
        scope = cavities[0] if cavities else EVERY_CAVITY
        live = read_history(transaction).live().get(scope)
        if version is None and live is None:
            raise BadInputError(
                f"no model is live{f' for {scope}' if scope else ''}; "
                "halowatch models promote VERSION makes one live"
            )
        name = version or (live.version if live else "")
        scopes = cavities or (() if version else (EVERY_CAVITY,))
        order = make_order(by, reason, force=False)
        roll_back(transaction, name, cavities=scopes, order=order)
        document = describe_live(transaction)
    tell(document | {"version": name}, as_json=as_json)


@command.command("retire")
@click.argument("version")
@CAVITY
@FORCE
@BY
@REASON
@JSON
def retire_command(
    *,
    version: str,
    cavities: tuple[str, ...],
    force: bool,
    by: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """End what VERSION does; without a live model sweeps are judged by none."""
    with open_register() as (_, database), database.write() as transaction:
        order = make_order(by, reason, force=force)
        retire(transaction, version, cavities=cavities, order=order)
        document = describe_live(transaction)
    tell(document | {"version": version}, as_json=as_json)


@command.command("live")
@click.option("--at", help="RFC 3339 time with a zone; default now.")
@JSON
def live_command(*, at: str | None, as_json: bool) -> None:
    """Tell who is live, or was at a time."""
    moment = None if at is None else read_moment("--at", at)
    with open_register() as (_, database), database.read() as transaction:
        history = read_history(transaction, moment)
        cavities = [one.cavity for one in list_cavities(transaction)]
    document = live_json(history, cavities, moment or SystemClock().now())
    tell(document, as_json=as_json)


@command.command("compare")
@click.argument("first")
@click.argument("second")
@click.option("--since", help="Only sweeps measured since this RFC 3339 time.")
@JSON
def compare_command(
    *, first: str, second: str, since: str | None, as_json: bool
) -> None:
    """Compare what FIRST and SECOND said of the sweeps that both have judged.

    Differences of temperature are in K, of field in tesla, SECOND less FIRST; a width
    is the standard deviation that both 90 % intervals promise.
    """
    from service.operations.comparing import compare_models

    moment = None if since is None else read_moment("--since", since)
    with open_register() as (_, database):
        document = compare_models(database, first, second, since=moment)
    if as_json:
        print_json(document)
        return
    for line in comparison_lines(document):
        click.echo(line)


@command.command("rescore")
@click.argument("version")
@click.option("--from", "from_", required=True, help="RFC 3339 time, included.")
@click.option("--to", help="RFC 3339 time, excluded; default now.")
@click.option("--cavity", help="Only this cavity.")
@JSON
def rescore_command(
    *, version: str, from_: str, to: str | None, cavity: str | None, as_json: bool
) -> None:
    """Let VERSION judge what was measured from one time to another.

    What was said stays beside it. Fresh sweeps come first. Started again, it goes on.
    """
    from service.operations.judging import load_judge
    from service.operations.rescoring import rescore

    clock = SystemClock()
    start = read_moment("--from", from_)
    end = clock.now() if to is None else read_moment("--to", to)
    announce(f"loading {version}")
    os.nice(RESCORE_NICENESS)
    with open_register() as (config, database):
        judge = load_judge(check_registered(database, version, config.home))
        steps = rescore(
            database,
            judge,
            cavity=cavity,
            measured_from=start,
            measured_to=end,
            clock=clock,
        )
        last = next(steps)
        with click.progressbar(
            length=last.left, label=f"rescore {version}", hidden=as_json
        ) as bar:
            for step in steps:
                bar.update(step.done + step.failed - last.done - last.failed)
                last = step
    if as_json:
        print_json(
            {"version": version, "sweeps_judged": last.done, "failed": last.failed}
        )
    else:
        click.echo(f"{last.done} sweeps judged by {version}, {last.failed} failed")
    if last.failed:
        raise CommandFailedError(f"{last.failed} sweeps failed; the log above says why")
