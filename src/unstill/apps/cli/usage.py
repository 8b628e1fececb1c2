"""Calls that cannot be read, turned from the parser's words into ours."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

import typer

from unstill.apps.cli.inputs import EXAMPLE, PICTURE_LIKE
from unstill.domain.errors import (
    BadRequest,
    MissingArgument,
    MissingValue,
    NotUnderstood,
    TooManyArguments,
    UnknownCommand,
    UnknownOption,
)

UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""The parser's root of usage errors. typer carries a copy of click or depends on it, by version: this is
the one that is in use."""

_EXTRA = re.compile(r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)", re.DOTALL)

EXAMPLES = {
    "generate": EXAMPLE,
    "plan": 'unstill plan photo.jpg "slow push in"',
    "show": "unstill show clip.mp4",
    "models show": "unstill models show motion",
    **{f"models {verb}": f"unstill models {verb} i2vgen-xl" for verb in ("pull", "verify", "remove")},
    "advise": "unstill advise clip.mp4",
    "loras add": "unstill loras add film.safetensors",
    "loras pull": "unstill loras pull OWNER/NAME",
    "loras remove": "unstill loras remove film",
    **{
        f"jobs {verb}": f"unstill jobs {verb} video_0123"
        for verb in ("show", "cancel", "wait", "download", "delete", "restore")
    },
    "keys add": "unstill keys add laptop",
    "keys revoke": "unstill keys revoke key_0123",
}


def in_our_words(error: Any, arguments: Sequence[str]) -> BadRequest:
    """A typer usage error as one of the tree. Classes are told by name: see `UsageError`."""
    context = error.ctx
    command = context.command_path if context else _command_in(arguments)
    kind = type(error).__name__
    unknown = re.search(r"No such command '(.*?)'", error.message or "")
    if unknown:
        return _unknown_command(unknown[1], context)
    if kind == "NoSuchOption":
        near = difflib.get_close_matches(error.option_name, _options(context), n=1)
        return UnknownOption(option=error.option_name, command=command, **advice(near))
    if kind == "MissingParameter":
        name = command.removeprefix("unstill").strip()
        argument = (error.param and (error.param.metavar or error.param.name.upper())) or "COMMAND"
        return MissingArgument(argument=argument, example=EXAMPLES.get(name, f"{command} --help"))
    if kind == "BadOptionUsage":
        return MissingValue(option=error.option_name, command=command)
    if re.match(r"Missing command", error.message or ""):
        return MissingArgument(argument="COMMAND", example=f"{command} list")
    if extra := _EXTRA.match(error.message or ""):
        return TooManyArguments(command=command, extra=extra[1], **_takes(context))
    return NotUnderstood(detail=error.format_message().rstrip("."), command=command)


def _command_in(arguments: Sequence[str]) -> str:
    """The parser does not say which command lacked a value; the first word does."""
    first = next((word for word in arguments if word in EXAMPLES), None)
    return f"unstill {first}" if first else "unstill"


def advice(near: Sequence[str]) -> dict[str, str]:
    """A "Did you mean" in both languages, empty where nothing is near."""
    if not near:
        return {"advice": "", "advice_zh": ""}
    return {"advice": f"Did you mean {near[0]}? ", "advice_zh": f"是不是想用 {near[0]}？"}


def _unknown_command(word: str, context: Any) -> UnknownCommand:
    if word.lower().endswith(PICTURE_LIKE):
        return UnknownCommand(command=word, **advice([f"`unstill generate {word}`"]))
    known = list(context.command.commands) if context else []
    return UnknownCommand(command=word, **advice(difflib.get_close_matches(word, known, n=1)))


def _takes(context: Any) -> dict[str, str]:
    """How many arguments a command has, in both languages."""
    parameters = context.command.get_params(context) if context else []
    names = [
        str(p.metavar or p.name.upper()).strip("[]") for p in parameters if p.param_type_name == "argument"
    ]
    if not names:
        return {"takes": "options alone", "takes_zh": "只接受选项"}
    return {"takes": f"one {' and one '.join(names)}", "takes_zh": f"只接受一个 {' 和一个 '.join(names)}"}


def _options(context: Any) -> list[str]:
    """Every option of the command that was being read."""
    if context is None:
        return []
    parameters = context.command.get_params(context)
    return [o for p in parameters for o in (*p.opts, *p.secondary_opts) if o.startswith("-")]
