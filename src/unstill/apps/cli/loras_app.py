"""`unstill loras`: the LoRA files on this computer. What the commands do loads on use."""

# ruff: noqa: ARG001 - parameters are declared for typer; `Screen` and `ready` read them

from __future__ import annotations

from typing import Annotated

import typer

from unstill.apps.cli import options as o
from unstill.apps.cli.commands import Group, Named
from unstill.apps.cli.ready import HELP, ready

EXAMPLES = """\b
Examples:
  unstill loras add film.safetensors
  unstill loras pull OWNER/NAME --name film
  unstill generate photo.jpg --model ID --lora film:0.8
"""
Called = Annotated[str | None, typer.Option("--name", metavar="NAME", help="What to call it.")]
Name = Annotated[str, typer.Argument(metavar="NAME", hidden=True)]

loras = typer.Typer(
    cls=Group,
    rich_markup_mode=None,
    context_settings=HELP,
    help="LoRA files, which give a model a style or a subject.",
    epilog=EXAMPLES,
)


def join(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.add_typer(loras, name="loras")


@loras.callback(invoke_without_command=True)
def _loras(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


@loras.command("list", cls=Named)
def list_loras(ctx: typer.Context, json: o.Json = False, quiet: o.Quiet = False, lang: o.Lang = None) -> int:
    """List the LoRA files that --lora may name."""
    call = ready(ctx)
    from unstill.apps.cli import loras as commands

    return commands.list_loras(call)


@loras.command(cls=Named)
def add(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", hidden=True)],
    name: Called = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Copy FILE, a .safetensors file, to the others, under its own name or another."""
    call = ready(ctx)
    from unstill.apps.cli import loras as commands

    return commands.add(call, file, name)


@loras.command(cls=Named)
def pull(
    ctx: typer.Context,
    repo: Annotated[str, typer.Argument(metavar="OWNER/NAME", hidden=True)],
    file: Annotated[
        str | None, typer.Option("--file", metavar="FILE", help="Which of its files, where it has several.")
    ] = None,
    name: Called = None,
    yes: Annotated[bool, typer.Option("--yes", help="You have read its licence on the hub's page.")] = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Fetch a .safetensors file from OWNER/NAME, a repository of the hub.

    Its licence stands on its page there and is yours to read. A fetch that breaks off goes on where it was
    when the command runs again.
    """
    call = ready(ctx)
    from unstill.apps.cli import loras as commands

    return commands.pull(call, repo, commands.Wanted(file, name, yes))


@loras.command(cls=Named)
def remove(
    ctx: typer.Context, name: Name, json: o.Json = False, quiet: o.Quiet = False, lang: o.Lang = None
) -> int:
    """Remove the LoRA NAME from this computer."""
    call = ready(ctx)
    from unstill.apps.cli import loras as commands

    return commands.remove(call, name)
