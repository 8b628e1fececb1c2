"""The commands and their options. What they do loads when they run, so that --help answers at once."""

# ruff: noqa: ARG001 - parameters are declared for typer; fields_of(locals()) and `Screen` read them

from __future__ import annotations

import os
from typing import Annotated

import typer

from unstill.apps.cli import options as o
from unstill.apps.cli.call import Call
from unstill.apps.cli.commands import LANGUAGE, Group, Named, Pictured
from unstill.apps.cli.words import language_of
from unstill.domain.errors import NotAChoice
from unstill.version import __version__

ABOUT = """A picture and a sentence go in, a video comes out.

The default model, "motion", moves a camera through the picture on this computer, with no download. It is
camera motion, not AI-generated video: nothing in the picture acts or changes."""
EXAMPLES = """\b
Examples:
  unstill generate photo.jpg "slow push in"
  unstill plan photo.jpg "orbit, falling snow"
  unstill show photo.mp4
  unstill --lang zh plan photo.jpg
"""
GENERATE_EXAMPLES = """\b
Examples:
  unstill generate photo.jpg "slow push in"
  unstill generate photo.jpg "缓慢推近，云在飘"
  unstill generate photos/ "pan left" -o clips/
  unstill generate photo.jpg "orbit" --loop -o orbit.gif
  unstill generate other.jpg --like photo.mp4
"""
HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

app = typer.Typer(
    cls=Group,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=HELP,
    help=ABOUT,
    epilog=EXAMPLES,
)
models = typer.Typer(
    cls=Group, rich_markup_mode=None, context_settings=HELP, help="The models that can be used here."
)
app.add_typer(models, name="models")


def _version(asked: bool) -> None:
    if asked:
        print(f"unstill {__version__}")
        raise typer.Exit()


@app.callback(invoke_without_command=True)
def _top(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


@models.callback(invoke_without_command=True)
def _models(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


# The two signatures below are long because they are the command line: one parameter an option.


@app.command(cls=Pictured, epilog=GENERATE_EXAMPLES)
def generate(
    ctx: typer.Context,
    pictures: o.Pictures,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="PATH", help="A file (its ending picks the format) or folder."
        ),
    ] = None,
    prompt: o.Prompt = None,
    model: o.Model = None,
    size: o.Size = None,
    fit: o.Fit = None,
    num_frames: o.NumFrames = None,
    fps: o.Fps = None,
    seed: o.Seed = None,
    loop: o.Loop = None,
    format: o.Format = None,  # noqa: A002 the field's name
    like: o.Like = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    poster: Annotated[
        bool, typer.Option("--poster", help="Write a still too: NAME-poster.jpg, NAME.webm-poster.jpg.")
    ] = False,
    leave_out_prompt: Annotated[
        bool, typer.Option("--leave-out-prompt", help="Keep your words out of the file.")
    ] = False,
    background: o.Background = None,
    interpolate: o.Interpolate = None,
    upscale: o.Upscale = None,
    negative_prompt: o.NegativePrompt = None,
    num_inference_steps: o.Steps = None,
    guidance_scale: o.Guidance = None,
    option: o.ModelOptions = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Make videos of pictures.

    PICTURE is a picture or a folder of them; PROMPT says in quotes what should happen, in English or Chinese.
    Without a prompt a fitting camera move is chosen.

    The default model makes camera motion, not AI-generated video. The path of each video is printed. Without
    -o videos go into the current folder; a file that is there is never replaced unless you say --force.
    """
    fields = o.fields_of(locals())
    from unstill.apps.cli.generate import Wish
    from unstill.apps.cli.generate import generate as command

    return command(_ready(ctx), pictures, fields, Wish(output, like, force, poster, leave_out_prompt))


@app.command(cls=Pictured)
def plan(
    ctx: typer.Context,
    pictures: o.Pictures,
    prompt: o.Prompt = None,
    model: o.Model = None,
    size: o.Size = None,
    fit: o.Fit = None,
    num_frames: o.NumFrames = None,
    fps: o.Fps = None,
    seed: o.Seed = None,
    loop: o.Loop = None,
    format: o.Format = None,  # noqa: A002 the field's name
    like: o.Like = None,
    background: o.Background = None,
    interpolate: o.Interpolate = None,
    upscale: o.Upscale = None,
    negative_prompt: o.NegativePrompt = None,
    num_inference_steps: o.Steps = None,
    guidance_scale: o.Guidance = None,
    option: o.ModelOptions = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Say what `generate` would make, without making it."""
    fields = o.fields_of(locals())
    from unstill.apps.cli.plan import plan as command

    return command(_ready(ctx), pictures, fields, like)


@app.command(cls=Named)
def show(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", hidden=True)],
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Print what FILE, a video made by unstill, says about itself."""
    from unstill.apps.cli.show import show as command

    return command(_ready(ctx), file)


@models.command("list", cls=Named)
def list_models(ctx: typer.Context, json: o.Json = False, quiet: o.Quiet = False, lang: o.Lang = None) -> int:
    """List the models, the default first."""
    from unstill.apps.cli.models import list_models as command

    return command(_ready(ctx))


@models.command("show", cls=Named)
def show_model(
    ctx: typer.Context,
    model: Annotated[str, typer.Argument(metavar="ID", hidden=True)],
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Print the card of the model ID.

    It says what the model makes, its limits, defaults and options.
    """
    from unstill.apps.cli.models import show_model as command

    return command(_ready(ctx), model)


def _ready(ctx: typer.Context) -> Call:
    """The call, in the language that was asked for or set."""
    call: Call = ctx.obj
    asked = ctx.params.get("lang") or ctx.meta.get(LANGUAGE)
    if asked not in (None, "en", "zh"):
        raise NotAChoice(param="--lang", value=asked, choices="en, zh")
    call.screen.language = language_of(asked, os.environ, call.services.language)
    from unstill.settings import unknown_variables

    for name, near in unknown_variables(os.environ).items():
        call.screen.warn(call.screen.say("unknown_variable", name=name, near=near))
    return call
