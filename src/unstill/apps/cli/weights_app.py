"""The commands around models' files: `models pull|verify|remove`, and `advise`. What they do loads on use."""

# ruff: noqa: ARG001 - parameters are declared for typer; `Screen` and `ready` read them

from __future__ import annotations

from typing import Annotated

import typer

from unstill.apps.cli import options as o
from unstill.apps.cli.commands import Named
from unstill.apps.cli.ready import ready

PULL_EXAMPLES = """\b
Examples:
  unstill models pull i2vgen-xl
  unstill models pull i2vgen-xl --accept-licence
  unstill models pull i2vgen-xl --from folder/
"""
Id = Annotated[str, typer.Argument(metavar="ID", hidden=True)]


def join(app: typer.Typer, models: typer.Typer) -> None:
    """Add these commands to the program."""
    models.command("pull", cls=Named, epilog=PULL_EXAMPLES)(pull)
    models.command("verify", cls=Named)(verify)
    models.command("remove", cls=Named)(remove)
    app.command(cls=Named)(advise)


def pull(
    ctx: typer.Context,
    model: Id,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="You have read the model's licence and accept it.")
    ] = False,
    folder: Annotated[
        str | None, typer.Option("--from", metavar="FOLDER", help="Copy the files from there.")
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Take what the hub has now, not what weights.lock recorded.")
    ] = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Fetch the files of the model ID, and print their folder.

    The licence is shown first. A fetch that breaks off goes on where it was when the command runs again.
    """
    call = ready(ctx)
    from unstill.apps.cli import weights as commands

    return commands.pull(call, model, commands.Wanted(accept_licence, folder, update))


def verify(
    ctx: typer.Context, model: Id, json: o.Json = False, quiet: o.Quiet = False, lang: o.Lang = None
) -> int:
    """Read every byte of the model ID again."""
    call = ready(ctx)
    from unstill.apps.cli import weights as commands

    return commands.verify(call, model)


def remove(
    ctx: typer.Context, model: Id, json: o.Json = False, quiet: o.Quiet = False, lang: o.Lang = None
) -> int:
    """Remove the fetched files of the model ID."""
    call = ready(ctx)
    from unstill.apps.cli import weights as commands

    return commands.remove(call, model)


def advise(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", hidden=True)],
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Say what to try next after FILE.

    FILE is a video that unstill made. It is measured: how much moves, and how sharp it is.
    """
    call = ready(ctx)
    from unstill.apps.cli.advise import advise as command

    return command(call, file)
