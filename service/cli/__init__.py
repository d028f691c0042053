"""The ``halowatch`` command; each sub-command is imported when it is called.

``halowatch poll`` runs on machines with the base install, so this module and
``service.cli.poll`` import nothing of the server extra.
"""

from importlib import import_module, metadata
from typing import Any

import click

from service.cli.exits import BadInputError

COMMANDS = {
    "demo": "Play the emulated array with scripted faults, dashboard included.",
    "serve": "Run the API, the dashboard and the workers.",
    "worker": "Run one worker alone.",
    "poll": "Poll every VNA of an array file, spool and post.",
    "spool": "Look at a poller's spool and its dead letters.",
    "simulate": "Serve an array's emulated instruments on TCP.",
    "ingest": "Post measured files to the service.",
    "export": "Write what is stored to files.",
    "send": "Post what is stored to another service.",
    "fit": "Fit the resonance in a measured file.",
    "limits": "Tell how well anybody could read T and B off a cavity.",
    "twin": "Fit the twin of one cavity; locate a new reflection.",
    "train": "Train a model on labelled archives.",
    "evaluate": "Score a model on a labelled archive.",
    "predict": "Judge every sweep of an archive.",
    "models": "Register models, promote them, take them back, compare them.",
    "keys": "Make, list and revoke API keys.",
    "users": "Make and change the accounts of persons.",
    "db": "Migrate and check the database.",
}
"""Sub-command to its one-line help; each lives in the module of its name."""


class LazyGroup(click.Group):
    """A group whose commands are imported on first use; bad usage gets one line."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Parse the options of the group itself."""
        try:
            return super().make_context(*arguments, **options)
        except click.UsageError as error:
            raise _in_one_line(error) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Parse and run the sub-command."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise _in_one_line(error) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all sub-commands in reading order."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one sub-command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        try:
            module = import_module(f"service.cli.{cmd_name}")
        except ModuleNotFoundError as error:
            if error.name is None or error.name.split(".")[0] == "service":
                raise
            raise click.UsageError(
                f"halowatch {cmd_name} needs {error.name}: "
                "install it with pip install 'halowatch[server]'"
            ) from error
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List the sub-commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _in_one_line(error: click.UsageError) -> click.ClickException:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error
    path = "halowatch" if error.ctx is None else error.ctx.command_path
    words = " ".join(error.format_message().split()).removesuffix(".")
    where = " ".join(path.split()[1:])
    return BadInputError(f"{where + ': ' if where else ''}{words}; see {path} --help")


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(metadata.version("halowatch"), prog_name="halowatch")
def main() -> None:
    """Watch an array of axion-haloscope cavities through their VNAs."""
