"""The options that commands share. All are text: `VideoRequest` reads the numbers and words the refusals."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from unstill.domain.errors import InvalidField

Pictures = Annotated[
    list[str],
    typer.Argument(
        metavar="PICTURE",
        hidden=True,  # the usage line and the text above the options say it better than a table of one row
    ),
]
Prompt = Annotated[str | None, typer.Option(metavar="TEXT", help="The prompt, when not the last word.")]
NegativePrompt = Annotated[
    str | None, typer.Option(metavar="TEXT", help="What to avoid (generative models only).")
]
Model = Annotated[str | None, typer.Option(metavar="ID", help="Which model; see `unstill models list`.")]
Size = Annotated[
    str | None, typer.Option(metavar="SIZE", help="512p, 768p, 1024p or WIDTHxHEIGHT in pixels.")
]
Fit = Annotated[
    str | None,
    typer.Option(
        metavar="FIT", help="keep the picture's shape, crop it to the size, or pad it (keep|crop|pad)."
    ),
]
Background = Annotated[
    str | None, typer.Option(metavar="COLOUR", help="Behind transparent pictures and bars: #rrggbb.")
]
NumFrames = Annotated[str | None, typer.Option(metavar="N", help="How many frames.")]
Fps = Annotated[str | None, typer.Option(metavar="N", help="Frames per second.")]
Seed = Annotated[str | None, typer.Option(metavar="N", help="The same seed gives the same video.")]
Loop = Annotated[bool | None, typer.Option("--loop/--no-loop", help="End where it began.")]
Steps = Annotated[str | None, typer.Option(metavar="N", help="Denoising steps (generative models only).")]
Guidance = Annotated[
    str | None, typer.Option(metavar="X", help="How closely to follow the prompt (generative models only).")
]
Interpolate = Annotated[str | None, typer.Option(metavar="N", help="1, 2 or 4 times the frame rate.")]
Upscale = Annotated[str | None, typer.Option(metavar="N", help="1, 2 or 4 times the size.")]
Format = Annotated[str | None, typer.Option(metavar="FORMAT", help="mp4, webm, gif or webp.")]
VisibleLabel = Annotated[
    bool | None,
    typer.Option("--visible-label/--no-visible-label", help="Mark the frames as AI-generated."),
]
Translate = Annotated[
    bool | None,
    typer.Option("--translate/--no-translate", help="Put a Chinese prompt into English first, or do not."),
]
LastImage = Annotated[
    str | None,
    typer.Option("--last-image", metavar="FILE", help="What the last frame shows, for models that take it."),
]
Loras = Annotated[
    list[str] | None,
    typer.Option(
        "--lora", metavar="LORA[:X]", help="A LoRA's name or file, and its weight; see `unstill loras`."
    ),
]
ModelOptions = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME=VALUE", help="A model's own setting; see `unstill models show`."),
]
Like = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Use the settings inside this unstill video; yours go first."),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but errors, warnings and the answer.")]
DataDir = Annotated[
    str | None, typer.Option("--data-dir", metavar="FOLDER", help="Where the server keeps everything.")
]
Server = Annotated[
    str | None,
    typer.Option(
        "--server", metavar="URL", help="A server's address; auto finds it, local is this computer's own."
    ),
]
Host = Annotated[
    str | None, typer.Option("--host", metavar="ADDRESS", help="Listen there; 0.0.0.0 is everywhere.")
]
Port = Annotated[
    str | None, typer.Option("--port", metavar="PORT", help="A port, or auto for the next free one.")
]
Workers = Annotated[
    str | None,
    typer.Option("--workers", metavar="NUMBER", help="Worker processes on the CPU, or ray: a cluster's."),
]
RayAddress = Annotated[
    str | None, typer.Option("--ray-address", metavar="ADDRESS", help="The Ray cluster: auto, or host:port.")
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", metavar="URL", help="A PostgreSQL database that several servers share."),
]
Storage = Annotated[
    str | None,
    typer.Option("--storage", metavar="PLACE", help="A folder all servers share, or s3://bucket/prefix."),
]
Auth = Annotated[
    str | None, typer.Option("--auth", metavar="WHO", help="auto, keys or none: who may use it.")
]
LogFormat = Annotated[
    str | None, typer.Option("--log-format", metavar="FORM", help="plain or json lines on stderr.")
]
WeightFolders = Annotated[
    str | None,
    typer.Option("--weights", metavar="FOLDER", help="A folder that has the model's files; or id=FOLDER."),
]
Lang = Annotated[str | None, typer.Option(metavar="en|zh", help="Language of messages.")]


FIELDS = (
    "prompt", "negative_prompt", "model", "size", "fit", "background", "num_frames", "fps", "seed", "loop",
    "num_inference_steps", "guidance_scale", "interpolate", "upscale", "format",
    "visible_label", "translate",
)  # fmt: skip


def fields_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The request's fields among a command's arguments, those that were given."""
    given = {name: arguments[name] for name in FIELDS if arguments[name] is not None}
    if arguments["lora"]:
        given["loras"] = arguments["lora"]
    if arguments["last_image"] is not None:
        given["last_image"] = last_image(arguments["last_image"])
    return {**given, "options": model_options(arguments["option"] or ())}


def last_image(named: str) -> Path:
    """The picture for the last frame. Raises `PictureUnnamed`: as a path "" would be this folder."""
    if not named:
        from unstill.domain.errors import PictureUnnamed

        raise PictureUnnamed()
    return Path(named)


def only_here(weights: str | None) -> None:
    """A server has models' files of its own. Raises `WeightsElsewhere`."""
    if weights is not None:
        from unstill.domain.weight_errors import WeightsElsewhere

        raise WeightsElsewhere(param="--weights")


def model_options(pairs: Sequence[str]) -> dict[str, float | str | bool]:
    """NAME=VALUE pairs, values read as numbers or true and false where they look like them."""
    options: dict[str, float | str | bool] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not (sign and name):
            raise InvalidField(
                param="--option", value=repr(pair), expected="NAME=VALUE", expected_zh=" NAME=VALUE 的形式"
            )
        options[name.strip()] = _value(value.strip())
    return options


def _value(text: str) -> float | str | bool:
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", text):
        return float(text)
    return text
