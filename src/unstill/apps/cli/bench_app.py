"""The command `bench`. What it does loads when it runs."""

# ruff: noqa: ARG001 - parameters are declared for typer; `Screen` and `ready` read them

from __future__ import annotations

from typing import Annotated

import typer

from unstill.apps.cli import options as o
from unstill.apps.cli.commands import Named
from unstill.apps.cli.ready import ready

BENCH_EXAMPLES = """\b
Examples:
  unstill bench
  unstill bench --tiny
  unstill bench --case 512p/16/50 --against diffusers
  unstill bench i2vgen-xl --case 512p/16/8 --rungs
"""


def join(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(cls=Named, epilog=BENCH_EXAMPLES)(bench)


def bench(
    ctx: typer.Context,
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", hidden=True)] = None,
    case: Annotated[
        list[str] | None,
        typer.Option("--case", metavar="CASE", help="SIZE/FRAMES/STEPS, such as 512p/16/50; repeatable."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="The native size 1280x704 as well.")] = False,
    tiny: Annotated[
        bool, typer.Option("--tiny", help="A tiny model, to try the bench itself in seconds.")
    ] = False,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="diffusers", help="Compare with its own pipeline in the same run."),
    ] = None,
    rungs: Annotated[bool, typer.Option("--rungs", help="Each placement by itself, too.")] = False,
    numerics: Annotated[
        bool, typer.Option("--numerics", help="How far rounding takes the result, too.")
    ] = False,
    cap_gib: Annotated[
        str | None,
        typer.Option("--cap-gib", metavar="N", help="A clip with no more than N GiB of the card, too."),
    ] = None,
    steps: Annotated[
        str | None, typer.Option("--steps", metavar="N", help="So many steps in every case.")
    ] = None,
    option: o.ModelOptions = None,
    weights: o.WeightFolders = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Measure what MODEL takes on this computer: seconds, memory, share of what the device can do.

    Weights are random ones of the full size, which cost the same time as real ones, unless --weights names
    a folder. Nothing is downloaded and no video is written.
    """
    call = ready(ctx)
    from unstill.apps.cli.bench import Asked
    from unstill.apps.cli.bench import bench as command

    asked = Asked(
        cases=tuple(case or ()), tiny=tiny, everything=everything, real=weights is not None, against=against,
        rungs=rungs, numerics=numerics, cap_gib=cap_gib, steps=steps, options=o.model_options(option or ()),
    )  # fmt: skip
    return command(call, model, asked)
