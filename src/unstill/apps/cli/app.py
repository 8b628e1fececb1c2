"""The commands and their options. What they do loads when they run, so that --help answers at once."""

# ruff: noqa: ARG001 - parameters are declared for typer; fields_of(locals()) and `Screen` read them

from __future__ import annotations

from typing import Annotated

import typer

from unstill.apps.cli import options as o
from unstill.apps.cli.app_service import join
from unstill.apps.cli.bench_app import join as join_bench
from unstill.apps.cli.commands import Group, Named, Pictured
from unstill.apps.cli.loras_app import join as join_loras
from unstill.apps.cli.prompts_app import join as join_prompts
from unstill.apps.cli.ready import HELP
from unstill.apps.cli.ready import ready as _ready
from unstill.apps.cli.weights_app import join as join_weights
from unstill.version import __version__

ABOUT = """A picture and a sentence go in, a video comes out.

The default model, "motion", moves a camera through the picture on this computer, with no download. It is
camera motion, not AI-generated video: nothing in the picture acts or changes."""
EXAMPLES = """\b
Examples:
  unstill start
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
SERVE_EXAMPLES = """\b
Examples:
  unstill serve
  unstill serve --port auto
  unstill serve --host 0.0.0.0
"""

SERVER_FLAGS = ("host", "port", "data_dir", "workers", "auth", "log_format")
SHARED_FLAGS = ("ray_address", "database_url", "storage")

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


@app.command(cls=Named)
def start(
    ctx: typer.Context,
    browser: Annotated[
        bool | None, typer.Option("--browser/--no-browser", help="Open the page, or do not.")
    ] = None,
    host: o.Host = None,
    port: o.Port = None,
    data_dir: o.DataDir = None,
    weights: o.WeightFolders = None,
    workers: o.Workers = None,
    auth: o.Auth = None,
    log_format: o.LogFormat = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Start the server and open its page in the browser.

    Where it runs already, that page is opened. Without a screen of its own (over SSH, in a container) the
    address is said and nothing opened.
    """
    from unstill.apps.cli.start import start as command

    return command(_ready(ctx), {name: ctx.params[name] for name in SERVER_FLAGS}, browser)


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
    visible_label: o.VisibleLabel = None,
    negative_prompt: o.NegativePrompt = None,
    translate: o.Translate = None,
    num_inference_steps: o.Steps = None,
    guidance_scale: o.Guidance = None,
    last_image: o.LastImage = None,
    lora: o.Loras = None,
    option: o.ModelOptions = None,
    weights: o.WeightFolders = None,
    server: o.Server = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Leave the work to a server; print ids and do not wait.")
    ] = False,
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

    call, wish = _ready(ctx), Wish(output, like, force, poster, leave_out_prompt)
    if server is not None or detach:
        o.only_here(weights)
        from unstill.apps.cli.remote.generate import generate as on_server

        return on_server(call, pictures, fields, wish, server, detach=detach)
    return command(call, pictures, fields, wish)


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
    visible_label: o.VisibleLabel = None,
    negative_prompt: o.NegativePrompt = None,
    translate: o.Translate = None,
    num_inference_steps: o.Steps = None,
    guidance_scale: o.Guidance = None,
    last_image: o.LastImage = None,
    lora: o.Loras = None,
    option: o.ModelOptions = None,
    weights: o.WeightFolders = None,
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


@app.command(cls=Named, epilog=SERVE_EXAMPLES)
def serve(
    ctx: typer.Context,
    host: o.Host = None,
    port: o.Port = None,
    data_dir: o.DataDir = None,
    weights: o.WeightFolders = None,
    workers: o.Workers = None,
    ray_address: o.RayAddress = None,
    database_url: o.DatabaseUrl = None,
    storage: o.Storage = None,
    auth: o.Auth = None,
    log_format: o.LogFormat = None,
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Run the server: jobs that survive, and an HTTP API.

    It listens on this computer only unless --host says otherwise, and then asks for a key.
    """
    from unstill.apps.cli.serve import serve as command

    return command(_ready(ctx), {name: ctx.params[name] for name in (*SERVER_FLAGS, *SHARED_FLAGS)})


@models.command("list", cls=Named)
def list_models(ctx: typer.Context, json: o.Json = False, quiet: o.Quiet = False, lang: o.Lang = None) -> int:
    """List the models, the default first."""
    from unstill.apps.cli.models import list_models as command

    return command(_ready(ctx))


@models.command("recommend", cls=Named)
def recommend(
    ctx: typer.Context,
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="What you would write.")] = "",
    json: o.Json = False,
    quiet: o.Quiet = False,
    lang: o.Lang = None,
) -> int:
    """Say which models suit this machine, the best first, and why the others do not.

    It counts what a clip in each model's own settings takes here. "auto" chooses by the same table.
    """
    from unstill.apps.cli.recommend import recommend as command

    return command(_ready(ctx), prompt)


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


join(app)
join_weights(app, models)
join_loras(app)
join_bench(app)
join_prompts(app)
