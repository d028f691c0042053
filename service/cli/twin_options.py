"""Options that several commands of the twin share."""

import click

JPA_OPTION = click.option(
    "--jpa/--no-jpa",
    default=None,
    help="Whether the receiver has a JPA; by default what --described says, and that it"
    " has one where it says nothing.",
)
"""As several commands of the twin take it."""
